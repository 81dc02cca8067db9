"""Shapes of what clients send: types, lengths, enums. No queries, no decisions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import CountryCode, Flag, Id, ImageData, IsoDate, JsonObject, Moment, ReplacedImage, StatusNumber, Text, Whole
from decisions.models import DecisionStatus, ListKind
from documents.models import Context, DocumentStatus
from verifications.destinations import check_url
from verifications.events import PUBLIC_EVENTS
from verifications.signing import ENDPOINT_DIALECTS, key_of


def _optional(field: type[serializers.Field], **options: Any) -> Any:
    return field(**{"required": False, "allow_null": True, **options})


def _line(most: int = 200, **options: Any) -> Any:
    return _optional(Text, max_length=most, allow_blank=True, **options)


class ExpectedPerson(serializers.Serializer):
    first_name = _line()
    middle_name = _line()
    last_name = _line()
    date_of_birth = _optional(IsoDate)
    email = _line(254)
    phone = _line(40)
    protected = _optional(Flag, help_text="Whether a court protects this person (PS Form 1583 item 4k)")


class ExpectedAddress(serializers.Serializer):
    street = _line()
    street2 = _line()
    city = _line()
    state = _line()
    postal_code = _line(20)
    country = _line(60)


class ExpectedDocument(serializers.Serializer):
    type = _optional(Whole)
    number = _line(60)
    country = _optional(CountryCode)


class ExpectedDocuments(serializers.Serializer):
    photo_id = _optional(ExpectedDocument)
    proof_of_address = _optional(ExpectedDocument)


class ExpectedWitness(serializers.Serializer):
    """Who witnessed the signature (PS Form 1583 item 14). ``commission_…`` for a notary."""

    kind = _optional(serializers.ChoiceField, choices=["cmra_owner", "cmra_manager", "cmra_employee", "notary"])
    mode = _optional(serializers.ChoiceField, choices=["in_person", "real_time_av"])
    name = _line()
    title = _line()
    signed_at = _optional(IsoDate)
    session_ref = _line()
    commission_jurisdiction = _line(40)
    commission_number = _line(60)
    commission_expires_on = _optional(IsoDate)
    seal_image_sha256 = _line(64)


class ExpectedData(serializers.Serializer):
    person = _optional(ExpectedPerson)
    address = _optional(ExpectedAddress)
    documents = _optional(ExpectedDocuments)
    witness = _optional(ExpectedWitness)


def check_webhook_url(url: str) -> str:
    """HTTPS to a public host; WEBHOOK_ALLOWED_HOSTS lets hosts of one's own network in, by plain http too."""
    try:
        check_url(url)
    except ValueError as error:
        raise serializers.ValidationError(str(error)) from error
    return url


def check_webhook_secret(secret: str) -> str:
    try:
        key_of(secret)
    except ValueError as error:
        raise serializers.ValidationError(str(error)) from error
    return secret


class VerificationAmendment(serializers.Serializer):
    external_ref = _line(255)
    expected_data = _optional(ExpectedData)
    metadata = _optional(JsonObject)
    tags = _optional(serializers.ListField, child=Text(max_length=64), max_length=50)


class VerificationCreation(VerificationAmendment):
    renews = _optional(Id, help_text="An Approved verification of the same person: its expected data and reference are carried over")
    webhook_url = _line(2000, validators=[check_webhook_url])
    webhook_secret = _optional(Text, min_length=32, max_length=500, write_only=True, validators=[check_webhook_secret])


class Resubmission(serializers.Serializer):
    documents = _optional(serializers.ListField, child=Id(), max_length=20)
    reasons = _optional(serializers.ListField, child=Text(max_length=60), max_length=20)
    note = _line(2000, help_text="What the applicant shall do; one of the verification's `messages`")


class DocumentContent(serializers.Serializer):
    context_type = serializers.ChoiceField(choices=Context.choices)
    type = Whole()
    country = CountryCode()
    front_side_data = _optional(ImageData)
    back_side_data = _optional(ImageData)


class DocumentCreation(serializers.Serializer):
    verification = Id()
    draft = Flag(required=False)
    document = DocumentContent()


class DocumentContentChange(serializers.Serializer):
    context_type = serializers.ChoiceField(choices=Context.choices, required=False)
    type = Whole(required=False)
    country = CountryCode(required=False)
    front_side_data = ReplacedImage(required=False)
    back_side_data = ReplacedImage(required=False)


class DocumentUpdate(serializers.Serializer):
    verification = Id()
    status = StatusNumber(choices=DocumentStatus, required=False)
    document = DocumentContentChange(required=False)


class ExtractionRequest(serializers.Serializer):
    types = serializers.ListField(
        child=serializers.ChoiceField(choices=["mrz", "barcode", "ocr", "face"]), min_length=1, max_length=4, required=False
    )
    wait_ms = Whole(required=False, min_value=0, max_value=10_000)


class FieldCorrection(serializers.Serializer):
    fields = serializers.DictField(child=Text(max_length=500, allow_blank=True), allow_empty=False)  # type: ignore[assignment]
    reason = Text(max_length=500)


class ComparisonRequest(serializers.Serializer):
    reference_document_id = Id()


class ReprocessingRequest(serializers.Serializer):
    dry_run = Flag(required=False)


class ListEntryCreation(serializers.Serializer):
    kind = serializers.ChoiceField(choices=ListKind.choices)
    value = Text(max_length=300)
    reason = Text(max_length=500)
    expires_at = _optional(Moment)


class DecisionCreation(serializers.Serializer):
    document = Id()
    status = StatusNumber(choices=DecisionStatus)
    reasons = _optional(serializers.ListField, child=Text(max_length=60), max_length=20)
    note = _line(2000)


class WebhookAmendment(serializers.Serializer):
    url = Text(max_length=2000, validators=[check_webhook_url], required=False)
    events = _optional(serializers.ListField, child=serializers.ChoiceField(choices=["*", *PUBLIC_EVENTS]), min_length=1, max_length=100)
    description = _line(255)
    dialect = _optional(serializers.ChoiceField, choices=ENDPOINT_DIALECTS, help_text="Whose words and signature it is told in; null for ours")
    active = Flag(required=False)


class WebhookCreation(WebhookAmendment):
    url = Text(max_length=2000, validators=[check_webhook_url])


class LegalHoldCreation(serializers.Serializer):
    reason = Text(max_length=500)


class FormName(serializers.Serializer):
    last = _line()
    first = _line()
    middle = _line()


class FormAddress(serializers.Serializer):
    street = _line()
    city = _line()
    state = _line()
    zip4 = _line(20)
    country = _line(60)


class FormMailbox(serializers.Serializer):
    opened_on = _optional(IsoDate)
    closed_on = _optional(IsoDate)


class FormAgency(serializers.Serializer):
    street = _line()
    pmb = _line(40)
    city = _line()
    state = _line()
    zip4 = _line(20)


class FormPerson(serializers.Serializer):
    name = _optional(FormName)
    phone = _line(40)
    email = _line(254)
    home = _optional(FormAddress)


class FormApplicant(FormPerson):
    protected = _optional(Flag, help_text="Whether a court protects this person (item 4k)")


class FormAuthorized(FormPerson):
    verification = _line(60, help_text="The verification of this person's own documents (items 10 and 11)")


class FormTransfer(serializers.Serializer):
    address = _optional(FormAddress)
    phone = _line(40)
    email = _line(254)


class FormBusiness(serializers.Serializer):
    name = _line()
    type = _line()
    address = _optional(FormAddress)
    phone = _line(40)
    registration = _line()


class FormRecipient(serializers.Serializer):
    name = Text(max_length=200)
    kind = _line(60)


class FormSignature(serializers.Serializer):
    name = _line()
    signed_on = _optional(IsoDate)


class FormAmendment(serializers.Serializer):
    """The parts of PS Form 1583; each that is sent replaces that part."""

    pmb = _optional(FormMailbox)
    cmra = _optional(FormAgency)
    service_type = _optional(serializers.ChoiceField, choices=["business", "residential"])
    applicant = _optional(FormApplicant)
    authorized = _optional(FormAuthorized)
    transfer = _optional(FormTransfer)
    business = _optional(FormBusiness)
    additional_recipients = _optional(serializers.ListField, child=FormRecipient(), max_length=200)
    signature = _optional(FormSignature)
    witness = _optional(ExpectedWitness)
    crd_uploaded_at = _optional(Moment)


class ExportCreation(serializers.Serializer):
    quarter = Text(max_length=6, help_text="A year and a quarter such as 2026Q2")
    include_protected = Flag(required=False, help_text="Also people under a court's protection")


class InspectionCreation(serializers.Serializer):
    verifications = serializers.ListField(child=Id(), min_length=1, max_length=1000)
    hours = Whole(required=False, min_value=1, max_value=720)

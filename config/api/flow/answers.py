"""What answers look like, for the OpenAPI document. A test holds every real answer against these."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema_field
from rest_framework import serializers as s

from config.api.flow.serializers import ExpectedData
from config.api.schema import named_serializer
from decisions.models import DecisionStatus, Fix, ListKind, Outcome, Workflow
from documents.models import Context, DocumentStatus, ExtractionKind, ExtractionStatus
from flows.models import Environment
from verifications.events import PUBLIC_EVENTS
from verifications.models import DeliveryStatus, VerificationStatus
from verifications.signing import ENDPOINT_DIALECTS

EMPTY = {204: OpenApiResponse(description="Done; no body")}


class PdfAnswer(s.Serializer):
    data = s.CharField(help_text="The PDF as base64")  # type: ignore[assignment]


PDF: dict[Any, Any] = {(200, "application/json"): PdfAnswer, (200, "application/pdf"): OpenApiTypes.BINARY}


class LinksAnswer(s.Serializer):
    first = s.CharField()
    last = s.CharField(allow_null=True)
    prev = s.CharField(allow_null=True)
    next = s.CharField(allow_null=True)


class MetaAnswer(s.Serializer):
    """With ``?cursor=`` only ``path`` and ``per_page``."""

    path = s.CharField()
    per_page = s.IntegerField()
    current_page = s.IntegerField(required=False)
    last_page = s.IntegerField(required=False)
    to = s.IntegerField(allow_null=True, required=False)
    total = s.IntegerField(required=False)
    total_is_estimated = s.BooleanField(required=False, help_text="True when more than 3,000 match: the number is PostgreSQL's estimate then")

    def get_fields(self) -> dict[str, s.Field]:
        return {**super().get_fields(), "from": s.IntegerField(allow_null=True, required=False)}


def page_of(serializer: type[s.Serializer]) -> dict[int, Any]:
    name = f"{serializer.__name__.removesuffix('Answer')}Page"
    return {200: named_serializer(name, data=serializer(many=True), links=LinksAnswer(), meta=MetaAnswer())}


class FlowAnswer(s.Serializer):
    path = s.CharField()
    name = s.CharField()
    description = s.CharField()
    version = s.IntegerField()
    required_contexts = s.ListField(child=s.ChoiceField(Context.choices))
    optional_contexts = s.ListField(child=s.ChoiceField(Context.choices))
    extract_on = s.ChoiceField([("upload", "upload"), ("submit", "submit")])
    rules = s.ListField(child=s.CharField())


class TypeCountryAnswer(s.Serializer):
    iso3 = s.CharField()
    sides = s.IntegerField()


class DocumentTypeAnswer(s.Serializer):
    id = s.IntegerField()
    name = s.CharField()
    context_type = s.ChoiceField(Context.choices)
    type_label = s.CharField()
    countries = TypeCountryAnswer(many=True)
    accepts = s.ListField(child=s.CharField())
    max_pages = s.IntegerField()


class VerificationAnswer(s.Serializer):
    id = s.CharField()
    flow = s.CharField()
    flow_version = s.IntegerField()
    environment = s.ChoiceField(Environment.choices)
    status = s.ChoiceField(VerificationStatus.choices)
    status_label = s.CharField()
    external_ref = s.CharField(allow_null=True)
    expected_data = ExpectedData()
    metadata = s.DictField()
    tags = s.ListField(child=s.CharField())
    attempt = s.IntegerField()
    renews = s.CharField(allow_null=True, help_text="The Approved verification that this one renews")
    webhook_url = s.CharField(allow_null=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()
    submitted_at = s.DateTimeField(allow_null=True)
    finished_at = s.DateTimeField(allow_null=True)
    redacted_at = s.DateTimeField(allow_null=True)


class EvidenceInputAnswer(s.Serializer):
    """``box`` is x, y, width and height in pixels of the upright page."""

    path = s.CharField()
    value = s.CharField(allow_blank=True)
    document = s.CharField(allow_null=True)
    reader = s.CharField()
    confidence = s.FloatField(allow_null=True)
    side = s.CharField()
    page = s.IntegerField(allow_null=True)
    box = s.ListField(child=s.IntegerField(), allow_null=True)


@extend_schema_field({"description": "Any JSON value"})
class AnyValue(s.JSONField):
    """What a rule compares differs from rule to rule."""


class NormalisedAnswer(s.Serializer):
    side = s.CharField()
    value = s.CharField(allow_blank=True)
    steps = s.ListField(child=s.CharField())


class EvidenceAnswer(s.Serializer):
    """``normalised`` tells what the values became before they were compared."""

    inputs = EvidenceInputAnswer(many=True, allow_null=True)
    expected = AnyValue()
    computed = AnyValue()
    normalised = NormalisedAnswer(many=True)
    threshold = AnyValue()


class CheckAnswer(s.Serializer):
    id = s.CharField()
    document_id = s.CharField()
    rule = s.CharField()
    group = s.ChoiceField([(name, name) for name in ("document", "person", "address", "image", "face")])
    outcome = s.ChoiceField(Outcome.choices)
    reason_code = s.CharField(allow_null=True)
    message = s.CharField()
    fix = s.ChoiceField(Fix.choices)
    rule_version = s.IntegerField()
    evidence = EvidenceAnswer()
    created_at = s.DateTimeField()


class DecisionAnswer(s.Serializer):
    id = s.CharField()
    document_id = s.CharField()
    status = s.ChoiceField(DecisionStatus.choices)
    status_label = s.CharField()
    validation_workflow = s.ChoiceField(Workflow.choices)
    reasons = s.ListField(child=s.CharField())
    message = s.CharField(allow_null=True)
    fix = s.ChoiceField(Fix.choices)
    decided_by = s.CharField(allow_null=True)
    note = s.CharField(allow_null=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()


class DecisionDetailAnswer(DecisionAnswer):
    """In lists of documents without ``checks``."""

    checks = CheckAnswer(many=True, required=False)


class DocumentTypeRefAnswer(s.Serializer):
    id = s.IntegerField()
    name = s.CharField()
    type_label = s.CharField()


class CountryAnswer(s.Serializer):
    name = s.CharField()
    iso2 = s.CharField()
    iso3 = s.CharField()


@extend_schema_field(
    {
        "oneOf": [
            {"type": "array", "maxItems": 0, "items": {}},
            {
                "type": "object",
                "required": ["person", "address", "document"],
                "properties": {group: {"type": "object", "additionalProperties": {"type": "string"}} for group in ("person", "address", "document")},
            },
        ]
    }
)
class ExtractedDataField(s.JSONField):
    """``[]`` until the document was read."""


class DocumentAnswer(s.Serializer):
    id = s.CharField()
    url_front = s.CharField(allow_null=True)
    url_back = s.CharField(allow_null=True)
    status = s.ChoiceField(DocumentStatus.choices)
    status_label = s.CharField()
    verification_id = s.CharField()
    document_type = DocumentTypeRefAnswer()
    country = CountryAnswer()
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()
    draft = s.BooleanField()
    extracted_data = ExtractedDataField()
    decisions = DecisionDetailAnswer(many=True)
    checks = CheckAnswer(many=True)


class HistoryAnswer(s.Serializer):
    from_label = s.CharField()
    to = s.ChoiceField(VerificationStatus.choices)
    to_label = s.CharField()
    at = s.DateTimeField()
    by = s.CharField()
    reason = s.CharField(allow_null=True)

    def get_fields(self) -> dict[str, s.Field]:
        return {"from": s.ChoiceField(VerificationStatus.choices), **super().get_fields()}


class MessageAnswer(s.Serializer):
    """What a reviewer wrote for the applicant. ``document_id`` null: about the whole verification."""

    id = s.CharField()
    document_id = s.CharField(allow_null=True)
    text = s.CharField()
    created_at = s.DateTimeField()


class VerificationDetailAnswer(VerificationAnswer):
    documents = DocumentAnswer(many=True)
    decisions = DecisionAnswer(many=True)
    checks = CheckAnswer(many=True)
    messages = MessageAnswer(many=True)
    renewed_by = s.ListField(child=s.CharField(), help_text="The verifications that renew this one, newest first")
    history = HistoryAnswer(many=True)


class EngineAnswer(s.Serializer):
    name = s.CharField(allow_blank=True)
    version = s.CharField(allow_blank=True)


class ExtractionAnswer(s.Serializer):
    id = s.CharField()
    document_id = s.CharField()
    extraction_type = s.ChoiceField(ExtractionKind.choices)
    status = s.ChoiceField(ExtractionStatus.choices)
    created_at = s.DateTimeField()
    completed_at = s.DateTimeField(allow_null=True)
    engine = EngineAnswer(help_text="Both are empty until it ran")
    duration_ms = s.IntegerField(allow_null=True)
    extracted_fields = s.DictField(child=s.CharField(allow_blank=True))
    confidence_scores = s.DictField(child=s.FloatField())
    regions = s.DictField(child=s.DictField())
    reference_document_id = s.CharField(allow_null=True)
    comparison_results = s.DictField(allow_null=True)


class RuleChangeAnswer(s.Serializer):
    rule = s.CharField()
    before = s.ChoiceField(Outcome.choices, allow_null=True)
    after = s.ChoiceField(Outcome.choices, allow_null=True)


class ChangeAnswer(s.Serializer):
    """``before`` and ``after`` are the document's statuses."""

    document = s.CharField()
    before = s.ChoiceField(DocumentStatus.choices)
    before_label = s.CharField()
    after = s.ChoiceField(DocumentStatus.choices)
    after_label = s.CharField()
    rules = RuleChangeAnswer(many=True)


class ReprocessingAnswer(s.Serializer):
    changes = ChangeAnswer(many=True)


class ListEntryAnswer(s.Serializer):
    id = s.CharField()
    kind = s.ChoiceField(ListKind.choices)
    value = s.CharField()
    reason = s.CharField()
    created_by = s.CharField()
    created_at = s.DateTimeField()
    expires_at = s.DateTimeField(allow_null=True)


class FieldAnswer(s.Serializer):
    value = s.CharField(allow_blank=True)
    confidence = s.FloatField(allow_null=True)
    reader = s.CharField()
    machine_value = s.CharField(allow_null=True)
    corrected_by = s.CharField(allow_null=True)
    corrected_at = s.DateTimeField(allow_null=True)
    reason = s.CharField(allow_null=True)


class ExtractedFieldsAnswer(s.Serializer):
    fields = s.DictField(child=FieldAnswer())  # type: ignore[assignment]
    extracted_data = ExtractedDataField()


class WebhookAnswer(s.Serializer):
    """``events`` is ``["*"]`` for all; ``dialect`` whose words and signature it is told in, null for ours. ``disabled_reason``: it was switched off
    by us."""

    id = s.CharField()
    url = s.CharField()
    events = s.ListField(child=s.ChoiceField(["*", *PUBLIC_EVENTS]))
    description = s.CharField(allow_blank=True)
    dialect = s.ChoiceField(ENDPOINT_DIALECTS, allow_null=True)
    active = s.BooleanField()
    disabled_reason = s.ChoiceField([("gone", "gone"), ("too_many_failures", "too_many_failures")], allow_null=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()


class WebhookSecretAnswer(WebhookAnswer):
    """The secret is shown this once."""

    secret = s.CharField()


class DeliveryAnswer(s.Serializer):
    id = s.CharField()
    event_id = s.CharField()
    event_type = s.CharField()
    status = s.ChoiceField(DeliveryStatus.choices)
    attempts = s.IntegerField()
    last_status_code = s.IntegerField(allow_null=True)
    last_error = s.CharField(allow_null=True)
    next_attempt_at = s.DateTimeField(allow_null=True)
    created_at = s.DateTimeField()
    delivered_at = s.DateTimeField(allow_null=True)


class EventDataAnswer(s.Serializer):
    """``status`` is the document's where there is a ``document_id``."""

    verification_id = s.CharField()
    flow = s.CharField()
    status = s.IntegerField()
    status_label = s.CharField()
    external_ref = s.CharField(allow_null=True)
    sequence = s.IntegerField()
    reasons = s.ListField(child=s.CharField(), required=False)
    document_id = s.CharField(required=False)
    document_type = s.IntegerField(required=False)
    decision_id = s.CharField(required=False)
    message_id = s.CharField(required=False, help_text="Of `verification.message_added`")
    days = s.IntegerField(required=False, help_text="Of `document.expiring`: 60 or 30 days ahead, 0 on the day")


class EventAnswer(s.Serializer):
    """Exactly what a webhook is sent."""

    id = s.CharField()
    type = s.ChoiceField(PUBLIC_EVENTS)
    timestamp = s.DateTimeField()
    data = EventDataAnswer()  # type: ignore[assignment]


class RedactionAnswer(s.Serializer):
    status = s.ChoiceField([("redacted", "redacted"), ("already_redacted", "already_redacted")])
    documents_removed = s.IntegerField()


class AuditPlaceAnswer(s.Serializer):
    number = s.IntegerField()
    hash = s.CharField()


class ReceiptContentAnswer(s.Serializer):
    """``sha256`` of every file that was deleted, ``audit`` the entry that says so, ``document_ids`` where only these documents' data went."""

    receipt = s.CharField()
    verification = s.CharField()
    workspace = s.CharField()
    kind = s.CharField()
    ground = s.CharField()
    by = s.CharField()
    at = s.DateTimeField()
    documents = s.IntegerField()
    sha256 = s.ListField(child=s.CharField())
    audit = AuditPlaceAnswer()
    document_ids = s.ListField(child=s.CharField(), required=False)


class ReceiptAnswer(s.Serializer):
    """``signature`` is base64 of Ed25519 over the content's canonical JSON (sorted keys, no blanks, UTF-8)."""

    id = s.CharField()
    kind = s.ChoiceField([("images", "images"), ("document", "document"), ("all", "all")])
    ground = s.ChoiceField([("requested", "requested"), ("retention", "retention")])
    content = ReceiptContentAnswer()
    signature = s.CharField()
    created_at = s.DateTimeField()


class LegalHoldAnswer(s.Serializer):
    id = s.CharField()
    reason = s.CharField()
    placed_by = s.CharField()
    placed_at = s.DateTimeField()


class PersonalDocumentAnswer(DocumentAnswer):
    fields = s.DictField(child=FieldAnswer())  # type: ignore[assignment]


class ConsentAnswer(s.Serializer):
    """What a person agreed to on the capture page: when, from where, and which version of the flow's text."""

    at = s.DateTimeField()
    ip = s.CharField()
    version = s.CharField()
    flow_version = s.CharField()


class PersonalDataAnswer(s.Serializer):
    """Everything kept of the person: what was declared, uploaded (signed links), read, corrected, checked and decided."""

    verification = VerificationAnswer()
    consent = ConsentAnswer(allow_null=True)
    documents = PersonalDocumentAnswer(many=True)
    decisions = DecisionAnswer(many=True)
    checks = CheckAnswer(many=True)
    messages = MessageAnswer(many=True)
    history = HistoryAnswer(many=True)


class FormBoxAnswer(s.Serializer):
    box = s.CharField()
    label = s.CharField(allow_blank=True)  # type: ignore[assignment]
    key = s.CharField()
    value = s.CharField(allow_blank=True)
    source = s.CharField(allow_blank=True)  # type: ignore[assignment]
    missing = s.BooleanField()


class FormAnswer(s.Serializer):
    """``missing`` are the keys of boxes that are needed and empty, ``problems`` those whose value USPS does not accept."""

    verification_id = s.CharField()
    identity_documents_verified = s.BooleanField()
    form_complete = s.BooleanField()
    crd_uploaded_at = s.DateTimeField(allow_null=True)
    missing = s.ListField(child=s.CharField())
    problems = s.ListField(child=s.CharField())
    boxes = FormBoxAnswer(many=True)


class ExportAnswer(s.Serializer):
    id = s.CharField()
    flow = s.CharField()
    quarter = s.CharField()
    due_on = s.DateField()
    state = s.ChoiceField([(name, name) for name in ("pending", "running", "done", "failed", "no_longer_kept")])
    done = s.IntegerField()
    total = s.IntegerField()
    size = s.IntegerField()
    include_protected = s.BooleanField()
    created_by = s.CharField()
    created_at = s.DateTimeField()
    finished_at = s.DateTimeField(allow_null=True)
    expires_at = s.DateTimeField()
    signed_off_by = s.CharField(allow_null=True)
    signed_off_at = s.DateTimeField(allow_null=True)


class InspectionAnswer(s.Serializer):
    id = s.CharField()
    flow = s.CharField()
    verifications = s.ListField(child=s.CharField())
    created_by = s.CharField()
    created_at = s.DateTimeField()
    expires_at = s.DateTimeField()
    revoked_at = s.DateTimeField(allow_null=True)


class IssuedInspectionAnswer(InspectionAnswer):
    url = s.CharField(help_text="Shown once")

"""Shapes of what clients of this dialect send."""

from __future__ import annotations

from typing import Any

from django.core.validators import URLValidator
from rest_framework import serializers

from config.api.dialects.sent import SentFile
from config.api.fields import CountryCode, Flag, IsoDate, JsonObject, Text, Whole
from config.api.flow.serializers import ExpectedData


def _optional(field: type[serializers.Field], **options: Any) -> Any:
    return field(**{"required": False, "allow_null": True, **options})


class SessionAmendment(serializers.Serializer):
    external_ref = _optional(Text, max_length=255, allow_blank=True)
    metadata = JsonObject(required=False)


class SessionFields(serializers.Serializer):
    """What is known of the person beforehand."""

    first_name = _optional(Text, max_length=200, allow_blank=True)
    middle_name = _optional(Text, max_length=200, allow_blank=True)
    last_name = _optional(Text, max_length=200, allow_blank=True)
    date_of_birth = _optional(IsoDate)
    email = _optional(Text, max_length=254, allow_blank=True)
    phone = _optional(Text, max_length=40, allow_blank=True)


_ALIASES = {"inquiry_template_id": "workflow_id", "template_id": "workflow_id", "reference_id": "external_ref"}


class SessionCreation(SessionAmendment):
    """Names of another API for the same are understood."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({**{_ALIASES[name]: value for name, value in data.items() if name in _ALIASES}, **data})

    workflow_id = Text(max_length=60)
    fields = _optional(SessionFields)
    expected_data = _optional(ExpectedData)
    tags = _optional(serializers.ListField, child=Text(max_length=64), max_length=50)
    redirect_url = _optional(Text, max_length=2000)

    def validate_redirect_url(self, value: str | None) -> str | None:
        URLValidator(schemes=["https", "http"])(value or "https://vouchbox.example")
        return value


class LinkCreation(serializers.Serializer):
    expires_in_minutes = Whole(required=False, min_value=1, max_value=7 * 24 * 60)


class DocumentUpload(serializers.Serializer):
    """``file`` is the front side, or ``back_file`` beside it; base64 text in JSON, a file part in a form."""

    document_type = Text(max_length=60)
    country = CountryCode()
    file = SentFile()
    back_file = SentFile(required=False)


class Reason(serializers.Serializer):
    reason = _optional(Text, max_length=500)
    source = _optional(Text, max_length=120)


class Simulation(Reason):
    action = serializers.ChoiceField(choices=["approve", "reject", "review", "expire", "fail"])


class GateDecision(Reason):
    decision = serializers.ChoiceField(choices=["approve", "reject"])


class Tag(serializers.Serializer):
    tag = _optional(Text, max_length=64)
    tags = _optional(serializers.ListField, child=Text(max_length=64), max_length=50)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("tag") and attrs.get("tags") is None:
            raise serializers.ValidationError({"tag": ["This field is required."]})
        return attrs


class Tags(serializers.Serializer):
    tags = serializers.ListField(child=Text(max_length=64), max_length=50)


class BulkRedaction(serializers.Serializer):
    session_ids = serializers.ListField(child=Text(max_length=60), min_length=1, max_length=100)


class BulkDocuments(serializers.Serializer):
    document_ids = serializers.ListField(child=Text(max_length=60), min_length=1, max_length=100)


class ExtractionRequest(serializers.Serializer):
    types = serializers.ListField(
        child=serializers.ChoiceField(choices=["mrz", "barcode", "ocr", "face"]), min_length=1, max_length=4, required=False
    )
    wait_ms = Whole(required=False, min_value=0, max_value=10_000)


class Comparison(serializers.Serializer):
    document_id = Text(max_length=60)
    reference_document_id = Text(max_length=60)


class DocumentAmendment(serializers.Serializer):
    document_type = Text(max_length=60, required=False)
    country = CountryCode(required=False)
    tags = serializers.ListField(child=Text(max_length=64), max_length=50, required=False)
    metadata = JsonObject(required=False)


class IdentityComparison(serializers.Serializer):
    """A verification under any of its names."""

    verification_id = Text(max_length=60, required=False)
    session_id = Text(max_length=60, required=False)
    identity_id = Text(max_length=60, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = [value for value in attrs.values() if value]
        if len(named) != 1:
            raise serializers.ValidationError({"verification_id": ["Name one verification."]})
        return {"verification_id": named[0]}


class FingerprintCreation(serializers.Serializer):
    """Of a document, or of a file by its SHA-256 (64 hexadecimal digits, over the bytes as they are uploaded)."""

    document_id = Text(max_length=60, required=False)
    hash = Text(max_length=128, required=False)
    label = _optional(Text, max_length=500, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "document_id" not in attrs and "hash" not in attrs:
            raise serializers.ValidationError({"document_id": ["Name a document, or a file by its hash."]})
        return attrs


class Note(serializers.Serializer):
    text = Text(max_length=2000)


class Reprocessing(serializers.Serializer):
    dry_run = Flag(required=False)

"""Strict serializer fields: a string is a string, a whole number is a JSON integer, nothing is guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.uploads import Base64Upload, ExcludedUpload, FileUpload, FormText
from flows.countries import COUNTRIES


class Text(serializers.CharField):
    """``"5"`` is text, ``5`` is not."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Id(Text):
    """Whatever text: what cannot be an id names nothing, and that is the service's to say. Ours are shorter than ``LONGEST`` and without NUL."""

    LONGEST = 60

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).replace("\x00", "\ufffd")[: self.LONGEST + 1]


class Whole(serializers.IntegerField):
    """A JSON integer: ``"5"``, ``5.0`` and ``true`` are not. Digits of a multipart form are."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, FormText) and re.fullmatch(r"\d{1,9}", data):
            return int(data)
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Flag(serializers.BooleanField):
    """``true`` or ``false`` and nothing like them."""

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, FormText) and data.lower() in ("true", "false"):
            return data.lower() == "true"
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StatusNumber(Whole):
    """A whole number of an IntegerChoices."""

    default_error_messages = {"unknown": "This status does not exist."}

    def __init__(self, *, choices: Any, **options: Any) -> None:
        self.known = {int(value) for value in choices.values}
        super().__init__(**options)
        listed = "\n".join(f"* `{int(choice)}` {choice.label}" for choice in choices)
        extend_schema_field({"type": "integer", "enum": sorted(self.known), "description": listed})(self)  # type: ignore[type-var]

    def to_internal_value(self, data: Any) -> int:
        value = super().to_internal_value(data)
        if value not in self.known:
            self.fail("unknown")
        return value


@extend_schema_field({"$ref": "#/components/schemas/CountryCode"})
class CountryCode(Text):
    """ISO 3166-1 alpha-3, upper case."""

    default_error_messages = {"unknown": "This is not an ISO 3166-1 alpha-3 country code."}

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data)
        if code not in COUNTRIES:
            self.fail("unknown")
        return code


@extend_schema_field(OpenApiTypes.DATE)
class IsoDate(Text):
    """``YYYY-MM-DD``, kept as text."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise serializers.ValidationError("The date must be YYYY-MM-DD.")
        return serializers.DateField().to_internal_value(text).isoformat()


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(Text):
    """``2026-06-11T02:42:50Z`` with an offset from UTC, or a date, which means its first moment in UTC."""

    def to_internal_value(self, data: Any) -> datetime:  # type: ignore[override]
        text = super().to_internal_value(data)
        try:
            value = datetime.fromisoformat(text)
        except ValueError as error:
            raise serializers.ValidationError("This is not a date or a time.") from error
        if value.tzinfo is None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise serializers.ValidationError("The time needs an offset from UTC, such as Z.")
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


@extend_schema_field(OpenApiTypes.BYTE)
class ImageData(serializers.Field):
    """Base64 text or a multipart file; decoded later, when it is this image's turn to be refused."""

    default_error_messages = {"invalid": "The image must be base64 text."}

    def to_internal_value(self, data: Any) -> Base64Upload | FileUpload:
        if isinstance(data, ExcludedUpload):
            raise serializers.SkipField
        if not isinstance(data, Base64Upload | FileUpload):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return None


class ReplacedImage(ImageData):
    """Null is an image that is missing, as '' is."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return super().validate_empty_values(Base64Upload("") if data is None else data)


class JsonObject(serializers.JSONField):
    """An object of any keys; text in it holds no NUL, which PostgreSQL cannot store."""

    default_error_messages = {"object": "This must be an object.", "nul": "Null characters are not allowed."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("object")
        if _has_nul(data):
            self.fail("nul")
        return data


def _has_nul(data: Any) -> bool:
    if isinstance(data, str):
        return "\x00" in data
    if isinstance(data, dict):
        return any(_has_nul(key) or _has_nul(value) for key, value in data.items())
    return isinstance(data, list) and any(map(_has_nul, data))

"""A file as any dialect sends it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.uploads import Base64Upload, FileUpload


@extend_schema_field(OpenApiTypes.BYTE)
class SentFile(serializers.Field):
    """Base64 text, or a file part of a form."""

    default_error_messages = {"invalid": "The file must be base64 text or a file part."}

    def to_internal_value(self, data: Any) -> Base64Upload | FileUpload:
        found = Base64Upload(data) if isinstance(data, str) else data
        if not isinstance(found, Base64Upload | FileUpload):
            self.fail("invalid")
        found.check_size()
        return found

    def to_representation(self, value: Any) -> Any:
        return None

"""Shapes of what clients of this dialect send, and what a service's configuration asks for."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

from config.api.dialects.anycheck.shapes import field_of, types_in, verification_types
from config.api.dialects.sent import SentFile
from config.api.errors import errors_refusal
from config.api.fields import Flag, JsonObject, Text
from config.api.flow.serializers import check_webhook_secret, check_webhook_url
from documents.types import DOCUMENT_TYPES
from flows.countries import COUNTRIES
from flows.definition import FlowDefinition
from flows.errors import Refused

_PATH = re.compile(r"/uploads/(upl_[0-9a-z]{26})\Z")
_MOST_SIDES = 2


class UploadCreation(serializers.Serializer):
    file = SentFile()


class FolderCreation(serializers.Serializer):
    name = Text(max_length=200)
    starred = Flag(required=False)


class FolderAmendment(serializers.Serializer):
    name = Text(max_length=200, required=False)
    starred = Flag(required=False)


class VerificationCreation(serializers.Serializer):
    service_id = serializers.UUIDField()
    folder_id = serializers.UUIDField()
    configuration = JsonObject()
    result_id = serializers.UUIDField(required=False)
    webhook_url = Text(max_length=2000, required=False, allow_null=True, validators=[check_webhook_url])
    webhook_metadata = JsonObject(required=False)

    def validate_webhook_metadata(self, value: dict[str, Any]) -> dict[str, Any]:
        secret = value.get("webhook_secret", "-")
        if not isinstance(secret, str) or not 0 < len(secret) <= 500:
            raise serializers.ValidationError({"webhook_secret": ["The secret is text of 1 to 500 characters."]})
        check_webhook_secret(secret)
        return value


class DraftCreation(VerificationCreation):
    """What is known already."""

    folder_id = serializers.UUIDField(required=False)
    configuration = JsonObject(required=False)


class DraftAmendment(serializers.Serializer):
    """Members of the configuration, and of its files, that are set; the others stay."""

    configuration = JsonObject()

    def validate_configuration(self, value: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(value.get("files", {}), dict):
            raise serializers.ValidationError({"files": ["This must be an object of lists of paths."]})
        return value


class Piece:
    """One document as the configuration names it: ``uploads`` are the ids of its sides' files, [] where they stay as they are."""

    def __init__(self, context: str, type_id: int, country: str, uploads: list[str]) -> None:
        self.context, self.type_id, self.country, self.uploads = context, type_id, country, uploads


def merged(stored: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a draft after ``sent``."""
    files = {**_mapping(stored.get("files")), **_mapping(sent.get("files"))}
    return {**stored, **sent, **({"files": files} if files or "files" in sent else {})}


def amended(definition: FlowDefinition, stored: dict[str, Any], sent: dict[str, Any]) -> list[Piece]:
    """The documents that ``sent`` changes of a draft: those whose files it names, and those of whose type or country it says something."""
    whole, touched = merged(stored, sent), set(_mapping(sent.get("files")))
    said = {name for name in _mapping(stored.get("files")) if sent.keys() & {name.replace("_file", "_type"), name.replace("_file", "_country")}}
    files = {name: paths for name, paths in _mapping(whole.get("files")).items() if name in touched | said}
    pieces = pieces_of(definition, {**whole, "files": files})
    for piece in pieces:
        if f"{field_of(piece.context)}_file" not in touched:
            piece.uploads = []
    return pieces


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def pieces_of(definition: FlowDefinition, configuration: dict[str, Any]) -> list[Piece]:
    """Raises Refused 422, and 501 for what the service has no reader or no data for."""
    wanted, pause = configuration.get("verification_type"), configuration.get("fraud_detection")
    if isinstance(wanted, str) and wanted.startswith("KTP"):
        raise Refused("not_offered", "Indonesian identity cards and registers are not among what this service verifies.", status=501)
    errors: dict[str, list[str]] = {}
    if pause is not None and not isinstance(pause, bool):
        errors["configuration.fraud_detection"] = ["This is true or false."]
    if wanted is not None and wanted not in verification_types(definition):
        errors["configuration.verification_type"] = [f"This is one of {', '.join(verification_types(definition))}."]
    files = configuration.get("files")
    if not isinstance(files, dict):
        raise errors_refusal({**errors, "configuration.files": ["This must be an object of lists of paths."]})
    known = {f"{field_of(context)}_file": context for context in definition.contexts}
    errors |= {f"configuration.files.{name}": ["The service has no such field."] for name in files if name not in known}
    found = [_piece(definition, known[name], configuration, paths, errors) for name, paths in files.items() if name in known]
    if errors:
        raise errors_refusal(errors)
    return [piece for piece in found if piece is not None]


def _piece(definition: FlowDefinition, context: str, configuration: dict[str, Any], paths: Any, errors: dict[str, list[str]]) -> Piece | None:
    name, types = field_of(context), types_in(definition, context)
    kind, country = configuration.get(f"{name}_type", types[0] if len(types) == 1 else None), configuration.get(f"{name}_country")
    matches = [_PATH.match(path) if isinstance(path, str) else None for path in paths] if isinstance(paths, list) else []
    if not 1 <= len(matches) <= _MOST_SIDES or not all(matches):
        errors[f"configuration.files.{name}_file"] = ["This is a list of one or two paths that POST /uploads answered with: front, then back."]
    if kind not in types:
        errors[f"configuration.{name}_type"] = [f"This is one of {', '.join(types)}."]
    if country is None and len(types) == 1:
        country = "USA"
    if not isinstance(country, str) or country not in COUNTRIES:
        errors[f"configuration.{name}_country"] = ["This is not an ISO 3166-1 alpha-3 country code."]
    if errors:
        return None
    type_id = next(
        entry.id for entry in definition.document_types if DOCUMENT_TYPES[entry.id].kind == kind and DOCUMENT_TYPES[entry.id].context == context
    )
    return Piece(context, type_id, str(country), [match[1] for match in matches if match])

"""Bodies in: strict JSON and multipart, with images as uploads that are decoded when somebody wants the bytes and let go of afterwards."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, cast

import pybase64
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from config.api.headers import style_of
from config.api.inflection import inbound
from documents.types import DOCUMENT_TYPES
from flows.errors import Refused

SIDES = ("front_side_data", "back_side_data")
DEEPEST = 100
_SURROGATE = re.compile("[\ud800-\udfff]")


class FormText(str):
    """A value of a multipart form, where a number can only come as text."""

    __slots__ = ()


class Base64Upload:
    """An image as base64 text: standard or URL-safe, wrapped, padded or not, or a ``data:`` URI."""

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def empty(self) -> bool:
        return not self._payload()[:4].strip("=")

    def bytes(self) -> bytes:
        """Raises Refused("image_invalid")."""
        payload = self._payload().rstrip("=")
        if "-" in payload or "_" in payload:
            payload = payload.replace("-", "+").replace("_", "/")
        try:
            return pybase64.b64decode(payload + "=" * (-len(payload) % 4), validate=True)
        except ValueError as error:
            raise Refused("image_invalid", "The image is not base64.") from error

    def digest(self) -> str:
        """SHA-256 (hex) of the text."""
        return hashlib.sha256(self._text.encode()).hexdigest()

    def release(self) -> None:
        """DRF's request and serializers are reference cycles: without this every body would live until the next full collection."""
        self._text = ""

    def check_size(self) -> None:
        most = -(-settings.MAX_IMAGE_BYTES * 4 // 3)
        if len(self._text) > most and len(_joined(self._text.partition(",")[2] or self._text).rstrip("=")) > most:
            raise _too_large()

    def _payload(self) -> str:
        text = self._text.lstrip()
        if text[:5].lower() == "data:":
            head, comma, text = text.partition(",")
            if not comma or not head.lower().endswith(";base64"):
                raise Refused("image_invalid", "The data: URI is not base64.")
        return _joined(text)


class FileUpload:
    """An image as a file part of a multipart body."""

    def __init__(self, file: UploadedFile) -> None:
        self._file = file

    @property
    def empty(self) -> bool:
        return not self._file.size

    def bytes(self) -> bytes:
        return bytes(self._file.read())

    def digest(self) -> str:
        """SHA-256 (hex) of the content."""
        digest = hashlib.sha256(self._file.read()).hexdigest()
        self._file.seek(0)
        return digest

    def release(self) -> None:
        self._file.close()

    def check_size(self) -> None:
        if (self._file.size or 0) > settings.MAX_IMAGE_BYTES:
            raise _too_large()


class ExcludedUpload:
    """A side that a document of this type does not have: whatever was sent is not looked at, and only tells a repetition from another request."""

    def __init__(self, value: Any) -> None:
        text = json.dumps(value, sort_keys=True) if not isinstance(value, FileUpload) else ""
        self._digest = value.digest() if isinstance(value, FileUpload) else hashlib.sha256(text.encode()).hexdigest()

    def digest(self) -> str:
        return self._digest


def _joined(text: str) -> str:
    """Without white space. Looking for each kind alone is ten times faster than a pattern, and most payloads have none."""
    return "".join(text.split()) if any(space in text for space in " \n\r\t\f\v") else text


def _too_large() -> Refused:
    limit = settings.MAX_IMAGE_BYTES // 1024 // 1024
    return Refused("payload_too_large", f"An image side may take {limit} MB at most.", status=413)


class StrictJSONParser(BaseParser):
    """RFC 8259 and no more: no NaN, no lone surrogates, no number that overflows, no nesting deeper than ``DEEPEST`` (section 9 lets a parser set
    limits)."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        raw = stream.read(settings.MAX_REQUEST_BYTES + 1)
        if len(raw) > settings.MAX_REQUEST_BYTES:
            raise Refused("payload_too_large", "The request is too large.", status=413)
        if not raw.strip():
            return {}
        try:
            text = raw.decode("utf-8-sig")
            data = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise ParseError from error
        if _is_too_deep(data):
            raise ParseError
        if "\\u" in text and _has_surrogate(data):
            raise ParseError
        return with_uploads(inbound(data, _style(parser_context)), parser_context)


def _style(parser_context: Mapping[str, Any] | None) -> str:
    return style_of((parser_context or {})["request"])


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value


def _is_too_deep(data: Any) -> bool:
    """Level by level and without recursion: what walks through a body later calls itself for each level."""
    level = [data]
    for _ in range(DEEPEST):
        inside = (inner for entry in level for inner in (entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ()))
        level = [entry for entry in inside if isinstance(entry, dict | list)]
    return bool(level)


def _has_surrogate(data: Any) -> bool:
    if isinstance(data, str):
        return _SURROGATE.search(data) is not None
    if isinstance(data, dict):
        return any(_has_surrogate(key) or _has_surrogate(value) for key, value in data.items())
    return isinstance(data, list) and any(map(_has_surrogate, data))


class UploadParser(MultiPartParser):
    """Multipart with the same names as the JSON: ``document.front_side_data`` (or ``document[front_side_data]``) as file or base64 text."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        form = super().parse(stream, media_type, parser_context)
        nested: dict[str, Any] = {}
        for name, value in [*form.data.items(), *form.files.items()]:
            _place(
                nested,
                re.sub(r"\[([^\]]*)\]", r".\1", name).split("."),
                FormText(value) if isinstance(value, str) else FileUpload(cast(UploadedFile, value)),
            )
        return with_uploads(inbound(nested, _style(parser_context)), parser_context)


def _place(nested: dict[str, Any], path: list[str], value: Any) -> None:
    if len(path) > DEEPEST:
        raise ParseError
    for step in path[:-1]:
        inner = nested.setdefault(step, {})
        if not isinstance(inner, dict):
            raise ParseError
        nested = inner
    nested[path[-1]] = value


def with_uploads(data: Any, parser_context: Mapping[str, Any] | None) -> Any:
    """Put Base64Upload in the place of image text, and refuse a side that is too large, unless the document's type has no such side."""
    document = data.get("document") if isinstance(data, dict) else None
    if isinstance(document, dict):
        if "back_side_data" in document and _has_one_side(document, parser_context):
            document["back_side_data"] = ExcludedUpload(document["back_side_data"])
        for side in SIDES:
            if isinstance(document.get(side), str):
                document[side] = Base64Upload(document[side])
            if isinstance(document.get(side), Base64Upload | FileUpload):
                document[side].check_size()
    return data


def _has_one_side(document: Mapping[str, Any], parser_context: Mapping[str, Any] | None) -> bool:
    """By type and country as they were sent or, of a change that does not touch them, as they are."""
    view = (parser_context or {}).get("view")
    sent = (document.get("type"), document.get("country"))
    stored = getattr(view, "type_and_country", None)
    known = stored() if stored is not None and None in sent else (None, None)
    type_id, country = (mine if mine is not None else theirs for mine, theirs in zip(sent, known, strict=True))
    number = int(type_id) if isinstance(type_id, FormText) and re.fullmatch(r"\d{1,9}", type_id) else type_id
    kind = DOCUMENT_TYPES.get(number) if isinstance(number, int) and not isinstance(number, bool) else None
    return kind is not None and isinstance(country, str) and kind.sides_in(country) == 1


def release_uploads(data: Any) -> None:
    document = data.get("document") if isinstance(data, dict) else None
    for value in document.values() if isinstance(document, dict) else ():
        if isinstance(value, Base64Upload | FileUpload):
            value.release()

"""Evidence as JSON and back (pure): what a judgement looked at is kept beside it, so that it can be replayed years later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from decisions.evidence import (
    Case,
    Classified,
    DocumentEvidence,
    EarlierUse,
    FaceComparison,
    Listed,
    MrzEvidence,
    Observed,
    SideQuality,
)
from documents.types import DOCUMENT_TYPES, DocumentType


def freeze(case: Case) -> dict[str, Any]:
    """JSON values only; a document's type is kept by its id."""
    frozen: dict[str, Any] = _plain(case)
    return frozen


def _plain(value: Any) -> Any:
    if isinstance(value, DocumentType):
        return value.id
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    return [_plain(inner) for inner in value] if isinstance(value, tuple | list) else value


def thaw(data: Mapping[str, Any]) -> Case:
    """The case that ``freeze`` was given. Raises KeyError for a document type that exists no more."""
    return Case(
        flow=data["flow"],
        today=date.fromisoformat(data["today"]),
        expected=data["expected"],
        documents=tuple(_document(entry) for entry in data["documents"]),
        listed=tuple(Listed(**entry) for entry in data["listed"]),
    )


def _document(data: Mapping[str, Any]) -> DocumentEvidence:
    mrz, classified, match = data["mrz"], data["classified"], data["face_comparison"]
    return DocumentEvidence(
        **{
            **data,
            "type": DOCUMENT_TYPES[data["type"]],
            "fields": _observed(data["fields"]),
            "by_reader": {reader: _observed(found) for reader, found in data["by_reader"].items()},
            "mrz": MrzEvidence(**{**mrz, "lines": tuple(mrz["lines"]), "failed_checks": tuple(mrz["failed_checks"])}) if mrz else None,
            "classified": Classified(**classified) if classified else None,
            "quality": tuple(SideQuality(**side) for side in data["quality"]),
            "face_comparison": FaceComparison(**match) if match else None,
            "image_hashes": tuple(data["image_hashes"]),
            "earlier_uses": tuple(EarlierUse(**use) for use in data["earlier_uses"]),
        }
    )


def _observed(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Observed]:
    return {path: Observed(**{**entry, "box": tuple(entry["box"]) if entry["box"] else None}) for path, entry in found.items()}

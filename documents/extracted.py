"""What is known of a document now: the merged reading under people's corrections, and the contract's ``extracted_data`` shape (pure over rows)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from documents.fields import full_name
from documents.models import Document, ExtractionKind, ExtractionStatus
from documents.types import DOCUMENT_TYPES
from flows.countries import COUNTRIES

EXPIRY = "document.expiration_date"
GROUPS = {
    "person": ("full_name", "surname", "given_names", "date_of_birth"),
    "address": ("full", "street", "city", "state", "zip", "country"),
    "document": ("number", "issuing_entity", "expiration_date"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """One field as it stands: the machine's value, or a person's with the machine's kept beside it."""

    value: str
    confidence: float | None
    reader: str
    side: str = "front"
    page: int | None = None
    box: tuple[int, int, int, int] | None = None
    machine_value: str | None = None
    corrected_by: str | None = None
    corrected_at: datetime | None = None
    reason: str | None = None


def current_values(document: Document) -> dict[str, Value]:
    """By field path. Uses the prefetched corrections when there are any."""
    values = {path: _machine(entry) for path, entry in (document.reading or {}).get("fields", {}).items()}
    for correction in sorted(document.corrections.all(), key=lambda row: (row.created_at, row.pk)):
        content, before = correction.content or {}, values.get(correction.path)
        machine = before.machine_value if before and before.corrected_by else before.value if before else None
        values[correction.path] = Value(
            value=str(content.get("value", "")),
            confidence=1.0,
            reader="person",
            side=before.side if before else "front",
            page=before.page if before else None,
            box=before.box if before else None,
            machine_value=machine,
            corrected_by=correction.corrected_by,
            corrected_at=correction.created_at,
            reason=content.get("reason"),
        )
    return values


def _machine(entry: Mapping[str, Any]) -> Value:
    box = entry.get("box")
    return Value(
        value=str(entry["value"]), confidence=float(entry["confidence"]), reader=str(entry["reader"]), side=str(entry["side"]),
        page=entry.get("page"), box=tuple(box) if box else None,
    )  # fmt: skip


def latest_comparison(document: Document) -> Mapping[str, Any] | None:
    """Details of the newest portrait-against-selfie comparison, if the photo is still the one that was compared."""
    hashes = {image.sha256 for image in document.images.all()}
    rows = [
        row for row in document.extractions.all() if row.kind == ExtractionKind.FACE and row.reference_id and row.status == ExtractionStatus.COMPLETED
    ]
    for row in sorted(rows, key=lambda entry: (entry.created_at, entry.pk), reverse=True):
        result = row.result or {}
        details = result.get("details", {})
        if details.get("photo_sha256") in hashes:
            return {**details, "engine": row.engine, "version": row.engine_version, "selfie_document": row.reference_id}
    return None


def extracted_data(document: Document) -> list[Any] | dict[str, dict[str, str]]:
    """``[]`` until the document was read; then the contract's three groups, an empty string for what a document of this kind has and could
    not be read."""
    values = current_values(document)
    if document.reading is None and not values:
        return []
    carried = set(document.type.fields) | set(values)
    groups = {
        group: {name: values[path].value if (path := f"{group}.{name}") in values else "" for name in names if f"{group}.{name}" in carried}
        for group, names in GROUPS.items()
    }
    if whole := _full_name(values):
        groups["person"]["full_name"] = whole
    groups["document"] = {**_identity(document), **groups["document"], **_faces(document)}
    if "statement.issuer" in carried and not groups["document"].get("issuing_entity"):
        groups["document"]["issuing_entity"] = values["statement.issuer"].value if "statement.issuer" in values else ""
    return groups


def _full_name(values: Mapping[str, Value]) -> str:
    """Surname first whatever the document's own order, where both parts are known; '' where they are not, or a person wrote the whole name."""
    whole, *parts = (values.get(f"person.{name}") for name in ("full_name", "surname", "given_names"))
    if (whole is not None and whole.corrected_by) or not all(part is not None and part.value for part in parts):
        return ""
    return full_name(*(part.value for part in parts if part is not None))


def _identity(document: Document) -> dict[str, str]:
    reading = document.reading or {}
    classified = reading.get("classified") or {}
    country = COUNTRIES.get(document.country)
    return {
        "type": document.type.name,
        "identified": _identified(classified),
        "country_code": document.country,
        "country_name": country.name if country else "",
    }


def _identified(classified: Mapping[str, Any]) -> str:
    kind, country = classified.get("type") or "", COUNTRIES.get(classified.get("country") or "")
    name = next((entry.name for entry in DOCUMENT_TYPES.values() if entry.kind == kind), "")
    return " - ".join(part for part in (country.name if country else "", name) if part) if name else ""


def _faces(document: Document) -> dict[str, str]:
    if document.context != "PHOTO_ID":
        return {}
    comparison = latest_comparison(document)
    score = comparison.get("score") if comparison else None
    return {"has_selfie": "1" if comparison else "0", "selfie_comparison": str(round(score * 100)) if score is not None else ""}

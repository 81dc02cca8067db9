"""What the benchmark reads: drawn specimens, clean and damaged, and folders of images of one's own with a ``manifest.jsonl``.

A manifest has one JSON object per line: ``file``, ``kind``, ``expected`` (see ``_TRUTHS`` for its keys) and, if one likes, ``group``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from documents import specimens

DAMAGES = ("", "blur", "glare", "rotation", "perspective", "jpeg", "low_light", "noise", "low_resolution")
PAPER = ("lease", "vehicle_insurance", "utility_bill", "bank_statement")
CARDS = (
    "driver_license", "id_card", "passport", "permanent_resident_card", "nexus", "matricula_consular", "uniformed_service_id", "access_card",
    "university_id",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One document: its ``sides`` on disk and the ``truth``, measure → text. ``source`` is the row it counts in, such as ``specimens blur`` or
    ``mrz``. ``absent`` names measures that must stay empty, because the picture holds no such thing."""

    id: str
    source: str
    kind: str
    sides: Mapping[str, str]
    truth: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()


def drawn(folder: Path, seeds: int) -> Iterator[Sample]:
    """``seeds`` specimens of every kind and damage, kept under ``folder`` so that a second run draws nothing."""
    for damage in DAMAGES:
        for kind in (*CARDS, *PAPER):
            for seed in range(seeds):
                yield _drawn(folder, kind, damage, int.from_bytes(hashlib.sha256(f"{kind}{seed}".encode()).digest()[:3], "big"))


def _drawn(folder: Path, kind: str, damage: str, seed: int) -> Sample:
    specimen = specimens.draw(kind, seed=seed)
    name = f"{kind}-{damage or 'clean'}-{seed}"
    sides = {}
    for side, image in specimen.sides.items():
        path = folder / f"{name}-{side}.jpg"
        if not path.exists():
            (specimens.degrade(image, damage, seed=seed) if damage else image).convert("RGB").save(path, "JPEG", quality=90)
        sides[side] = str(path)
    return Sample(f"specimens/{name}", f"specimens {damage or 'clean'}", kind, sides, _specimen_truth(specimen.truth))


def _specimen_truth(truth: Mapping[str, str]) -> dict[str, str]:
    found = {path: value for path, value in truth.items() if "." in path and value}
    if truth.get("mrz"):
        found["mrz.lines"] = truth["mrz"]
    if truth.get("aamva"):
        found["barcode.text"] = truth["aamva"]
    return found


def folder(root: Path) -> Iterator[Sample]:
    """Samples of ``root`` and the folders in it that have a manifest. Lines whose kind says nothing to compare are left out."""
    for manifest in sorted([*root.glob("manifest.jsonl"), *root.glob("*/manifest.jsonl")]):
        for line in manifest.read_text(encoding="utf-8").splitlines():
            if line.strip() and (sample := _listed(manifest.parent, json.loads(line))):
                yield sample


def _listed(home: Path, row: Mapping[str, Any]) -> Sample | None:
    read = _TRUTHS.get(home.name) or (_zone if "mrz" in row["expected"] else None)
    if read is None or (row["file"].endswith(".txt") and read is not _card):
        return None
    truth = {measure: value for measure, value in read(row["expected"]).items() if value}
    absent = _absent(row["expected"])
    if not truth and not absent:
        return None
    return Sample(f"{home.name}/{row['file']}", home.name, row["kind"], {"front": str(home / row["file"])}, truth, absent)


def _absent(expected: Mapping[str, Any]) -> tuple[str, ...]:
    measures = []
    if expected.get("has_mrz") is False:
        measures.append("mrz.lines")
    if expected.get("has_pdf417") is False and expected.get("readable") is not False:
        measures.append("barcode.text")
    if expected.get("reject"):
        measures.append("aamva.document_number")
    return tuple(measures)


def _zone(expected: Mapping[str, Any]) -> dict[str, str]:
    """Lines of a machine readable zone and, where the manifest names them, its elements (dates YYMMDD)."""
    lines = expected.get("mrz") or []
    if expected.get("has_mrz") is False:
        return {}
    return {
        "mrz.lines": "\n".join(lines),
        "mrz.number": str(expected.get("number") or ""),
        "mrz.names": f"{expected.get('surname', '')} {expected.get('given_names', '')}".strip() if "surname" in expected else "",
        "mrz.birth": str(expected.get("birth_date_yymmdd") or ""),
        "mrz.expiry": str(expected.get("expiry_date_yymmdd") or ""),
    }


def _symbol(expected: Mapping[str, Any]) -> dict[str, str]:
    return {"barcode.text": expected.get("text") or ""}


def _card(expected: Mapping[str, Any]) -> dict[str, str]:
    elements = (
        "iin", "document_number", "last_name", "first_name", "middle_name", "suffix", "date_of_birth", "issue_date", "expiry_date", "sex", "street",
        "street2", "city", "state", "postal_code", "document_type",
    )  # fmt: skip
    return {f"aamva.{name}": str(expected[name]) for name in elements if expected.get(name)}


def _letter(expected: Mapping[str, Any]) -> dict[str, str]:
    return {
        "person.full_name": expected.get("recipient_name") or "",
        "address.full": expected.get("recipient_address") or "",
        "statement.issuer": expected.get("issuer") or "",
        "statement.date": expected.get("date") or "",
    }


def _licence(expected: Mapping[str, Any]) -> dict[str, str]:
    paths = {
        "number": "document.number", "last_name": "person.surname", "first_name": "person.given_names", "date_of_birth": "person.date_of_birth",
        "issue_date": "document.issue_date", "expiry_date": "document.expiration_date", "street": "address.street", "city": "address.city",
        "postal_code": "address.zip",
    }  # fmt: skip
    return {path: str(expected.get(name) or "") for name, path in paths.items()}


_TRUTHS = {"mrz": _zone, "pdf417": _symbol, "aamva": _card, "bills": _letter, "text": _licence}

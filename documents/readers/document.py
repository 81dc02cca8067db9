"""The whole reading of one document: which readers run on which page, and their findings brought together."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from documents.engines.base import Barcode, Face, Pixels
from documents.fields import Box, Field
from documents.readers import aamva, address, classify, cross_check, face, mrz, outline, quality, viz
from documents.readers.merge import merge
from documents.readers.opening import PageImage, open_pages
from documents.readers.pages import FEW_CHARACTERS, ReadText, in_reading_order, read_text, read_zone
from documents.readers.results import Engines, ReaderRun, Reading, ReadPage
from documents.types import DocumentType

ZONES = frozenset({"mrz", "barcode", "viz", "address", "face"})
OCR_PAGES = 3
FEWEST_LETTER_LINES = 10
SPARSE_TEXT = 700  # characters; half of it on a page taller than wide, as letters are and cards are not
PORTRAIT = 0.3  # of the picture's width
_PAPER_KINDS = frozenset({
    "lease", "home_insurance", "vehicle_insurance", "mortgage", "deed_of_trust", "vehicle_registration", "voter_card", "utility_bill",
    "bank_statement", "government_letter", "invoice", "receipt", "",
})  # fmt: skip


@dataclass
class _Found:
    """Findings of all pages so far."""

    pages: list[ReadPage] = field(default_factory=list)
    runs: list[ReaderRun] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    barcodes: list[dict[str, Any]] = field(default_factory=list)
    faces: list[dict[str, Any]] = field(default_factory=list)
    zone: mrz.Zone | None = None
    card: aamva.Card | None = None
    classified: list[classify.Classification] = field(default_factory=list)


@dataclass(frozen=True)
class _Task:
    """What is asked of every page."""

    engines: Engines
    zones: frozenset[str]
    type: DocumentType | None
    country: str | None
    today: date
    two_sided: bool = False


def read_document(
    sides: Mapping[str, bytes],
    *,
    document_type: DocumentType | None = None,
    country: str | None = None,
    kinds: Collection[str] | None = None,
    engines: Engines,
    max_pixels: int = 50_000_000,
    max_pages: int = 20,
    today: date | None = None,
) -> Reading:
    """Reads ``sides`` (``front``, ``back``: image or PDF bytes). The declared type steers which readers run (``kinds``, of mrz, barcode, ocr and
    face, narrows them further), never what they report. Raises Refused("image_invalid") when a side cannot be decoded."""
    begun = time.perf_counter()
    opened = {side: open_pages(data, accept_pdf=True, max_pixels=max_pixels, max_pages=max_pages) for side, data in sides.items()}
    task = _Task(engines, _zones(document_type, kinds), document_type, country, today or datetime.now(UTC).date(), "back" in sides)
    found = _Found()
    for side in sorted(opened, key=lambda name: name != "front"):
        for page in opened[side]:
            _read_page(found, task, side, page)
    _spell_as_printed(found, task.today)
    return _reading(found, time.perf_counter() - begun)


def _zones(document_type: DocumentType | None, kinds: Collection[str] | None) -> frozenset[str]:
    zones = document_type.zones if document_type else ZONES
    if kinds is None:
        return zones
    wanted = {zone for zone in zones if (zone if zone in ("mrz", "barcode", "face") else "ocr") in kinds}
    return frozenset(wanted)


def _read_page(found: _Found, task: _Task, side: str, page: PageImage) -> None:
    framed = outline.find(page.rgb) if page.text_lines is None and task.zones & {"viz", "address", "mrz"} else None
    if framed is not None and framed.inside == 4:
        page = replace(page, rgb=framed.rectified(page.rgb))
    scan = _first_scan(task, side, page)
    text = _text(found, task, page, scan.card, side)
    faces = _face_zone(found, task, side, page.number, text) if page.text_lines is None else []
    zone = _machine_zone(found, task, side, page.number, text)
    portrait = _is_portrait(faces, text)
    scan = scan if portrait else _second_scan(task, scan, text, zone)
    _record_scan(found, task, scan, (side, page.number))
    classified = classify.classify(text.lines, zone, scan.card, faces, (text.rgb.shape[1], text.rgb.shape[0]), barcodes=len(scan.symbols))
    found.classified.append(classified)
    _printed_zone(found, task, (side, page.number), text, zone)
    measured = quality.measure(text.rgb, text.lines, corners=framed.inside if framed and not portrait else None)
    height, width = text.rgb.shape[:2]
    shown = [face.as_json(entry, side=side, page=page.number) for entry in faces]
    found.pages.append(
        ReadPage(
            side,
            page.number,
            width,
            height,
            text.rgb,
            measured,
            shown,
            text.turned,
            _side_shown(faces, scan.card, zone),
            quality.perceptual_hash(text.rgb),
        )
    )
    found.faces += shown
    found.text += [line.text for line in text.lines]


def _is_portrait(faces: list[Face], text: ReadText) -> bool:
    """Whether the picture is of a person and of nothing that would have a symbol or corners."""
    return bool(faces) and faces[0].box[2] >= PORTRAIT * text.rgb.shape[1] and sum(len(line.text) for line in text.lines) < FEW_CHARACTERS


def _side_shown(faces: list[Face], card: aamva.Card | None, zone: mrz.Zone | None) -> str:
    """A portrait is on the front, a licence's bar code and a card's three lines are on the back; text alone tells nothing of the side."""
    return "front" if faces else "back" if card is not None or (zone is not None and zone.format == "TD1") else ""


@dataclass(frozen=True, slots=True)
class _Scan:
    """Symbols of a page and the card that one of them holds. ``ran``: whether the page was looked at; ``thorough``: with every means."""

    ran: bool
    thorough: bool = False
    symbols: tuple[Barcode, ...] = ()
    card: aamva.Card | None = None
    box: Box | None = None
    duration_ms: int = 0


def _first_scan(task: _Task, side: str, page: PageImage) -> _Scan:
    """Before OCR, which a decoded card back makes needless. Thorough at once only where a barcode is expected: the retries cost as much as OCR."""
    if "barcode" not in task.zones or page.number > OCR_PAGES:
        return _Scan(False)
    card_back = side == "back" or (task.type is not None and "address" not in task.zones and not task.two_sided)
    return _scanned(task, page.rgb, thorough=card_back or not task.zones & {"viz", "address", "mrz"})


def _second_scan(task: _Task, scan: _Scan, text: ReadText, zone: mrz.Zone | None) -> _Scan:
    """After OCR: again on a page that was turned, and thoroughly where there is too little text for a letter or a passport page."""
    little = SPARSE_TEXT if text.rgb.shape[1] >= text.rgb.shape[0] else SPARSE_TEXT // 2
    sparse = zone is None and sum(len(line.text) for line in text.lines) < little and not task.two_sided
    if not scan.ran or scan.card is not None or not (text.turned or (sparse and not scan.thorough)):
        return scan
    again = _scanned(task, text.rgb, thorough=sparse and not scan.thorough)
    return replace(again, thorough=scan.thorough or again.thorough, duration_ms=scan.duration_ms + again.duration_ms)


def _scanned(task: _Task, rgb: Pixels, *, thorough: bool) -> _Scan:
    begun = time.perf_counter()
    symbols = tuple(task.engines.barcodes.scan(rgb, thorough=thorough))
    for symbol in symbols:
        card = _card(symbol.data) if symbol.format == "PDF417" else None
        if card is not None:
            return _Scan(True, thorough, symbols, card, _corner_box(symbol), _since(begun))
    return _Scan(True, thorough, symbols, None, None, _since(begun))


def _record_scan(found: _Found, task: _Task, scan: _Scan, where: tuple[str, int]) -> None:
    if not scan.ran:
        return
    side, page = where
    fields = aamva.fields(scan.card, side=side, page=page, box=scan.box) if scan.card else []
    found.card = found.card or scan.card
    found.barcodes += [
        {"format": code.format, "text": code.text, "corners": [[round(x), round(y)] for x, y in code.corners], "side": side, "page": page}
        for code in scan.symbols
    ]
    details = {"symbols": len(scan.symbols), "aamva": scan.card.as_json() if scan.card else None}
    engine = task.engines.barcodes
    found.runs.append(ReaderRun("barcode", engine.name, engine.version, scan.duration_ms, tuple(fields), details))


def _card(payload: bytes) -> aamva.Card | None:
    try:
        return aamva.parse(payload)
    except aamva.NotAamva:
        return None


def _corner_box(symbol: Barcode) -> Box:
    xs, ys = [x for x, _ in symbol.corners], [y for _, y in symbol.corners]
    return (round(min(xs)), round(min(ys)), round(max(xs) - min(xs)), round(max(ys) - min(ys)))


def _text(found: _Found, task: _Task, page: PageImage, card: aamva.Card | None, side: str) -> ReadText:
    """The page's text, unless nothing could be gained from it: a decoded card back holds it all in its barcode, a selfie holds none."""
    reads = bool(task.zones & {"viz", "address", "mrz"})
    scanned_too_far = page.number > OCR_PAGES and not page.text_lines
    whole_card = card is not None and (side == "back" or task.type is None) and not (task.type and "address" in task.zones)
    if not reads or scanned_too_far or whole_card:
        return ReadText(page.rgb, [])
    begun = time.perf_counter()
    text = read_text(page, task.engines.text)
    details = {"lines": len(text.lines), "turned": text.turned, "text_layer": text.digital, "page": page.number, "side": side}
    found.runs.append(ReaderRun("ocr", task.engines.text.name, task.engines.text.version, _since(begun), (), details))
    return text


def _face_zone(found: _Found, task: _Task, side: str, number: int, text: ReadText) -> list[Face]:
    """A page of undeclared type with as much text as a letter is not looked at closely for a face."""
    if "face" not in task.zones or side != "front" or number > 1:
        return []
    begun = time.perf_counter()
    engine = task.engines.faces
    if engine is None:
        found.runs.append(ReaderRun("face", "off", "", 0, (), {"available": False, "reason": "switched off"}))
        return []
    if not (available := engine.available()).ok:
        found.runs.append(ReaderRun("face", engine.name, engine.version, 0, (), {"available": False, "reason": available.reason}))
        return []
    letter = task.type is None and sum(len(line.text) for line in text.lines) >= SPARSE_TEXT // 2
    faces = engine.detect(text.rgb, turned=task.type is not None and task.type.kind == "selfie", closely=not letter)
    details = {"faces": len(faces), "people": face.people(faces), "largest_px": faces[0].box[2] if faces else None}
    found.runs.append(ReaderRun("face", engine.name, engine.version, _since(begun), (), details))
    return faces


def _machine_zone(found: _Found, task: _Task, side: str, number: int, text: ReadText) -> mrz.Zone | None:
    if "mrz" not in task.zones or not text.rgb.size:
        return None
    begun = time.perf_counter()
    expected = task.type is not None and bool(task.type.mrz_formats) and (side == "back") == ("TD1" in task.type.mrz_formats)
    zone, name = read_zone(text, task.engines.text, expected=expected, second=task.engines.mrz_second)
    if zone is None:
        return None
    second = task.engines.mrz_second
    version = second.version if second is not None and name == second.name else task.engines.text.version
    fields = cross_check.number_in_print(mrz.fields(zone, today=task.today, side=side, page=number), zone, text.lines)
    found.runs.append(ReaderRun("mrz", name, version, _since(begun), tuple(fields), zone.as_json()))
    if found.zone is None or zone.rank > found.zone.rank:
        found.zone = zone
    return zone


def _spell_as_printed(found: _Found, today: date) -> None:
    """Doubtful letters of the zone's names settled by the names in print, which may stand on the other side."""
    printed = {entry.path: entry for run in found.runs if run.kind == "ocr" for entry in run.fields}
    zone = cross_check.names_in_print(found.zone, printed) if found.zone else None
    if zone is None or found.zone is None:
        return
    before = found.zone.as_json()
    for index, run in enumerate(found.runs):
        if run.kind == "mrz" and run.details == before:
            spelled = {entry.path: entry.value for entry in mrz.fields(zone, today=today) if "name" in entry.path}
            fields = tuple(replace(entry, value=spelled.get(entry.path, entry.value)) for entry in run.fields)
            found.runs[index] = replace(run, fields=fields, details=zone.as_json())
    found.zone = zone


def _printed_zone(found: _Found, task: _Task, where: tuple[str, int], text: ReadText, zone: mrz.Zone | None) -> None:
    if not text.lines:
        return
    begun = time.perf_counter()
    (side, number), classified = where, found.classified[-1]
    kind = task.type.kind if task.type else classified.kind
    day_first = (task.country or classified.country or "USA") not in ("USA", *_US_STYLE)
    fields: list[Field] = []
    if "viz" in task.zones and not (task.type is None and kind in _PAPER_KINDS):
        fields += viz.read(
            text.lines, state=classified.state, country=classified.country, kind=kind, zone=zone, today=task.today, side=side, page=number
        )
    if "address" in task.zones and (task.type is not None or kind in _PAPER_KINDS):
        known = {entry.path.split(".")[0] for run in found.runs for entry in run.fields if run.kind == "ocr"}
        letter = address.read(text.lines, (text.rgb.shape[1], text.rgb.shape[0]), today=task.today, day_first=day_first, side=side, page=number)
        if kind or len(text.lines) >= FEWEST_LETTER_LINES or any(entry.path == "address.full" for entry in letter):
            fields += [entry for entry in letter if number == 1 or entry.path.split(".")[0] not in known]
    engine = task.engines.text
    found.runs.append(
        ReaderRun("ocr", engine.name, engine.version, _since(begun), tuple(fields), {"parsed": "address" if "address" in task.zones else "viz"})
    )


_US_STYLE = ("PRI", "GUM", "VIR", "ASM", "MNP")


def _reading(found: _Found, seconds: float) -> Reading:
    classified = max(found.classified, key=lambda entry: entry.confidence) if found.classified else None
    merged = merge(entry for run in found.runs for entry in run.fields)
    return Reading(
        tuple(found.pages), tuple(_joined_ocr(found.runs)), merged, found.zone.as_json() if found.zone else None, found.barcodes,
        found.card.as_json() if found.card else None, classified.as_json() if classified else {}, found.text, found.faces,
        quality.worst([page.quality for page in found.pages]), round(seconds, 3),
    )  # fmt: skip


def _joined_ocr(runs: list[ReaderRun]) -> Iterator[ReaderRun]:
    """Recognition and the parsing of what it gave are one run to whoever looks at it."""
    ocr = [run for run in runs if run.kind == "ocr"]
    yield from (run for run in runs if run.kind != "ocr")
    if ocr:
        pages = [run.details for run in ocr if "lines" in run.details]
        fields = tuple(merge(entry for run in ocr for entry in run.fields).values())
        yield ReaderRun("ocr", ocr[0].engine, ocr[0].version, sum(run.duration_ms for run in ocr), fields, {"pages": pages})


def _since(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)


__all__ = ["in_reading_order", "read_document"]

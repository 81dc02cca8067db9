"""What the print on a document says about its machine readable zone: check digits miss swaps in numbers and do not cover names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from documents.engines.base import TextLine
from documents.fields import Field, same_number
from documents.readers import mrz
from documents.readers.mrz_layout import LAYOUTS, names, take

DOUBTFUL = 0.6  # of the least certain letter in the zone's line of names
SURE = 0.85  # of a printed name
MOST_LETTERS = 2
WITH_SERIFS = {"H": "ITN"}  # what letters with slab serifs are taken for in a zone, however sure


def number_in_print(fields: list[Field], zone: mrz.Zone, lines: Sequence[TextLine]) -> list[Field]:
    """``fields`` of the zone, its number surer where it stands elsewhere on the page, in another font; less sure where a look-alike of it does."""
    others = [mrz.fold_line(part) for line in lines if "<" not in line.text for part in line.text.split()]
    if any(same_number(zone.number, other) for other in others):
        return [replace(entry, confidence=min(0.995, entry.confidence + 0.01)) if entry.path == "document.number" else entry for entry in fields]
    if any(mrz.look_alike(zone.number, other) for other in others):
        return [replace(entry, confidence=min(entry.confidence, 0.8)) if entry.path == "document.number" else entry for entry in fields]
    return fields


def names_in_print(zone: mrz.Zone, printed: Mapping[str, Field]) -> mrz.Zone | None:
    """The zone spelled as the ``printed`` names (path to field) are, where at most two letters differ and were read with doubt or are such as serifs
    make alike; each is a repair by ``visual_zone``. None where there is nothing to settle."""
    span = LAYOUTS[zone.format].names
    field = take(zone.lines, span)
    repaired = field
    for path, said in zip(("person.surname", "person.given_names"), names(zone.format, zone.lines), strict=True):
        entry = printed.get(path)
        read, wanted = said.replace(" ", "<"), mrz.fold_line(entry.value.replace(" ", "<").replace("-", "<")) if entry else ""
        apart = [(one, other) for one, other in zip(read, wanted, strict=False) if one != other]
        unsure = zone.spelled < DOUBTFUL or all(other in WITH_SERIFS.get(one, "") for one, other in apart)
        if entry is not None and entry.confidence >= SURE and read and len(read) == len(wanted) and len(apart) <= MOST_LETTERS and unsure:
            repaired = repaired.replace(read, wanted, 1)
    if repaired == field:
        return None
    line, start, _ = span
    repairs = [
        mrz.Repair(line + 1, start + place + 1, old, new, "visual_zone")
        for place, (old, new) in enumerate(zip(field, repaired, strict=True))
        if old != new
    ]
    whole = zone.lines[line][:start] + repaired + zone.lines[line][start + len(repaired) :]
    return replace(zone, lines=(*zone.lines[:line], whole, *zone.lines[line + 1 :]), repairs=(*zone.repairs, *repairs))

"""Names and numbers of a machine readable zone against the print on the same document."""

from __future__ import annotations

from dataclasses import replace

import pytest

from documents.fields import Field
from documents.readers import cross_check, mrz

READ = ("INUSA2145787679<<<<<<<<<<<<<<<", "8507284F2910091USA<<<<<<<<<<<8", "QUHNN<<SOPHHE<ANN<<<<<<<<<<<<<")


def zone(spelled: float, *lines: str) -> mrz.Zone:
    found = mrz.zone_from_text(lines or READ)
    assert found is not None
    return replace(found, spelled=spelled)


def printed(surname: str, given: str, confidence: float = 0.93) -> dict[str, Field]:
    return {
        "person.surname": Field("person.surname", surname, confidence, "ocr"),
        "person.given_names": Field("person.given_names", given, confidence, "ocr"),
    }


def test_letters_that_serifs_make_alike_are_spelled_as_printed() -> None:
    found = cross_check.names_in_print(zone(0.99), printed("Quinn", "Sophie Ann"))
    assert found is not None
    assert found.lines[2] == "QUINN<<SOPHIE<ANN<<<<<<<<<<<<<"
    assert [(r.line, r.position, r.read, r.became, r.constraint) for r in found.repairs] == [
        (3, 3, "H", "I", "visual_zone"),
        (3, 12, "H", "I", "visual_zone"),
    ]
    assert found.lines[:2] == READ[:2]


@pytest.mark.parametrize(
    ("spelled", "names", "confidence", "why"),
    [
        (0.99, ("QUAHN", "SOPHHE ANN"), 0.93, "read clearly, and no look-alikes"),
        (0.3, ("QUINN", "SOPHIE ANN"), 0.6, "the print is no surer"),
        (0.3, ("QUINNS", "SOPHIE ANNE"), 0.93, "of another length"),
        (0.3, ("MOORE", "ALFRED TOM"), 0.93, "another person's"),
        (0.3, ("QUHNN", "SOPHHE ANN"), 0.93, "the same"),
    ],
)
def test_the_zone_stays_as_read(spelled: float, names: tuple[str, str], confidence: float, why: str) -> None:
    assert cross_check.names_in_print(zone(spelled), printed(*names, confidence)) is None, why


def test_doubtful_letters_are_spelled_as_printed() -> None:
    found = cross_check.names_in_print(zone(0.4), printed("QUANN", "SOPHHE ANN"))
    assert found is not None
    assert found.lines[2].startswith("QUANN<<SOPHHE<ANN<<")
    assert cross_check.names_in_print(zone(0.4), {}) is None

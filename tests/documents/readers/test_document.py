"""Whole readings: which readers run, how their findings are merged, what comes out as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from documents.engines.base import Barcode, Face, Pixels, TextLine
from documents.engines.scripted import ScriptedBarcodes, ScriptedFaces, ScriptedText, ScriptedZone, lines
from documents.fields import Field
from documents.readers import Engines, compare_faces, default_engines, read_document, reading_as_json
from documents.readers.face import UNMEASURED, TooFewPairs, calibrate
from documents.readers.merge import agree, merge
from documents.readers.quality import measure, perceptual_hash, worst
from documents.specimens import draw
from documents.types import DOCUMENT_TYPES
from flows.errors import Refused

TODAY = date(2026, 1, 15)
ZONE = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
PAYLOAD = (
    b"@\n\x1e\rANSI 636053100101DL00310150DLDAQ123456789\nDCSSIMPSON\nDACHOMER\nDADNONE\n"
    b"DBB05121956\nDBA05122031\nDBD05122023\nDBC1\nDAG742 EVERGREEN TER\nDAISPRINGFIELD\nDAJTN\nDAK371720000  \nDCGUSA\r"
)
SYMBOL = Barcode("PDF417", PAYLOAD, PAYLOAD.decode(), ((10, 10), (200, 10), (200, 60), (10, 60)))
FRONT = [
    *lines("Tennessee", "DRIVER LICENSE"),
    *lines("4d DLN 123456789", "3 DOB 05/12/1956", "1 SIMPSON", "2 HOMER", "4b EXP 05/12/2031", left=300, top=100),
]


def png(width: int = 600, height: int = 400) -> bytes:
    stream = BytesIO()
    image = Image.new("RGB", (width, height), (180, 190, 200))
    ImageDraw.Draw(image).rectangle((width // 4, height // 4, width // 2, height // 2), fill=(40, 40, 60))
    image.save(stream, "PNG")
    return stream.getvalue()


def engines(
    *, text: list[list[TextLine]] | None = None, barcodes: list[list[Barcode]] | None = None, faces: list[list[Face]] | None = None
) -> Engines:
    return Engines(
        ScriptedText(answers=text or [[]]),
        ScriptedBarcodes(answers=barcodes or [[]]),
        ScriptedFaces(answers=faces or [[]]),
        ScriptedZone(reason="not here"),
    )


def test_a_passport_page() -> None:
    made = engines(text=[[*lines("PASSPORT", "Passport No.", "L898902C3"), *lines(*ZONE, top=300)]], faces=[[Face((20, 60, 120, 120), 0.8)]])
    reading = read_document({"front": png()}, document_type=DOCUMENT_TYPES[1], engines=made, today=TODAY)
    assert reading.mrz is not None
    assert (reading.mrz["format"], reading.mrz["valid"], reading.mrz["failed_checks"], reading.mrz["repairs"]) == ("TD3", True, [], [])
    assert (reading.classified["type"], reading.classified["country"], reading.classified["side"]) == ("passport", None, "front")
    assert [run.kind for run in reading.runs] == ["face", "mrz", "ocr"]
    assert reading.fields["document.number"].value == "L898902C3"
    assert reading.fields["document.number"].reader == "mrz"
    assert reading.fields["document.number"].confidence > 0.98
    assert reading.faces == [{"box": [20, 60, 120, 120], "quality": 0.8, "side": "front", "page": 1}]
    assert made.barcodes.seen == []


def test_a_licence_front_and_back() -> None:
    made = engines(text=[FRONT], barcodes=[[], [SYMBOL]])
    reading = read_document({"back": png(), "front": png()}, document_type=DOCUMENT_TYPES[2], engines=made, today=TODAY)
    assert reading.aamva is not None
    assert reading.aamva["document_number"] == "123456789"
    assert (reading.classified["type"], reading.classified["state"]) == ("driver_license", "TN")
    number = reading.fields["document.number"]
    assert (number.value, number.reader, number.side, number.box) == ("123456789", "barcode", "back", (10, 10, 190, 50))
    assert number.confidence > 0.99
    assert reading.fields["address.state"].value == "Tennessee"
    assert [(page.side, page.number) for page in reading.pages] == [("front", 1), ("back", 1)]
    assert len(made.text.seen) == 1, "a back whose barcode was read needs no OCR"
    by_reader = {run.kind: {field.path: field.value for field in run.fields} for run in reading.runs}
    assert by_reader["ocr"]["person.surname"] == "SIMPSON"


def test_contradiction_between_front_and_barcode_lowers_confidence() -> None:
    front = [line if "DLN" not in line.text else TextLine("4d DLN 987654321", 0.99, line.polygon) for line in FRONT]
    reading = read_document(
        {"front": png(), "back": png()}, document_type=DOCUMENT_TYPES[2], engines=engines(text=[front], barcodes=[[], [SYMBOL]]), today=TODAY
    )
    assert reading.fields["document.number"].value == "123456789"
    assert reading.fields["document.number"].confidence < 0.8
    assert (reading.fields["document.number"].agrees, reading.fields["document.number"].differs) == ((), ("ocr",))


def test_the_number_in_print_casts_doubt_on_a_look_alike() -> None:
    printed = lines("PASSPORT", "L8989O2C3")
    reading = read_document({"front": png()}, engines=engines(text=[[*printed, *lines(*ZONE, top=300)]]), kinds=["mrz"], today=TODAY)
    assert (reading.fields["document.number"].value, reading.fields["document.number"].confidence) == ("L898902C3", 0.8)


@pytest.mark.parametrize(("kinds", "ran"), [(["face"], {"face"}), (["barcode"], {"barcode"}), (["mrz"], {"ocr"}), (None, {"face", "barcode", "ocr"})])
def test_kinds_narrow_the_readers(kinds: list[str] | None, ran: set[str]) -> None:
    reading = read_document({"front": png()}, engines=engines(), kinds=kinds, today=TODAY)
    assert {run.kind for run in reading.runs} == ran


def test_a_selfie_is_not_read_for_text() -> None:
    made = engines(faces=[[Face((100, 100, 200, 200), 0.9)]])
    reading = read_document({"front": png()}, document_type=DOCUMENT_TYPES[61], engines=made, today=TODAY)
    assert made.text.seen == []
    assert reading.classified["type"] == "selfie"
    assert reading.fields == {}


def test_a_page_upside_down_is_turned() -> None:
    garbage = [TextLine("ɐıuoɟılɐɔ ʎ", 0.55, line.polygon) for line in lines("A" * 20, "B" * 20, "C" * 20)]
    made = engines(text=[garbage, lines("CALIFORNIA IDENTIFICATION", "EXPIRES 01/01/2030")])
    reading = read_document({"front": png(600, 400)}, engines=made, today=TODAY)
    assert (reading.pages[0].turned, reading.pages[0].rgb.shape) == (180, (400, 600, 3))
    assert reading.text == ["CALIFORNIA IDENTIFICATION", "EXPIRES 01/01/2030"]


def test_a_page_on_its_side_is_turned() -> None:
    tall = [TextLine("SOMETHING LONG", 0.9, ((x, 10), (x + 20, 10), (x + 20, 300), (x, 300))) for x in (10.0, 50.0, 90.0)]
    made = engines(text=[tall, lines("CALIFORNIA IDENTIFICATION", "EXPIRES 01/01/2030")])
    reading = read_document({"front": png(600, 400)}, engines=made, today=TODAY)
    assert (reading.pages[0].turned, reading.pages[0].width, reading.pages[0].height) == (90, 400, 600)


def test_json_of_a_reading() -> None:
    reading = read_document({"front": png(), "back": png()}, engines=engines(text=[FRONT], barcodes=[[], [SYMBOL]]), today=TODAY)
    answer = json.loads(json.dumps(reading_as_json(reading)))
    assert set(answer) == {"seconds", "pages", "classified", "mrz", "barcodes", "aamva", "fields", "text", "faces", "quality"}
    assert answer["fields"]["person.surname"] == {
        "value": "SIMPSON",
        "confidence": 0.995,
        "reader": "barcode",
        "side": "back",
        "page": 1,
        "box": [10, 10, 190, 50],
        "agrees": ["ocr"],
        "differs": [],
    }
    assert answer["barcodes"][0]["format"] == "PDF417"
    assert set(answer["quality"]) == {"width", "resolution", "blur", "glare", "exposure", "corners", "verdict", "advice"}


def test_a_blank_page_is_not_read() -> None:
    stream = BytesIO()
    Image.new("RGB", (600, 400), "white").save(stream, "PNG")
    made = engines()
    reading = read_document({"front": stream.getvalue()}, engines=made, today=TODAY)
    assert (made.text.seen, reading.fields, reading.text, reading.classified["type"]) == ([], {}, [], None)


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        read_document({"front": b"GIF89a"}, engines=engines())
    assert caught.value.code == "image_invalid"


def test_merging_prefers_the_stronger_reader_unless_it_is_unsure() -> None:
    mrz, ocr = Field("document.number", "A1", 0.35, "mrz"), Field("document.number", "A2", 0.9, "ocr")
    assert merge([mrz, ocr])["document.number"].value == "A2"
    assert merge([Field("document.number", "A1", 0.99, "mrz"), ocr])["document.number"].confidence == pytest.approx(0.742, abs=0.001)


@pytest.mark.parametrize(
    ("path", "one", "other", "same"),
    [
        ("person.given_names", "ANNA MARIA", "Anna", True),
        ("person.surname", "MÜLLER", "MULLER", True),
        ("person.surname", "WILSON", "WATSON", False),
        ("address.zip", "37172-1234", "37172", True),
        ("document.number", "AB-12", "AB12", True),
        ("document.number", "AB12", "AB13", False),
    ],
)
def test_agreement(path: str, one: str, other: str, same: bool) -> None:
    assert agree(path, one, other) is same


def test_faces_are_graded_by_distance() -> None:
    page = np.zeros((300, 300, 3), np.uint8)
    face = [[Face((50, 50, 100, 100), 0.9)]]
    grades = {apart: compare_faces(page, page, engine=ScriptedFaces(answers=face, apart=apart)) for apart in (0.2, 0.5, 0.53, 0.59, 0.61, 0.9)}
    assert [(match.level, match.same) for match in grades.values()] == [
        ("strong", True), ("strong", True), ("moderate", True), ("moderate", False), ("weak", False), ("weak", False),
    ]  # fmt: skip
    scores = [match.score for match in grades.values()]
    assert scores == sorted(scores, reverse=True)
    nobody = compare_faces(page, page, engine=ScriptedFaces())
    assert (nobody.level, nobody.same, nobody.score, nobody.reason) == ("not_assessed", None, None, "no face found on A and B")
    tiny = compare_faces(page, page, engine=ScriptedFaces(answers=[[Face((0, 0, 20, 20), 0.9)]]))
    assert (tiny.level, tiny.reason) == ("not_assessed", "a face is too small to compare")


def test_a_rate_of_false_matches_is_measured_or_not_claimed() -> None:
    strangers = [index / 10_000 for index in range(4000)]
    found = calibrate([0.35, 0.5, 0.9, 0.95], strangers, rate=0.001, moderate=0.3)
    assert sum(score >= found.strong for score in strangers) == 4
    assert (found.false_match_rate, found.missed, found.strangers) == (0.001, 0.25, 4000)
    with pytest.raises(TooFewPairs, match="30000 pairs"):
        calibrate([0.9], strangers, rate=0.0001, moderate=0.3)
    assert UNMEASURED.false_match_rate is None


@given(st.lists(st.floats(0, 0.99), min_size=30, max_size=300), st.sampled_from([0.1, 0.2, 0.5]))
def test_no_calibration_lets_more_strangers_match_than_it_says(strangers: list[float], rate: float) -> None:
    found = calibrate([], strangers, rate=rate, moderate=0.3)
    matched = sum(score >= found.strong for score in strangers) / len(strangers)
    assert found.false_match_rate == matched <= rate
    assert found.missed is None
    assert found.moderate <= found.strong


def test_a_perceptual_hash_tells_pictures_apart_and_knows_one_again() -> None:
    def apart(one: Pixels, other: Pixels) -> int:
        return (int(perceptual_hash(one), 16) ^ int(perceptual_hash(other), 16)).bit_count()

    front, back = (np.asarray(Image.open(BytesIO(draw("driver_license", seed=4).jpeg(side))).convert("RGB")) for side in ("front", "back"))
    again = np.asarray(Image.fromarray(front).resize((900, 567)).point(lambda value: min(255, value + 12)))
    assert len(perceptual_hash(front)) == 16
    assert apart(front, again) <= 10
    assert apart(front, back) > 10


def test_with_faces_switched_off_everything_else_is_read() -> None:
    made = replace(engines(text=[[*lines("PASSPORT", "Passport No.", "L898902C3"), *lines(*ZONE, top=300)]]), faces=None)
    reading = read_document({"front": png()}, document_type=DOCUMENT_TYPES[1], engines=made, today=TODAY)
    run = next(run for run in reading.runs if run.kind == "face")
    assert (reading.faces, run.engine, run.details) == ([], "off", {"available": False, "reason": "switched off"})
    assert reading.fields["document.number"].value == "L898902C3"
    assert default_engines(faces="off").faces is None
    undeclared = read_document({"front": png()}, engines=made, today=TODAY)
    assert undeclared.faces == []


def test_quality_is_measured_and_judged() -> None:
    rng = np.random.default_rng(1)
    sharp = np.asarray(rng.integers(60, 190, (700, 1100, 3)), dtype=np.uint8)
    good = measure(sharp)
    assert (good["width"], good["verdict"], good["advice"]) == (1100, "good", [])
    flat = measure(np.full((400, 450, 3), 30, np.uint8))
    assert (flat["blur"], flat["exposure"], flat["verdict"]) == (0.0, 30.0, "unusable")
    assert flat["advice"] == [
        "Move closer: the document should fill the picture.",
        "Hold still and let the camera focus.",
        "Use even, brighter light.",
    ]
    assert worst([good, flat]) == flat
    scan = measure(np.full((1000, 1100, 3), 255, np.uint8))
    assert (scan["glare"], scan["exposure"]) == (None, None)


@pytest.mark.engine
def test_a_drawn_card_is_read_end_to_end() -> None:
    image = Image.new("RGB", (1012, 638), (225, 232, 240))
    draw = ImageDraw.Draw(image)
    font, large = ImageFont.load_default(size=30), ImageFont.load_default(size=54)
    draw.text((40, 30), "TENNESSEE", fill="black", font=large)
    draw.text((560, 40), "DRIVER LICENSE", fill="black", font=font)
    for row, text in enumerate(
        ("4d DLN 123456789", "3 DOB 05/12/1956", "4b EXP 05/12/2031", "1 SIMPSON", "2 HOMER", "8 742 EVERGREEN TER", "SPRINGFIELD, TN 37172")
    ):
        draw.text((400, 130 + 52 * row), text, fill=(20, 20, 20), font=font)
    stream = BytesIO()
    image.rotate(180).save(stream, "PNG")
    reading = read_document({"front": stream.getvalue()}, document_type=DOCUMENT_TYPES[2], engines=default_engines(), today=TODAY)
    values = {
        path: reading.fields[path].value
        for path in ("document.number", "person.date_of_birth", "document.expiration_date", "person.full_name", "address.full")
    }
    assert values == {
        "document.number": "123456789",
        "person.date_of_birth": "1956-05-12",
        "document.expiration_date": "2031-05-12",
        "person.full_name": "SIMPSON HOMER",
        "address.full": "742 EVERGREEN TER, SPRINGFIELD, TN 37172",
    }
    assert (reading.pages[0].turned, reading.classified["type"], reading.classified["state"]) == (180, "driver_license", "TN")

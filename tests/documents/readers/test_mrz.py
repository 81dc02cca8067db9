"""Machine readable zones: check digits, layouts, fitting, repair. Zones are built by the tests' own encoder, after ICAO Doc 9303."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.engines.base import TextLine
from documents.engines.scripted import lines
from documents.readers import mrz
from documents.readers.mrz_layout import LAYOUTS, check_digit, document_number, failed_checks, names

ICAO_TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
ICAO_TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
ICAO_TD2 = ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6")
ICAO_MRVA = ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8988901C4XXX4009078F96121096ZE184226B<<<<<<")
ICAO_MRVB = ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<")
TODAY = date(2026, 1, 15)


def td3(
    number: str, surname: str, given: str, *, birth: str = "850101", expiry: str = "300101", sex: str = "F", nation: str = "UTO", personal: str = ""
) -> tuple[str, str]:
    first = f"P<{nation}{surname}<<{given}".ljust(44, "<")[:44]
    number, personal = number.ljust(9, "<"), personal.ljust(14, "<")
    digits = number + check_digit(number), birth + check_digit(birth), expiry + check_digit(expiry), personal + check_digit(personal)
    second = f"{digits[0]}{nation}{digits[1]}{sex}{digits[2]}{digits[3]}"
    return first, second + check_digit(digits[0] + digits[1] + digits[2] + digits[3])


def td1(number: str, surname: str, given: str, *, birth: str = "850101", expiry: str = "300101") -> tuple[str, str, str]:
    head = number[:9].ljust(9, "<")
    tail = "<" + number[9:] + check_digit(number) if len(number) > 9 else check_digit(head)
    first = f"I<UTO{head}{tail}".ljust(30, "<")
    second = f"{birth}{check_digit(birth)}F{expiry}{check_digit(expiry)}UTO".ljust(29, "<")
    composite = check_digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
    return first, second + composite, f"{surname}<<{given}".ljust(30, "<")[:30]


@pytest.mark.parametrize(
    ("text", "digit"), [("D23145890", "7"), ("740812", "2"), ("120415", "9"), ("L898902C3", "6"), ("ZE184226B<<<<<", "1"), ("", "0")]
)
def test_check_digits_of_the_standard(text: str, digit: str) -> None:
    assert check_digit(text) == digit


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<", min_size=1, max_size=20), st.integers(0, 19), st.integers(1, 9))
def test_any_single_changed_digit_changes_the_check_digit(text: str, place: int, step: int) -> None:
    place %= len(text)
    if text[place].isdigit() and step != 5 and step % 2:
        changed = text[:place] + str((int(text[place]) + step) % 10) + text[place + 1 :]
        assert check_digit(changed) != check_digit(text)


@pytest.mark.parametrize(
    ("format_", "zone", "number"),
    [
        ("TD3", ICAO_TD3, "L898902C3"),
        ("TD1", ICAO_TD1, "D23145890"),
        ("TD2", ICAO_TD2, "D23145890"),
        ("MRVA", ICAO_MRVA, "L8988901C"),
        ("MRVB", ICAO_MRVB, "L8988901C"),
    ],
)
def test_specimens_of_the_standard_are_read_exactly(format_: str, zone: tuple[str, ...], number: str) -> None:
    found = mrz.find_zone(lines("UTOPIA", "Surname / Nom", "ERIKSSON", *zone))
    assert found is not None
    assert (found.format, found.lines, found.failed, found.repairs, found.number) == (format_, zone, (), (), number)
    assert names(format_, zone) == ("ERIKSSON", "ANNA MARIA")


def test_fields_of_a_passport() -> None:
    found = mrz.find_zone(lines(*ICAO_TD3))
    assert found is not None
    values = {field.path: field.value for field in mrz.fields(found, today=TODAY)}
    assert values == {
        "person.surname": "ERIKSSON",
        "person.given_names": "ANNA MARIA",
        "person.full_name": "ERIKSSON ANNA MARIA",
        "person.date_of_birth": "1974-08-12",
        "person.sex": "F",
        "person.nationality": "UTO",
        "document.number": "L898902C3",
        "document.expiration_date": "2012-04-15",
        "document.country_code": "UTO",
        "document.issuing_entity": "Utopia",
    }


def test_wrong_printed_digits_are_reported_as_printed() -> None:
    wrong = (ICAO_TD3[0], ICAO_TD3[1][:9] + "5" + ICAO_TD3[1][10:])
    found = mrz.find_zone(lines(*wrong))
    assert found is not None
    assert (found.lines, found.failed, found.valid) == (wrong, ("number", "composite"), False)
    confidence = {field.path: field.confidence for field in mrz.fields(found, today=TODAY)}
    assert confidence["document.number"] == 0.35


def test_what_the_layout_forces_is_taken_and_recorded() -> None:
    zone = (ICAO_TD3[0].replace("ERIKSSON", "ERIKSS0N"), ICAO_TD3[1].replace("740812", "74O8I2"))
    found = mrz.find_zone(lines(*zone))
    assert found is not None
    assert found.lines == ICAO_TD3
    assert {(r.line, r.position, r.read, r.became, r.constraint) for r in found.repairs} == {
        (1, 12, "0", "O", "letters"),
        (2, 16, "O", "0", "digits"),
        (2, 18, "I", "1", "digits"),
    }
    assert found.guessed == 0


def test_one_look_alike_is_repaired_when_all_digits_then_hold() -> None:
    first, second = td3("X5O2811C4", "DOE", "JANE")
    found = mrz.find_zone(lines(first, second.replace("X5O2", "X502")))
    assert found is not None
    assert found.lines == (first, second)
    assert [(r.line, r.position, r.read, r.became, r.constraint) for r in found.repairs] == [(2, 3, "0", "O", "check_digit:number")]
    number = next(field for field in mrz.fields(found, today=TODAY) if field.path == "document.number")
    assert (number.value, number.confidence) == ("X5O2811C4", 0.7)


def test_two_look_alikes_are_left_to_a_person() -> None:
    first, second = td3("XOO2811C4", "DOE", "JANE")
    found = mrz.find_zone(lines(first, second.replace("XOO2", "X002")))
    assert found is not None
    assert "number" in found.failed or found.number == "X002811C4"
    assert found.guessed == 0


@pytest.mark.parametrize("lost", [1, 3, 6, 12])
def test_lost_trailing_fillers_are_given_back(lost: int) -> None:
    found = mrz.find_zone(lines(ICAO_TD3[0][:-lost], ICAO_TD3[1]))
    assert found is not None
    assert found.lines == ICAO_TD3


def test_signs_of_other_scripts_are_folded() -> None:
    found = mrz.find_zone(lines(ICAO_TD3[0].replace("<<<<<<", "くく＜‹«"), ICAO_TD3[1].replace("UTO", "UТО")))
    assert found is not None
    assert found.lines == ICAO_TD3


def test_fragments_on_one_baseline_are_joined() -> None:
    first, second = lines(*ICAO_TD3)
    (x0, y0), _, _, (_, y1) = second.polygon
    left = TextLine(second.text[:20], 0.99, ((x0, y0), (x0 + 220, y0), (x0 + 220, y1), (x0, y1)))
    right = TextLine(second.text[20:], 0.99, ((x0 + 221, y0), (x0 + 484, y0), (x0 + 484, y1), (x0 + 221, y1)))
    found = mrz.find_zone([first, right, left])
    assert found is not None
    assert found.lines == ICAO_TD3


def test_long_document_numbers_run_on() -> None:
    zone = td1("D23145890734", "ERIKSSON", "ANNA")
    assert failed_checks("TD1", zone) == ()
    assert document_number("TD1", zone) == "D23145890734"
    found = mrz.find_zone(lines(*zone))
    assert found is not None
    assert (found.lines, found.number) == (zone, "D23145890734")


def test_the_french_card_of_1988() -> None:
    first = "IDFRAMARTIN<<<<<<<<<<<<<<<<<<<<751234"
    first = first[:36]
    number, birth = "960575123456", "800214"
    second = f"{number}{check_digit(number)}{'JEANNE<MARIE'.ljust(14, '<')}{birth}{check_digit(birth)}F"
    zone = (first, second + check_digit(first + second))
    found = mrz.find_zone(lines(*zone))
    assert found is not None
    assert (found.format, found.lines, found.valid, found.number) == ("FRA1988", zone, True, number)
    assert names("FRA1988", zone) == ("MARTIN", "JEANNE MARIE")


def test_the_french_licence_of_2013() -> None:
    head = "D1FRA17AB12345"
    line = head + check_digit(head) + "320514" + "DURAND<<"
    line += check_digit(line)
    found = mrz.find_zone(lines(line))
    assert found is not None
    assert (found.format, found.lines, found.valid, found.number) == ("FRA2013", (line,), True, "17AB12345")
    values = {field.path: field.value for field in mrz.fields(found, today=TODAY)}
    assert values == {
        "person.surname": "DURAND",
        "document.number": "17AB12345",
        "document.expiration_date": "2032-05-14",
        "document.country_code": "FRA",
        "document.issuing_entity": "France",
    }
    other = line[:-1] + str((int(line[-1]) + 1) % 10)
    assert mrz.find_zone(lines(other)) is None, "one line alone proves itself by both of its check digits"


@pytest.mark.parametrize(
    ("birth", "expiry", "born", "expires"),
    [
        ("740812", "120415", date(1974, 8, 12), date(2012, 4, 15)),
        ("260301", "300101", date(1926, 3, 1), date(2030, 1, 1)),
        ("250301", "300101", date(2025, 3, 1), date(2030, 1, 1)),
        ("400907", "961210", date(1940, 9, 7), date(1996, 12, 10)),
        ("110229", "160906", None, date(2016, 9, 6)),
    ],
)
def test_two_digit_years_take_their_century_from_what_is_possible(birth: str, expiry: str, born: date | None, expires: date) -> None:
    found = mrz.find_zone(lines(*td3("X12345678", "DOE", "JANE", birth=birth, expiry=expiry)))
    assert found is not None
    assert mrz.dates(found, TODAY) == (born, expires)


@pytest.mark.parametrize(
    "text",
    [
        ("Use <angle> brackets <like> this <<in>> ordinary prose about <markup>", "and a second line of the same <<<kind>>> of thing to be sure"),
        ("PASSPORT NO 123456789 DATE OF BIRTH 01 JAN 1980 SEX F", "ISSUED 01 JAN 2020 EXPIRES 01 JAN 2030 AUTHORITY UTOPIA"),
        ("P<USAROSE<<JANE<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "349587345029USA1909381M23948203923440599834983457"),
        ("INVOICE 0001234567890123456789012", "TOTAL 1234567890123456789012345678"),
    ],
)
def test_prose_and_imitations_are_no_zone(text: tuple[str, ...]) -> None:
    assert mrz.find_zone(lines(*text)) is None


NUMBERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=6, max_size=9)
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=10)
DATES = st.dates(date(1930, 1, 1), date(2029, 12, 31)).map(lambda day: day.strftime("%y%m%d"))


@settings(max_examples=120, deadline=None)
@given(NUMBERS, WORDS, WORDS, DATES, DATES)
def test_every_encoded_passport_is_read_back_exactly(number: str, surname: str, given_names: str, birth: str, expiry: str) -> None:
    zone = td3(number, surname, given_names, birth=birth, expiry=expiry)
    found = mrz.find_zone(lines(*zone))
    assert found is not None
    assert (found.format, found.lines, found.valid, found.repairs) == ("TD3", zone, True, ())
    assert (found.number, names("TD3", zone)) == (number, (surname, given_names))


@settings(max_examples=120, deadline=None)
@given(NUMBERS, DATES, st.integers(0, 43), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"))
def test_repair_never_alters_a_printed_check_digit(number: str, birth: str, place: int, misread: str) -> None:
    first, second = td3(number, "DOE", "JANE", birth=birth)
    found = mrz.find_zone(lines(first, second[:place] + misread + second[place + 1 :]))
    if found is None or found.format != "TD3":
        return
    digits = {(check.at[0] + 1, check.at[1] + 1) for check in LAYOUTS["TD3"].checks}
    assert not [repair for repair in found.repairs if (repair.line, repair.position) in digits and repair.read.isdigit()]
    assert found.guessed <= 1


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=5))
def test_arbitrary_text_never_raises(texts: list[str]) -> None:
    mrz.find_zone(lines(*texts))


@pytest.mark.parametrize(
    ("one", "other", "alike"), [("X5O2", "X502", True), ("X502", "X502", False), ("AB12", "AC12", False), ("AB1", "AB12", False)]
)
def test_look_alikes(one: str, other: str, alike: bool) -> None:
    assert mrz.look_alike(one, other) is alike

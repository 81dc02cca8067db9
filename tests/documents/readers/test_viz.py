"""The visual zone: numbered and worded labels, values behind, right of and below them, and what is inferred."""

from __future__ import annotations

from datetime import date

import pytest

from documents.engines.base import TextLine
from documents.fields import Field
from documents.readers import viz

TODAY = date(2026, 1, 15)


def at(text: str, left: float, top: float, height: float = 20) -> TextLine:
    width = 0.55 * height * len(text)
    return TextLine(text, 1.0, ((left, top), (left + width, top), (left + width, top + height), (left, top + height)))


def read(*lines: TextLine, state: str = "TN", country: str = "USA", kind: str = "driver_license") -> dict[str, Field]:
    return {field.path: field for field in viz.read(lines, state=state, country=country, kind=kind, zone=None, today=TODAY)}


NUMBERED = (
    at("Tennessee", 20, 10, 40),
    at("DRIVER LICENSE", 400, 20, 30),
    at("4d DLN 123456789", 500, 90),
    at("3 DOB 05/12/1956", 500, 120),
    at("1 SIMPSON", 300, 160),
    at("2 HOMER JAY", 300, 190),
    at("8 742 EVERGREEN TER", 300, 220),
    at("APT 3", 318, 245),
    at("SPRINGFIELD, TN 37172-1234", 318, 270),
    at("4b EXP 05/12/2031 4a ISS 05/12/2023", 300, 310),
    at("15 SEX M 16 HGT 6'-01\"", 300, 340),
    at("5 DD 20230512000123", 300, 370),
)


def test_a_licence_with_numbered_fields() -> None:
    values = {path: field.value for path, field in read(*NUMBERED).items()}
    assert values == {
        "person.date_of_birth": "1956-05-12",
        "document.expiration_date": "2031-05-12",
        "document.issue_date": "2023-05-12",
        "document.number": "123456789",
        "person.sex": "M",
        "address.full": "742 EVERGREEN TER, APT 3, SPRINGFIELD, TN 37172-1234",
        "address.street": "742 EVERGREEN TER, APT 3",
        "address.city": "SPRINGFIELD",
        "address.state": "Tennessee",
        "address.zip": "37172-1234",
        "address.country": "USA",
        "person.surname": "SIMPSON",
        "person.given_names": "HOMER JAY",
        "person.full_name": "SIMPSON HOMER JAY",
        "document.issuing_entity": "Tennessee",
        "document.country_code": "USA",
    }


def test_values_have_their_place() -> None:
    assert read(*NUMBERED)["document.number"].box == (500, 90, 176, 20)


def test_values_below_and_right_of_their_labels() -> None:
    found = read(
        at("4d NUMBER", 500, 90, 14), at("S99988801", 500, 106), at("DOB:", 300, 160), at("03/23/1988", 380, 160), at("EXP:", 300, 190),
        at("03/23/2026", 380, 190),
        at("LN", 300, 220, 14), at("SAMPLE", 330, 218), at("FN", 300, 250, 14), at("CONNOR", 330, 248), at("SEX: F", 500, 220), state="MA",
    )  # fmt: skip
    values = {
        path: found[path].value
        for path in ("document.number", "person.date_of_birth", "document.expiration_date", "person.surname", "person.given_names", "person.sex")
    }
    assert values == {
        "document.number": "S99988801",
        "person.date_of_birth": "1988-03-23",
        "document.expiration_date": "2026-03-23",
        "person.surname": "SAMPLE",
        "person.given_names": "CONNOR",
        "person.sex": "F",
    }


def test_dates_without_labels_are_inferred_with_less_confidence() -> None:
    found = read(at("01/12/2016", 300, 100), at("01/12/2021", 300, 140), at("01/12/1959", 300, 180))
    assert found["person.date_of_birth"].value == "1959-01-12"
    assert (found["document.issue_date"].value, found["document.expiration_date"].value) == ("2016-01-12", "2021-01-12")
    assert all(found[path].confidence <= 0.75 for path in ("person.date_of_birth", "document.issue_date", "document.expiration_date"))


def test_impossible_order_of_dates_is_not_believed() -> None:
    found = read(at("DOB 01/01/2020", 300, 100), at("EXP 01/01/2010", 300, 140))
    assert found["person.date_of_birth"].confidence < 0.6


def test_a_number_is_put_into_its_states_form() -> None:
    found = read(at("DL 01234567", 300, 100), state="CA")["document.number"]
    assert (found.value, found.confidence) == ("O1234567", 0.8)
    assert read(at("DLN A1234567", 300, 100), state="CA")["document.number"].confidence > 0.9


def test_a_field_number_glued_to_the_street_is_taken_off() -> None:
    card = (
        at("1TALBOT", 300, 100),
        at("2LIAM R.", 300, 130),
        at("4aISS01/06/2015", 500, 130),
        at("8123 MAIN STREET", 300, 170),
        at("SEATTLE WA 99999-1234", 308, 195),
    )
    found = read(*card, state="WA")
    assert (found["address.street"].value, found["person.surname"].value, found["person.given_names"].value) == (
        "123 MAIN STREET",
        "TALBOT",
        "LIAM R.",
    )


def test_a_passport_page_with_labels_in_three_languages() -> None:
    found = read(
        at("Surname / Nom / Apellidos", 300, 100, 16), at("TRAVELER", 300, 122), at("Given names / Prénoms / Nombres", 300, 150, 16),
        at("HAPPY", 300, 172),
        at("Nationality / Nationalité", 300, 200, 16), at("UNITED STATES OF AMERICA", 300, 222),
        at("Date of birth / Date de naissance", 300, 250, 16), at("05 Feb 1965", 300, 272),
        at("Date of issue / Date de délivrance", 300, 300, 16), at("15 0CT 2020", 300, 322),
        at("Date of expiration / Date d'expiration", 300, 350, 16), at("14 OCT 2030", 300, 372),
        at("Authority / Autorité", 300, 400, 16), at("United States Department of State", 300, 422), at("Sex / Sexe / Sexo", 600, 250, 16),
        at("F", 600, 272),
        state="", kind="passport",
    )  # fmt: skip
    assert {path: field.value for path, field in found.items()} == {
        "person.surname": "TRAVELER",
        "person.given_names": "HAPPY",
        "person.full_name": "TRAVELER HAPPY",
        "person.nationality": "USA",
        "person.date_of_birth": "1965-02-05",
        "document.issue_date": "2020-10-15",
        "document.expiration_date": "2030-10-14",
        "document.issuing_entity": "United States Department of State",
        "document.country_code": "USA",
        "person.sex": "F",
    }


@pytest.mark.parametrize("text", ["", "DOB", "4d", "8", "1", "EXP EXP EXP", "SEX", "4d DLN NONE", "ADDRESS ADDRESS"])
def test_labels_without_values_give_nothing(text: str) -> None:
    assert not {"document.number", "person.date_of_birth", "person.surname", "person.sex", "address.street"} & set(read(at(text, 300, 100)))


def test_a_name_without_label_and_address_is_the_only_line_of_its_kind() -> None:
    card = (at("NEVADA", 20, 10, 40), at("DRIVER'S LICENSE", 400, 20), at("ALEX MORGAN", 300, 80, 30), at("DOB: 03/23/1988", 300, 140))
    found = read(*card, state="NV")
    assert (found["person.surname"].value, found["person.given_names"].value) == ("MORGAN", "ALEX")
    assert found["person.surname"].confidence < 0.6
    assert "person.surname" not in read(*card, at("SAM TAYLOR", 300, 110, 30), state="NV"), "two such lines tell nothing"


@pytest.mark.parametrize(
    ("lines", "kind", "names"),
    [
        (
            (at("Department of Transportation", 300, 60), at("LINDQVIST, OLIVIA LYNN", 300, 120), at("Employee", 300, 160)),
            "access_card",
            ("LINDQVIST", "OLIVIA LYNN"),
        ),
        (
            (at("UNIVERSITY OF LAKEMONT", 20, 10), at("STUDENT IDENTIFICATION CARD", 20, 60), at("HECTOR STEVENS", 300, 120)),
            "university_id",
            ("STEVENS", "HECTOR"),
        ),
        (
            (at("ESTADOS UNIDOS MEXICANOS", 20, 10), at("IBARRA", 300, 120), at("DIANA ROSE", 301, 150), at("CONSULADO EN HOUSTON", 600, 240)),
            "matricula_consular",
            ("IBARRA", "DIANA ROSE"),
        ),
        ((at("VAN DER BERG", 300, 120), at("BEATRIZ ANN", 301, 150)), "matricula_consular", None),
        ((at("IBARRA", 300, 120), at("DIANA", 301, 150), at("HECTOR", 302, 180)), "matricula_consular", None),
        ((at("HECTOR STEVENS", 300, 120), at("OLIVIA LINDQVIST", 600, 220)), "university_id", None),
    ],
)
def test_names_whose_labels_were_not_read_are_told_by_their_form_or_left_out(
    lines: tuple[TextLine, ...], kind: str, names: tuple[str, str] | None
) -> None:
    found = read(*lines, state="", country="", kind=kind)
    if names is None:
        assert not any("name" in path for path in found)
    else:
        assert (found["person.surname"].value, found["person.given_names"].value) == names
        assert max(found[path].confidence for path in ("person.surname", "person.given_names", "person.full_name")) < 0.6


def test_a_consular_number_without_its_label_is_the_only_one_of_its_length() -> None:
    card = (at("MATRICULA CONSULAR", 20, 10), at("438446589", 300, 120), at("07 JUN 2025", 600, 120))
    assert read(*card, state="", country="MEX", kind="matricula_consular")["document.number"].value == "438446589"
    assert "document.number" not in read(*card, at("438446580", 300, 160), state="", country="MEX", kind="matricula_consular")


def test_an_address_whose_city_stands_behind_the_street() -> None:
    card = (at("ALEX MORGAN", 300, 80, 30), at("12 Main Street, Reno,", 300, 115), at("NV 89501", 300, 140), at("DOB: 03/23/1988", 300, 200))
    found = read(*card, state="NV")
    assert {path: found[f"address.{path}"].value for path in ("street", "city", "zip", "full")} == {
        "street": "12 Main Street", "city": "Reno", "zip": "89501", "full": "12 Main Street, Reno, NV 89501",
    }  # fmt: skip
    assert found["person.surname"].value == "MORGAN"
    misprinted = read(*card[:2], at("NV 895011", 300, 140), state="NV")
    assert (misprinted["address.zip"].value, misprinted["address.city"].value) == ("895011", "Reno")
    assert misprinted["address.zip"].confidence < 0.6 < misprinted["address.city"].confidence


def test_a_licence_of_the_european_model() -> None:
    found = read(
        at("PERMIS DE CONDUIRE", 300, 20, 30), at("1. MARTIN", 300, 80), at("2. PAUL", 300, 110), at("3. 14.07.1981 (LYON)", 300, 140),
        at("4a. 01.03.2023", 300, 170), at("4b. 31.12.2033", 300, 200), at("5. 13AA00001", 300, 230), state="", country="FRA",
    )  # fmt: skip
    assert {path: found[path].value for path in found if path.startswith(("person", "document.n", "document.exp", "document.issue_"))} == {
        "person.surname": "MARTIN",
        "person.given_names": "PAUL",
        "person.full_name": "MARTIN PAUL",
        "person.date_of_birth": "1981-07-14",
        "document.number": "13AA00001",
        "document.issue_date": "2023-03-01",
        "document.expiration_date": "2033-12-31",
    }


def test_labels_read_without_their_spaces() -> None:
    glued = (
        at("ARIZONA", 20, 10, 40), at("DRIVER LICENSE", 400, 20, 30), at("9CLASS D", 700, 90), at("4dDL NO.D07418863", 300, 90),
        at("1WASHINGTON", 300, 130),
        at("2LUCIA MARISOL", 300, 160), at("87721 W PALO VERDE RD", 300, 190), at("GLENDALE, AZ 85302", 300, 215), at("3DOB03/17/1991", 300, 250),
        at("4bEXP 03/17/2056", 300, 280), at("4aISS 05/09/2022", 300, 310), at("15SEXF16HGT 5'-03", 300, 340),
    )  # fmt: skip
    values = {path: field.value for path, field in read(*glued, state="AZ").items()}
    assert {path: values[path] for path in values if path.startswith(("person", "document", "address.street"))} == {
        "document.number": "D07418863", "person.surname": "WASHINGTON", "person.given_names": "LUCIA MARISOL",
        "person.full_name": "WASHINGTON LUCIA MARISOL",
        "person.date_of_birth": "1991-03-17", "document.expiration_date": "2056-03-17", "document.issue_date": "2022-05-09", "person.sex": "F",
        "address.street": "7721 W PALO VERDE RD", "document.issuing_entity": "Arizona", "document.country_code": "USA",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "surname", "given"),
    [
        ((at("1, 2 NAME", 300, 100), at("HUTCHINSON,", 300, 126), at("WILLIAM RANDOLPH", 300, 152)), "HUTCHINSON", "WILLIAM RANDOLPH"),
        ((at("1,2 HENDRIK JOHN VANDENBERG", 300, 100),), "VANDENBERG", "HENDRIK JOHN"),
        ((at("1 LAST NAME", 300, 100), at("SCHAEFER", 300, 126), at("2 FIRST / MIDDLE NAME", 300, 160), at("EMILY", 300, 186)), "SCHAEFER", "EMILY"),
        ((at("LN VANDERHOEK", 300, 100), at("FN THEODORE", 300, 130), at("9 GORGAS LN NW", 300, 160)), "VANDERHOEK", "THEODORE"),
    ],
)  # fmt: skip
def test_names_under_the_labels_of_several_states(lines: tuple[TextLine, ...], surname: str, given: str) -> None:
    found = read(*lines)
    assert (found["person.surname"].value, found["person.given_names"].value) == (surname, given)


@pytest.mark.parametrize(
    ("line", "number"),
    [("4d LIC. NO.M550-2047-3158", "M550-2047-3158"),
     ("4d LIC NO V 536 104 418 827", "V536104418827"), ("NO.8844182", "8844182"), ("4dDL NO 9CLASS", "")],
)  # fmt: skip
def test_numbers_behind_the_labels_of_several_states(line: str, number: str) -> None:
    found = read(at(line, 300, 100))
    assert (found["document.number"].value if "document.number" in found else "") == number

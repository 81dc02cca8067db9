"""Letters: the addressee's name and address against the issuer's, the issuer, the date."""

from __future__ import annotations

from datetime import date

import pytest

from documents.engines.base import TextLine
from documents.fields import Field
from documents.readers import address

TODAY = date(2026, 1, 15)
SIZE = (1000, 1300)


def at(text: str, left: float, top: float, height: float = 20) -> TextLine:
    width = 0.55 * height * len(text)
    return TextLine(text, 1.0, ((left, top), (left + width, top), (left + width, top + height), (left, top + height)))


def column(left: float, top: float, *texts: str) -> list[TextLine]:
    return [at(text, left, top + 26 * row) for row, text in enumerate(texts)]


def read(*lines: TextLine) -> dict[str, Field]:
    return {field.path: field for field in address.read(lines, SIZE, today=TODAY)}


ISSUER = [at("Springfield Power & Light", 60, 40, 40), *column(60, 100, "100 Reactor Road", "Springfield, IL 62701")]
BILL = [
    *ISSUER,
    at("ELECTRIC BILL", 700, 50, 26),
    *column(60, 300, "HOMER J SIMPSON", "742 EVERGREEN TER APT 3", "SPRINGFIELD IL 62704-1234"),
    at("Statement date: 12/20/2025", 640, 150),
    at("Due date: 01/10/2026", 640, 180),
    at("Account number: 123-456-789", 640, 210),
]


def test_a_bill_with_a_window_address() -> None:
    found = read(*BILL)
    assert {path: field.value for path, field in found.items()} == {
        "person.full_name": "HOMER J SIMPSON",
        "person.surname": "SIMPSON",
        "person.given_names": "HOMER J",
        "address.full": "742 EVERGREEN TER APT 3, SPRINGFIELD IL 62704-1234",
        "address.street": "742 EVERGREEN TER APT 3",
        "address.city": "SPRINGFIELD",
        "address.state": "Illinois",
        "address.zip": "62704-1234",
        "address.country": "USA",
        "document.country_code": "USA",
        "document.number": "123-456-789",
        "statement.issuer": "Springfield Power & Light",
        "statement.date": "2025-12-20",
    }
    assert found["address.full"].box == (60, 300, 275, 72)


def test_the_issuers_address_alone_is_not_the_persons() -> None:
    found = read(*ISSUER, at("Date: 12/20/2025", 640, 150))
    assert "address.full" not in found
    assert found["statement.issuer"].value == "Springfield Power & Light"


def test_labels_tell_bill_to_from_ship_to_and_from() -> None:
    lines = [
        *column(60, 200, "FROM", "East Repair Inc.", "1912 Harvest Lane", "New York, NY 12210"),
        *column(400, 200, "SHIP TO", "Ann Other", "9 Elsewhere St", "Albany, NY 12207"),
        *column(700, 200, "BILL TO", "John Smith", "2 Court Square", "New York, NY 12210"),
        at("INVOICE DATE 11/02/2019", 60, 340),
        at("DUE DATE 26/02/2019", 60, 370),
    ]
    found = read(*lines)
    assert (found["person.full_name"].value, found["address.full"].value) == ("John Smith", "2 Court Square, New York, NY 12210")
    assert found["statement.date"].value == "2019-02-11"
    assert found["statement.issuer"].value == "East Repair Inc."


@pytest.mark.parametrize(
    ("lines", "street", "city", "state", "postal", "country"),
    [
        (("Ann Example", "640 GRAHAM MILLS, KENNETHVIEW, NJ 07419"), "640 GRAHAM MILLS", "KENNETHVIEW", "New Jersey", "07419", "USA"),
        (("Ann Example", "28285 Maggie Club, Almetaton,", "Texas 75102"), "28285 Maggie Club", "Almetaton", "Texas", "75102", "USA"),
        (("Ann Example", "8257 Park PI, Unit 6", "Austin, TX 78701"), "8257 Park Pl, Unit 6", "Austin", "Texas", "78701", "USA"),
        (("Ann Example", "12 Oak Park", "Unit9", "Austin, TX 78701"), "12 Oak Park, Unit9", "Austin", "Texas", "78701", "USA"),
        (("Ann Example", "12 Oak BIvd", "Austin, TX 78701"), "12 Oak Blvd", "Austin", "Texas", "78701", "USA"),
        (("Ann Example", "PO BOX 12", "WINSTON-SALEM NC 27101"), "PO BOX 12", "WINSTON-SALEM", "North Carolina", "27101", "USA"),
        (("Ann Example", "10 Rideau St", "Ottawa ON K1N 5W8"), "10 Rideau St", "Ottawa", "Ontario", "K1N 5W8", "CAN"),
        (("MME ANNE EXEMPLE", "12 RUE DE LONDRES", "75009 PARIS"), "12 RUE DE LONDRES", "PARIS", "", "75009", "FRA"),
        (("Mrs Ann Example", "34 Kingly Street", "London", "W1B 5QH"), "34 Kingly Street", "London", "", "W1B 5QH", "GBR"),
        (("Ann Example", "Hauptplatz 3", "8010 Graz", "Austria"), "Hauptplatz 3", "Graz", "", "8010", "AUT"),
        (("Ann Example", "Damrak 1", "1012 LG Amsterdam", "Netherlands"), "Damrak 1", "Amsterdam", "", "1012 LG", "NLD"),
        (("Ann Example", "12B Nathan Road", "Kowloon, N.T., 0000, HK"), "12B Nathan Road", "Kowloon", "", "0000", "HKG"),
    ],
)
def test_addresses_of_several_countries(lines: tuple[str, ...], street: str, city: str, state: str, postal: str, country: str) -> None:
    found = read(*column(60, 300, *lines))
    got = {name: found[f"address.{name}"].value for name in ("street", "zip", "country") if f"address.{name}" in found}
    assert got == {"street": street, "zip": postal, "country": country}
    assert [found[path].value if path in found else "" for path in ("address.city", "address.state")] == [city, state]


@pytest.mark.parametrize(
    ("lines", "name", "full"),
    [
        (("Ann Example", "4190 MARYLYNN CAUSEWAY, HEATHCOTE, ID 83 1 19"), "Ann Example", "4190 MARYLYNN CAUSEWAY, HEATHCOTE, ID 83119"),
        (
            ("Example Trading, Ann Sample", "215 Vine St", "Scranton PA 18503", "United States"),
            "Ann Sample",
            "215 Vine St, Scranton PA 18503, United States",
        ),
        (("Ann Example", "28285 Maggie Club, Almetaton", "Texas 75102"), "Ann Example", "28285 Maggie Club, Almetaton, Texas 75102"),
        (("Anne Exemple", "12 RUE DES FLEURS", "33500 LIBOURNE", "FRANCE"), "Anne Exemple", "12 RUE DES FLEURS, 33500 LIBOURNE, FRANCE"),
    ],
)
def test_addresses_are_given_in_full_as_printed(lines: tuple[str, ...], name: str, full: str) -> None:
    found = read(*column(60, 300, *lines))
    assert (found["person.full_name"].value, found["address.full"].value) == (name, full)


@pytest.mark.parametrize("department", ["Customer Service", "Service Clients", "Billing Department", "Payment Center"])
def test_the_issuer_is_named_without_its_department(department: str) -> None:
    found = read(*column(60, 60, f"Roadrunner Energy {department}", "1 Example Road", "Columbus, OH 43216"), at("Date: 12/20/2025", 640, 150))
    assert found["statement.issuer"].value == "Roadrunner Energy"


def test_a_label_within_the_column_parts_the_writer_from_the_addressee() -> None:
    found = read(*column(60, 200, "John Writer", "Bill To:", "Jane Smith,", "1600 Oak Parkway", "Mountain View, CA 94043"))
    assert found["person.full_name"].value == "Jane Smith"


def test_of_two_addresses_without_labels_the_one_under_the_letterhead_is_the_writers() -> None:
    found = read(
        *column(60, 220, "Roadrunner Motors", "1 Example Road", "Columbus, OH 43216"), *column(60, 420, "ANN SAMPLE", "9 OAK ST", "RALEIGH, NC 27601")
    )
    assert found["person.full_name"].value == "ANN SAMPLE"
    assert found["statement.issuer"].value == "Roadrunner Motors"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("Bill date 01/05/2026", "2026-01-05"),
        ("Statement period 12/01/2025 - 12/31/2025", "2025-12-31"),
        ("Date of issue: 5 January 2026", "2026-01-05"),
        ("For 03/02/2025", "2025-03-02"),
        ("Facture du 29/01/2025", "2025-01-29"),
    ],
)
def test_statement_dates(line: str, value: str) -> None:
    assert read(at(line, 60, 100), at("Payment due 02/01/2026", 60, 130))["statement.date"].value == value


def test_due_dates_are_no_statement_dates() -> None:
    assert "statement.date" not in read(at("Amount due by 02/01/2026", 60, 100))


def test_terms_of_leases_and_policies() -> None:
    found = read(at("Policy Number", 60, 100), at("HO-64794898", 60, 122), at("Policy period 02/01/2025 to 02/01/2026", 60, 160))
    assert (found["document.number"].value, found["document.expiration_date"].value) == ("HO-64794898", "2026-02-01")


def test_prose_gives_nothing() -> None:
    assert read(at("Coffee is a brewed beverage made from particular beans.", 40, 600), at("This behaviour was most unusual.", 40, 640)) == {}


@pytest.mark.parametrize(
    ("lines", "name", "full", "country"),
    [
        (["Mr John Sample", "14 High Street", "London SW1A 1AA"], "Mr John Sample", "14 High Street, London, SW1A 1AA", "GBR"),
        (
            ["Ms Jane Sample", "Flat 2", "14 High Street", "Reading", "Berkshire", "RG1 2AB"],
            "Ms Jane Sample",
            "Flat 2, 14 High Street, Reading, Berkshire RG1 2AB",
            "GBR",
        ),
        (["John Sample", "14 King Street W", "Toronto, Ontario M5H 1A1"], "John Sample", "14 King Street W, Toronto, Ontario M5H 1A1", "CAN"),
        (["John Sample", "14 King Street", "Sydney NSW 2000"], "John Sample", "14 King Street, Sydney NSW 2000", "AUS"),
        (["Herr Max Muster", "Hauptstrasse 5", "80331 München"], "Herr Max Muster", "Hauptstrasse 5, 80331 München", "DEU"),
        (["Account Holder: Jane Sample", "12 Oak Street", "Springfield, IL 62704"], "Jane Sample", "12 Oak Street, Springfield, IL 62704", "USA"),
    ],
)
def test_blocks_with_units_counties_and_labels(lines: list[str], name: str, full: str, country: str) -> None:
    found = read(at("Acme Energy", 60, 40, 40), *column(60, 300, *lines))
    assert (found["person.full_name"].value, found["address.full"].value, found["address.country"].value) == (name, full, country)


def test_widely_spaced_lines_are_one_block() -> None:
    lines = [at(text, 60, 300 + 45 * row) for row, text in enumerate(("JANE Q SAMPLE", "12 OAK STREET APT 4", "SPRINGFIELD IL 62704"))]
    assert read(at("Acme Energy", 60, 40, 40), *lines)["address.full"].value == "12 OAK STREET APT 4, SPRINGFIELD IL 62704"


def test_the_mailing_address_is_preferred_to_the_service_address() -> None:
    service = column(60, 260, "Service address", "99 Pine Road", "Springfield, IL 62704")
    mailing = column(600, 260, "Mailing address", "JANE SAMPLE", "12 OAK STREET", "SPRINGFIELD, IL 62704")
    assert read(at("Acme Energy", 60, 40, 40), *service, *mailing)["address.street"].value == "12 OAK STREET"


def test_a_table_of_labels_gives_the_name_and_no_label_for_a_name() -> None:
    labels = column(60, 260, "Customer name", "Street", "City")
    found = read(at("Acme Energy", 60, 40, 40), *labels, *column(400, 260, "Jane Sample", "12 Oak Street", "Springfield"))
    assert found["person.full_name"].value == "Jane Sample"
    assert "address.full" not in found


def test_the_issuers_address_alone_is_nobodys() -> None:
    assert "address.full" not in read(at("Acme Bank", 60, 40, 40), *column(60, 100, "1 Bank Plaza", "New York, NY 10001"))


@pytest.mark.parametrize(
    ("lines", "name", "full"),
    [
        (["RAYMOND O SAMPLE", "TERESA M SAMPLE", "12 OAK STREET", "SPRINGFIELD IL 62704"], "RAYMOND O SAMPLE", "12 OAK STREET, SPRINGFIELD IL 62704"),
        (["NOVAK, PETER H & LAURA", "12 OAK STREET", "SPRINGFIELD IL 62704"], "NOVAK, PETER H & LAURA", "12 OAK STREET, SPRINGFIELD IL 62704"),
        (["NOVAK,FRANCISCO,J", "34 KN0X PL APT 5C", "BRONX NY 10467"], "NOVAK,FRANCISCO,J", "34 KNOX PL APT 5C, BRONX NY 10467"),
        (["Example Trading, Ann Sample", "12 Oak Street", "Springfield IL 62704"], "Ann Sample", "12 Oak Street, Springfield IL 62704"),
        (["CPT ANDRE SAMPLE", "PSC 1005 BOX 3317", "APO AE 09630"], "CPT ANDRE SAMPLE", "PSC 1005 BOX 3317, APO AE 09630"),
        (["ANN SAMPLE", "RR 2 BOX 118A", "TIONESTA PA 16353"], "ANN SAMPLE", "RR 2 BOX 118A, TIONESTA PA 16353"),
        (["Ann Sample", "N7714 Tribal Rd", "Bowler, WI 54416"], "Ann Sample", "N7714 Tribal Rd, Bowler, WI 54416"),
        (["MARISOL SAMPLE", "URB LAS LOMAS", "812 CALLE 31 SO", "SAN JUAN, PR 00921"], "MARISOL SAMPLE", "812 CALLE 31 SO, SAN JUAN, PR 00921"),
        (["EVE SAMPLE TTEE", "SAMPLE FAMILY TRUST", "77 LONGVIEW TER", "MADISON CT 06443"], "EVE SAMPLE TTEE", "77 LONGVIEW TER, MADISON CT 06443"),
        (["Who's covered", "Ann Sample", "12 Oak Street", "Springfield IL 62704"], "Ann Sample", "12 Oak Street, Springfield IL 62704"),
        (["Mr A Sample", "27 Beech Grove", "HARROGATE", "HG2 OEN"], "Mr A Sample", "27 Beech Grove, HARROGATE, HG2 0EN"),
        (["Herr Max Muster", "Lindenstraße 18", "35390 Gießen"], "Herr Max Muster", "Lindenstraße 18, 35390 Gießen"),
    ],
)  # fmt: skip
def test_whom_a_block_names_and_how_streets_are_written(lines: list[str], name: str, full: str) -> None:
    found = read(at("Acme Energy", 60, 40, 40), *column(60, 300, *lines))
    assert (found["person.full_name"].value, found["address.full"].value) == (name, full)


def test_whom_a_label_calls_the_customer_outranks_where_the_bill_is_sent() -> None:
    customer = [at("Customer name: ACME CORPORATION", 60, 200), *column(600, 200, "Acme Corp", "1 First St", "Springfield, IL 62704")]
    billed = column(60, 400, "Bill to:", "Acme Finance", "2 Second St", "Springfield, IL 62704")
    found = read(at("Contrived Ltd.", 60, 40, 40), *customer, *billed)
    assert (found["person.full_name"].value, found["address.street"].value) == ("ACME CORPORATION", "1 First St")


def test_the_slip_at_the_foot_says_who_pays_and_a_sentence_is_no_street() -> None:
    prose = at("Hearing impaired dial 711. Corporation Commission: 1500 Arrowhead Rd, Topeka, KS 66604", 60, 900)
    found = read(at("Acme Energy", 60, 40, 40), prose, *column(60, 1100, "Ann R. Sample Jr.", "12 Oak Street", "Springfield IL 62704"))
    assert (found["person.full_name"].value, found["address.full"].value) == ("Ann R. Sample Jr.", "12 Oak Street, Springfield IL 62704")


def test_a_writer_in_two_lines_and_no_label_for_a_writer() -> None:
    assert read(at("VOLTSIDE", 60, 40, 40), at("ELECTRONICS", 60, 84, 24), at("Agency", 600, 200))["statement.issuer"].value == "VOLTSIDE ELECTRONICS"


LEASE = (
    "RESIDENTIAL LEASE AGREEMENT",
    'THIS LEASE AGREEMENT (the "Lease") is made this 14th day of August, 2025, by and between',
    "Ronald P. Owner, residing at 12 Indian Lake Parkway, Worcester, Massachusetts 01605 (hereinafter",
    '"Landlord"), and Kimberly Ann Sample and Marcus Bell (hereinafter, jointly and severally, "Tenant").',
    "1. PREMISES. Landlord hereby leases to Tenant the residential premises located at",
    "58 Orchard Street, Apartment 3R, Worcester, MA 01607, together with one parking space.",
)


def test_a_lease_in_prose_tells_both_parties_and_the_premises() -> None:
    found = {path: field.value for path, field in read(*column(60, 60, *LEASE)).items()}
    assert found["statement.issuer"] == "Ronald P. Owner"
    assert (found["person.full_name"], found["person.surname"]) == ("Kimberly Ann Sample", "Sample")
    assert found["address.full"] == "58 Orchard Street, Apartment 3R, Worcester, MA 01607"
    assert found["statement.date"] == "2025-08-14"


def test_the_landlords_address_in_prose_is_nobodys() -> None:
    assert "address.full" not in read(*column(60, 60, *LEASE[:4]))


def test_parties_by_label_in_prose() -> None:
    lines = ("MONTH-TO-MONTH RENTAL AGREEMENT", "LANDLORD: BEVERLY J. OWNER, whose mailing address is 900 Rock Street,", "Georgetown, TX 78627.",
             "TENANT: JUAN CARLOS SAMPLE and ANA SAMPLE, husband and wife.", "Landlord lets to Tenant the manufactured home known as",
             "1417 Hackberry Drive, Lot 22, Georgetown, TX 78626, to hold from month to month")  # fmt: skip
    found = {path: field.value for path, field in read(*column(60, 60, *lines)).items()}
    assert (found["statement.issuer"], found["person.full_name"]) == ("BEVERLY J. OWNER", "JUAN CARLOS SAMPLE")
    assert found["address.full"] == "1417 Hackberry Drive, Lot 22, Georgetown, TX 78626"

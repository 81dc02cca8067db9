"""Papers that prove an address: bills, statements, leases, policies, registrations. One page, US Letter at 150 dpi."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from PIL import Image, ImageDraw

from documents.specimens.cards import address_truth, scribble
from documents.specimens.holders import STATE_NAMES
from documents.specimens.paper import Colour, fit, sheet, stamp, write
from documents.specimens.wanted import Specimen, Wanted

PAGE = (1275, 1650)
_GREY: Colour = (90, 94, 102)


@dataclass(frozen=True, slots=True)
class _Letter:
    """The skeleton of one kind of paper."""

    heading: str
    issuers: tuple[str, ...]
    date_label: str
    number_label: str
    number: str
    accent: Colour
    lines: tuple[tuple[str, str], ...]
    closing: str
    term_years: int = 0
    term_label: str = ""


_LETTERS: Mapping[str, _Letter] = {
    "utility_bill": _Letter(
        "ELECTRIC SERVICE BILL",
        ("Bluebird Power & Light", "Cedar Valley Electric", "Harbor Gas & Electric"),
        "Statement Date",
        "Account Number",
        "#### #### ##",
        (18, 92, 140),
        (
            ("Previous Balance", "$84.12"),
            ("Payment Received - Thank You", "-$84.12"),
            ("Electric Supply 412 kWh", "$61.80"),
            ("Delivery Charges", "$27.45"),
            ("Taxes and Fees", "$6.02"),
            ("Total Amount Due", "$95.27"),
        ),
        "Please return the lower part with your payment. Questions: 1-800-555-0142",
    ),
    "bank_statement": _Letter(
        "CHECKING ACCOUNT STATEMENT",
        ("First Meadow Bank", "Granite State Savings", "Pioneer Community Bank"),
        "Statement Date",
        "Account Number",
        "XXXX XXXX ####",
        (26, 74, 54),
        (
            ("Beginning Balance", "$2,318.40"),
            ("Deposits and Credits", "$3,150.00"),
            ("Checks Paid", "-$840.00"),
            ("Card Purchases", "-$1,204.66"),
            ("Service Fees", "$0.00"),
            ("Ending Balance", "$3,423.74"),
        ),
        "Member FDIC. Please examine this statement and report any error within 60 days.",
    ),
    "lease": _Letter(
        "RESIDENTIAL LEASE AGREEMENT",
        ("Elm Court Properties LLC", "Northgate Residential", "Quarry Hill Apartments"),
        "Agreement Date",
        "Lease No.",
        "L-#####",
        (92, 62, 28),
        (("Monthly Rent", "$1,650.00"), ("Security Deposit", "$1,650.00"), ("Occupants", "1"), ("Pets", "None"), ("Utilities", "Tenant")),
        "The Tenant agrees to pay the rent on the first day of each month.",
        1,
        "Lease Term Ends",
    ),
    "home_insurance": _Letter(
        "HOMEOWNERS POLICY DECLARATIONS",
        ("Lighthouse Mutual Insurance", "Prairie Home Insurance"),
        "Issue Date",
        "Policy Number",
        "HO-########",
        (110, 30, 48),
        (("Dwelling Coverage", "$310,000"), ("Personal Property", "$155,000"), ("Liability", "$300,000"), ("Annual Premium", "$1,184.00")),
        "This page is part of your policy. Keep it with your records.",
        1,
        "Policy Expires",
    ),
    "vehicle_insurance": _Letter(
        "AUTO POLICY DECLARATIONS",
        ("Lighthouse Mutual Insurance", "Roadrunner Casualty"),
        "Issue Date",
        "Policy Number",
        "PA-########",
        (30, 66, 120),
        (
            ("2021 Honda Civic", "VIN 2HGFE2F5XMH5#####"),
            ("Bodily Injury", "100/300"),
            ("Collision Deductible", "$500"),
            ("Six Month Premium", "$642.00"),
        ),
        "Keep an insurance identification card in the vehicle at all times.",
        1,
        "Policy Expires",
    ),
    "mortgage": _Letter(
        "MORTGAGE",
        ("First Meadow Bank", "Granite State Savings"),
        "Date",
        "Loan Number",
        "##########",
        (50, 50, 60),
        (("Principal", "$248,000.00"), ("Interest Rate", "5.875%"), ("Term", "30 years"), ("Recording", "County Recorder")),
        "The Borrower promises to pay the debt with interest.",
    ),
    "deed_of_trust": _Letter(
        "DEED OF TRUST",
        ("First Meadow Bank", "Granite State Savings"),
        "Date",
        "Recording No.",
        "20#########",
        (50, 50, 60),
        (("Principal", "$248,000.00"), ("Trustee", "Keystone Title Company"), ("Term", "30 years")),
        "The Trustor grants the property in trust with power of sale.",
    ),
    "vehicle_registration": _Letter(
        "VEHICLE REGISTRATION CARD",
        ("Department of Motor Vehicles",),
        "Date Issued",
        "Plate",
        "#AAA###",
        (20, 80, 90),
        (("Make", "HONDA"), ("Year Model", "2021"), ("Body Type", "4D"), ("VIN", "2HGFE2F5XMH5#####"), ("Fees Paid", "$214.00")),
        "Keep this registration with the vehicle.",
        1,
        "Expiration Date",
    ),
    "voter_card": _Letter(
        "VOTER REGISTRATION CARD",
        ("County Board of Elections",),
        "Date Registered",
        "Registration No.",
        "#########",
        (60, 40, 110),
        (("Precinct", "14-B"), ("Congressional District", "07"), ("Polling Place", "Lincoln School Gymnasium")),
        "Report a change of address to your county election office.",
    ),
    "government_letter": _Letter(
        "NOTICE OF PROPERTY TAX ASSESSMENT",
        ("County Tax Assessor",),
        "Notice Date",
        "Parcel Number",
        "###-###-###",
        (70, 60, 40),
        (("Assessed Value", "$286,400"), ("Exemptions", "$7,000"), ("Tax Due", "$3,112.50")),
        "This is not a bill. You may appeal within 45 days of the notice date.",
    ),
}
KINDS = tuple(_LETTERS)


def _printed(day: date, seed: int) -> str:
    return (f"{day:%B} {day.day}, {day.year}", day.strftime("%m/%d/%Y"))[seed % 2]


def _titled(name: str) -> str:
    return " ".join(part.capitalize() for part in name.split(" "))


def _body(image: Image.Image, form: _Letter, request: Wanted, top: int) -> int:
    draw = ImageDraw.Draw(image)
    for index, (label, amount) in enumerate(form.lines):
        y = top + 62 * index
        write(image, (100, y), label, 26)
        write(image, (1175, y), request.number(amount) if "#" in amount else amount, 26, face="sans-bold", anchor="rs")
        draw.line((100, y + 18, 1175, y + 18), fill=(214, 216, 220), width=2)
    return top + 62 * len(form.lines)


def _facts(image: Image.Image, form: _Letter, facts: list[tuple[str, str]], top: int) -> None:
    draw = ImageDraw.Draw(image)
    draw.rectangle((720, top, 1175, top + 40 + 74 * len(facts)), fill=(244, 246, 249), outline=form.accent, width=2)
    for index, (label, value) in enumerate(facts):
        write(image, (744, top + 46 + 74 * index), label, 21, colour=_GREY)
        write(image, (744, top + 80 + 74 * index), value, fit(value, 27, 410, "sans-bold"), face="sans-bold")


def _addressee(image: Image.Image, request: Wanted, left: int, top: int) -> list[str]:
    person, plain = request.holder, request.seed % 3 == 0
    cased: Callable[[str], str] = str.upper if plain else _titled
    lines = [cased(person.full_name), cased(person.street), cased(person.street2), f"{cased(person.city)}, {person.state} {person.zip}"]
    lines = [line for line in lines if line]
    for index, line in enumerate(lines):
        write(image, (left, top + 40 * index), line, 29)
    return lines


def letter(request: Wanted) -> Specimen:
    """A paper of ``request.kind`` addressed to the holder. ``expired`` makes its term (or its date, where it has none) lie too far back."""
    form, rng = _LETTERS[request.kind], request.rng
    issuer, number = rng.choice(form.issuers), request.number(form.number)
    if issuer.startswith("County"):
        issuer = f"{_titled(request.holder.city)} {issuer}"
    elif issuer.startswith("Department"):
        issuer = f"{STATE_NAMES.get(request.holder.state, request.holder.state)} {issuer}"
    issued, expires = _period(request, form)
    facts = [(form.date_label, _printed(issued, request.seed)), (form.number_label, number)] + (
        [(form.term_label, _printed(expires, request.seed))] if expires else []
    )
    image, lines = _paper(request, form, issuer, facts)
    truth = {
        **address_truth(request.holder),
        "person.surname": request.holder.surname,
        "person.given_names": request.holder.given_names,
        "person.full_name": lines[0],
        "address.full": ", ".join(lines[1:]),
        "statement.issuer": issuer,
        "statement.date": issued.isoformat(),
        "document.number": number,
        "document.country_code": "USA",
    }
    if expires:
        truth["document.expiration_date"] = expires.isoformat()
    return Specimen(request.kind, {"front": image}, truth, request.holder)


def _period(request: Wanted, form: _Letter) -> tuple[date, date | None]:
    if form.term_years:
        return request.term(form.term_years)
    ago = request.rng.randint(220, 400) if request.expired else request.rng.randint(6, 40)
    return request.issued or request.today - timedelta(days=ago), request.expires


def _paper(request: Wanted, form: _Letter, issuer: str, facts: list[tuple[str, str]]) -> tuple[Image.Image, list[str]]:
    image = sheet(*PAGE, (255, 255, 254))
    draw = ImageDraw.Draw(image)
    if request.seed % 2:
        draw.rectangle((0, 0, PAGE[0], 26), fill=form.accent)
    else:
        draw.ellipse((1085, 60, 1175, 150), outline=form.accent, width=10)
    write(image, (100, 118), issuer, fit(issuer, 46, 940, "sans-bold"), face="sans-bold", colour=form.accent)
    write(image, (100, 158), ("P.O. Box 4400, Columbus, OH 43216", "200 Commerce Plaza, Omaha, NE 68102")[request.seed % 2], 21, colour=_GREY)
    draw.line((100, 186, 1175, 186), fill=form.accent, width=3)
    write(image, (100, 262), form.heading, 34, face="sans-bold")
    _facts(image, form, facts, 310)
    label = {"lease": "Tenant", "vehicle_registration": "Registered Owner", "mortgage": "Borrower", "deed_of_trust": "Trustor"}.get(request.kind)
    if label:
        write(image, (100, 340), label, 21, colour=_GREY)
    lines = _addressee(image, request, 100, 392)
    end = _body(image, form, request, 760)
    write(image, (100, end + 60), form.closing, 24)
    if request.kind in ("lease", "mortgage", "deed_of_trust"):
        scribble(image, (120, end + 130, 360, 90), request.seed)
        draw.line((100, end + 230, 560, end + 230), fill=_GREY, width=2)
        write(image, (100, end + 260), "Signature", 21, colour=_GREY)
    stamp(image, (900, 1480), 72, angle=8)
    write(image, (100, 1590), "This paper was drawn for tests. Not a real document.", 21, colour=_GREY)
    return image, lines

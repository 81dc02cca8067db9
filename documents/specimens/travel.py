"""Documents with a machine readable zone: passport data pages (TD3) and the cards of ICAO size that carry it on the back (TD1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from PIL import Image, ImageDraw

from documents.specimens import mrz
from documents.specimens.cards import SIZE, holder_truth, scribble
from documents.specimens.faces import draw_face
from documents.specimens.paper import Colour, fit, ghost, machine_line, security_paper, sheet, stamp, write
from documents.specimens.wanted import Specimen, Wanted

PAGE = (1476, 1040)
ISSUERS: Mapping[str, tuple[str, str, str]] = {
    "USA": ("UNITED STATES OF AMERICA", "United States Department of State", "#########"),
    "GBR": ("UNITED KINGDOM OF GREAT BRITAIN AND NORTHERN IRELAND", "HMPO", "#########"),
    "CAN": ("CANADA", "GATINEAU", "AA######"),
    "DEU": ("BUNDESREPUBLIK DEUTSCHLAND", "STADT KÖLN", "C0**#**##"),
    "FRA": ("RÉPUBLIQUE FRANÇAISE", "PRÉFECTURE DE POLICE", "##AA#####"),
    "MEX": ("ESTADOS UNIDOS MEXICANOS", "SRE", "A########"),
    "POL": ("RZECZPOSPOLITA POLSKA", "PREZYDENT M.ST. WARSZAWY", "AA#######"),
    "UTO": ("UTOPIA", "UTOPIA PASSPORT OFFICE", "A########"),
}
_MRZ_COUNTRY = {"DEU": "D"}
_NATIONALITY = {
    "USA": "UNITED STATES OF AMERICA",
    "GBR": "BRITISH CITIZEN",
    "CAN": "CANADIAN/CANADIENNE",
    "DEU": "DEUTSCH",
    "FRA": "Française",
    "MEX": "MEXICANA",
    "POL": "POLSKIE",
    "UTO": "UTOPIAN",
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _printed(day: date) -> str:
    return f"{day.day:02d} {_MONTHS[day.month - 1]} {day.year}"


@dataclass(frozen=True, slots=True)
class _Issue:
    """What the issuer adds to the holder's own data."""

    number: str
    issued: date
    expires: date
    entity: str
    nationality: str


def _truth(request: Wanted, issue: _Issue, lines: tuple[str, ...]) -> dict[str, str]:
    return {
        **holder_truth(request.holder),
        "document.number": issue.number,
        "document.issue_date": issue.issued.isoformat(),
        "document.expiration_date": issue.expires.isoformat(),
        "document.issuing_entity": issue.entity,
        "document.country_code": request.country,
        "person.nationality": issue.nationality,
        "mrz": "\n".join(lines),
    }


def _field(image: Image.Image, at: tuple[int, int], label: str, value: str, *, width: int, colour: Colour, size: int = 34) -> None:
    write(image, at, label, 17, colour=colour)
    write(image, (at[0], at[1] + size + 4), value, fit(value, size, width, "sans-bold"), face="sans-bold")


def passport(request: Wanted) -> Specimen:
    """The data page of a passport (9303-4). ``country`` chooses the issuer out of ``ISSUERS``."""
    person, country = request.holder, request.country
    state, authority, pattern = ISSUERS[country]
    issued, expires = request.term(10)
    number = request.number(pattern)
    code = _MRZ_COUNTRY.get(country, country)
    lines = mrz.td3(
        issuer=code,
        surname=person.surname,
        given=person.given_names,
        number=number,
        nationality=code,
        birth=person.date_of_birth,
        sex=person.sex if person.sex in "MF" else "<",
        expiry=expires,
        optional="",
        wrong_check_digit=request.wrong_check_digit,
    )
    issue = _Issue(number, issued, expires, authority, country)
    image = _page(request, state, issue)
    ImageDraw.Draw(image).rectangle((0, 850, PAGE[0], PAGE[1]), fill=(233, 232, 228))
    for index, line in enumerate(lines):
        machine_line(image, (76, 925 + 72 * index), line, 30.1, 48)
    return Specimen(request.kind, {"front": image}, _truth(request, issue, lines), person)


def _page(request: Wanted, state: str, issue: _Issue) -> Image.Image:
    person, accent = request.holder, (34, 58, 110)
    image = security_paper(PAGE, (228, 236, 248), (250, 232, 226), (130, 90, 120), seed=len(state))
    write(image, (60, 62), "PASSPORT", 38, face="sans-bold", colour=accent)
    write(image, (1420, 62), state, fit(state, 34, 1000, "serif-bold"), face="serif-bold", colour=accent, anchor="rs")
    ImageDraw.Draw(image).line((60, 84, 1420, 84), fill=accent, width=3)
    face = draw_face(person.portrait, width=408, height=524)
    image.paste(face, (60, 150))
    box = (1210, 560, 1380, 778)
    image.paste(ghost(face, image.crop(box)), box[:2])
    _field(image, (510, 130), "Type", "P", width=80, colour=accent)
    _field(image, (660, 130), "Code", request.country, width=160, colour=accent)
    _field(image, (900, 130), "Passport No.", issue.number, width=400, colour=accent)
    _field(image, (510, 215), "Surname", person.surname, width=880, colour=accent)
    _field(image, (510, 300), "Given Names", person.given_names, width=880, colour=accent)
    _field(image, (510, 385), "Nationality", _NATIONALITY[request.country], width=880, colour=accent)
    _field(image, (510, 470), "Date of birth", _printed(person.date_of_birth), width=320, colour=accent)
    _field(image, (880, 470), "Sex", person.sex, width=80, colour=accent)
    _field(image, (1010, 470), "Place of birth", {"USA": "OHIO, U.S.A."}.get(request.country, request.country), width=390, colour=accent)
    _field(image, (510, 555), "Date of issue", _printed(issue.issued), width=320, colour=accent)
    _field(image, (510, 640), "Date of expiration", _printed(issue.expires), width=320, colour=accent)
    _field(image, (510, 725), "Authority", issue.entity, width=660, colour=accent)
    scribble(image, (80, 690, 370, 70), request.seed)
    stamp(image, (265, 805), 46)
    write(image, (1420, 838), "NOT A REAL DOCUMENT", 20, colour=accent, anchor="rs")
    return image


# kind: document code, heading, number pattern, MRZ optional pattern, years, label of the number
_CARDS: Mapping[str, tuple[str, str, str, str, int, str]] = {
    "permanent_resident_card": ("C1", "PERMANENT RESIDENT CARD", "AAA##########", "", 10, "USCIS#"),
    "passport_card": ("IP", "PASSPORT CARD", "C0#######", "", 10, "Passport Card no."),
    "nexus": ("IN", "NEXUS", "#########", "", 5, "PASSID"),
}


def resident_card(request: Wanted) -> Specimen:
    """A US permanent resident card, passport card or NEXUS card: front in print, TD1 zone on the back (9303-5)."""
    person = request.holder
    document_code, heading, pattern, _, years, label = _CARDS[request.kind]
    issued, expires = request.term(years)
    number = request.number(pattern)
    optional = number if request.kind == "permanent_resident_card" else ""
    # The resident card's zone carries the card number in its optional field and the A-number's nine digits as document number.
    zone_number = request.number("#########") if optional else number
    nationality = "MEX" if request.kind == "permanent_resident_card" else person.nationality
    lines = mrz.td1(
        code=document_code,
        issuer="USA",
        surname=person.surname,
        given=person.given_names,
        number=zone_number,
        nationality=nationality,
        birth=person.date_of_birth,
        sex=person.sex if person.sex in "MF" else "<",
        expiry=expires,
        optional=optional,
        wrong_check_digit=request.wrong_check_digit,
    )
    issue = _Issue(zone_number, issued, expires, "United States of America", nationality)
    truth = _truth(request, issue, lines)
    front = _card_front(request, heading, label, issue)
    return Specimen(request.kind, {"front": front, "back": _card_back(lines, number)}, truth, person)


def _card_front(request: Wanted, heading: str, label: str, issue: _Issue) -> Image.Image:
    person, accent = request.holder, (30, 86, 74)
    image = security_paper(SIZE, (222, 242, 232), (246, 238, 220), accent, seed=len(heading))
    write(image, (50, 74), "UNITED STATES OF AMERICA", 46, face="sans-bold", colour=accent)
    write(image, (1450, 124), heading, 38, face="sans-bold", colour=accent, anchor="rs")
    ImageDraw.Draw(image).line((50, 144, 1450, 144), fill=accent, width=4)
    face = draw_face(person.portrait, width=400, height=514)
    image.paste(face, (50, 190))
    shown = f"{issue.number[:3]}-{issue.number[3:6]}-{issue.number[6:]}" if request.kind == "permanent_resident_card" else issue.number
    rows = (
        ("Surname", person.surname),
        ("Given Name", person.given_names),
        (label, shown),
        ("Date of Birth", _printed(person.date_of_birth)),
        ("Card Expires", _printed(issue.expires)),
        ("Resident Since" if request.kind == "permanent_resident_card" else "Issued On", _printed(issue.issued)),
    )
    for index, (name, value) in enumerate(rows):
        _field(image, (500, 210 + 98 * index), name, value, width=560, colour=accent, size=40)
    _field(
        image,
        (1120, 406),
        "Country of Birth" if request.kind == "permanent_resident_card" else "Nationality",
        issue.nationality,
        width=300,
        colour=accent,
        size=40,
    )
    _field(image, (1120, 504), "Sex", person.sex, width=100, colour=accent, size=40)
    box = (1250, 640, 1420, 858)
    image.paste(ghost(face, image.crop(box)), box[:2])
    stamp(image, (250, 800), 52)
    write(image, (750, 920), "NOT A REAL DOCUMENT", 22, colour=accent, anchor="ms")
    return image


def _card_back(lines: tuple[str, ...], number: str) -> Image.Image:
    image = sheet(*SIZE, (244, 246, 241))
    ImageDraw.Draw(image).rectangle((0, 60, SIZE[0], 170), fill=(46, 48, 50))
    stamp(image, (750, 300), 64)
    write(image, (750, 400), "NOT A REAL DOCUMENT", 26, colour=(60, 80, 76), anchor="ms")
    write(image, (70, 500), f"Card No. {number}", 30, colour=(60, 80, 76))
    for index, line in enumerate(lines):
        machine_line(image, (60, 660 + 100 * index), line, 46.0, 70)
    return image

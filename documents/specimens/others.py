"""The photo IDs that have neither a barcode nor a zone to read: military, federal, consular and university cards, certificates of naturalization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from PIL import Image, ImageDraw

from documents.specimens.cards import SIZE, address_truth, holder_truth, scribble
from documents.specimens.faces import draw_face
from documents.specimens.paper import Colour, fit, ghost, security_paper, stamp, write
from documents.specimens.wanted import Specimen, Wanted

_CONSULATES = ("LOS ANGELES", "CHICAGO", "HOUSTON", "PHOENIX", "DENVER")
_UNIVERSITIES = ("RIVERBEND STATE UNIVERSITY", "NORTHFIELD UNIVERSITY", "UNIVERSITY OF LAKEMONT", "HARBOR VALLEY COLLEGE")
_AGENCIES = ("Department of Transportation", "General Services Administration", "Department of the Interior")
_SERVICES = ("ARMY", "NAVY", "AIR FORCE", "COAST GUARD", "MARINE CORPS")
_SPANISH = ("ENE", "FEB", "MAR", "ABR", "MAY", "JUN", "JUL", "AGO", "SEP", "OCT", "NOV", "DIC")
_ENGLISH = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Card:
    """What one kind prints: two head lines, rows of (label, value) in one or two columns, and what of it a reader is to find."""

    head: tuple[str, str]
    rows: Sequence[tuple[str, str]]
    beside: Sequence[tuple[str, str]]
    accent: Colour
    truth: Mapping[str, str]


def other_id(request: Wanted) -> Specimen:
    """A card of the request's kind; the certificate is a sheet taller than wide."""
    card = {
        "uniformed_service_id": _uniformed,
        "access_card": _access,
        "matricula_consular": _matricula,
        "university_id": _university,
        "naturalization_certificate": _certificate,
    }[request.kind](request)
    front = _sheet(request, card) if request.kind == "naturalization_certificate" else _front(request, card)
    sides = {"front": front}
    if request.kind in ("access_card", "matricula_consular"):
        sides["back"] = _back(card)
    return Specimen(request.kind, sides, {path: value for path, value in card.truth.items() if value}, request.holder)


def _uniformed(request: Wanted) -> _Card:
    """DoD identification card: name in one line, surname first; DoD ID number of ten digits."""
    person, number = request.holder, request.number("1#########")
    issued, expires = request.term(4)
    service = request.rng.choice(_SERVICES)
    return _Card(
        ("ARMED FORCES OF THE UNITED STATES", "UNIFORMED SERVICES IDENTIFICATION CARD"),
        (
            ("NAME", f"{person.surname}, {person.given_names}"), ("DOD ID NUMBER", number), ("DATE OF BIRTH", _iso_style(person.date_of_birth)),
            ("EXPIRATION DATE", _iso_style(expires)),
        ),
        (("AFFILIATION", service), ("RANK", request.rng.choice(("SGT", "CPT", "LT", "PO2"))), ("ISSUE DATE", _iso_style(issued))),
        (52, 74, 60),
        {**_named(request), "document.number": number, "document.expiration_date": expires.isoformat()},
    )  # fmt: skip


def _access(request: Wanted) -> _Card:
    """PIV card (FIPS 201-3 §4.1.4): name, agency, affiliation, expiry in two forms, issue date; the card's number is on its back."""
    person = request.holder
    issued, expires = request.term(5)
    agency = request.rng.choice(_AGENCIES)
    return _Card(
        ("UNITED STATES GOVERNMENT", agency),
        (("Name", f"{person.surname}, {person.given_names}"), ("Affiliation", "Employee"), ("Agency/Department", agency), ("Expires", _dmy(expires))),
        (("Issued", _dmy(issued)),),
        (40, 70, 130),
        {**_names_only(request), "document.expiration_date": expires.isoformat()},
    )


def _matricula(request: Wanted) -> _Card:
    """Matrícula consular of Mexico: labels in Spanish and English, an address in the United States, issued by a consulate."""
    person, number = request.holder, request.number("#########")
    issued, expires = request.term(5)
    consulate = request.rng.choice(_CONSULATES)
    street = " ".join(filter(None, (person.street, person.street2)))
    return _Card(
        ("ESTADOS UNIDOS MEXICANOS", "MATRÍCULA CONSULAR / CONSULAR ID CARD"),
        (
            ("Apellidos / Surname", person.surname), ("Nombre(s) / Given Name(s)", person.given_names), ("No. / ID Number", number),
            ("Fecha de nacimiento / Date of birth", _spanish(person.date_of_birth)),
            ("Domicilio / Address", street), ("", person.city_line),
        ),
        (
            ("Sexo / Sex", person.sex), ("Fecha de expedición / Issued", _spanish(issued)), ("Fecha de vencimiento / Expires", _spanish(expires)),
            ("Autoridad / Authority", f"CONSULADO EN {consulate}"),
        ),
        (20, 100, 70),
        {
            **holder_truth(person), **address_truth(person), "document.number": number, "document.expiration_date": expires.isoformat(),
            "document.issue_date": issued.isoformat(), "document.country_code": "MEX",
        },
    )  # fmt: skip


def _university(request: Wanted) -> _Card:
    person, number = request.holder, request.number("#########")
    _, expires = request.term(4)
    name = request.rng.choice(_UNIVERSITIES)
    return _Card(
        (name, "STUDENT IDENTIFICATION CARD"),
        (("Name", f"{person.given_names} {person.surname}"), ("Student ID", number), ("Expires", expires.strftime("%m/%d/%Y"))),
        (),
        (110, 30, 50),
        {**_names_only(request), "document.number": number, "document.expiration_date": expires.isoformat(), "document.issuing_entity": name},
    )


def _certificate(request: Wanted) -> _Card:
    """Form N-550: number, name, personal description and the day of the oath."""
    person, number = request.holder, request.number("########")
    issued, _ = request.term(10)
    return _Card(
        ("THE UNITED STATES OF AMERICA", "CERTIFICATE OF NATURALIZATION"),
        (
            ("Certificate No.", number), ("Name", f"{person.given_names} {person.surname}"), ("Date of birth", _long(person.date_of_birth)),
            ("Sex", "Male" if person.sex == "M" else "Female"), ("Date of issue", _long(issued)),
        ),
        (),
        (90, 70, 30),
        {
            **_names_only(request), "person.date_of_birth": person.date_of_birth.isoformat(), "document.number": number,
            "document.issue_date": issued.isoformat(),
        },
    )  # fmt: skip


def _named(request: Wanted) -> dict[str, str]:
    return {**_names_only(request), "person.date_of_birth": request.holder.date_of_birth.isoformat()}


def _names_only(request: Wanted) -> dict[str, str]:
    return {path: value for path, value in holder_truth(request.holder).items() if "name" in path}


def _iso_style(day: date) -> str:
    return f"{day.year}{_ENGLISH[day.month - 1][:3].upper()}{day.day:02d}"


def _dmy(day: date) -> str:
    return f"{day.day:02d}{_ENGLISH[day.month - 1][:3].upper()}{day.year}"


def _spanish(day: date) -> str:
    return f"{day.day:02d} {_SPANISH[day.month - 1]} {day.year}"


def _long(day: date) -> str:
    return f"{_ENGLISH[day.month - 1]} {day.day}, {day.year}"


def _front(request: Wanted, card: _Card) -> Image.Image:
    image = security_paper(SIZE, (232, 238, 244), (244, 236, 226), card.accent, seed=len(card.head[1]))
    write(image, (50, 74), card.head[0], fit(card.head[0], 44, 1380, "sans-bold"), face="sans-bold", colour=card.accent)
    write(image, (50, 124), card.head[1], fit(card.head[1], 34, 1380, "sans-bold"), face="sans-bold", colour=card.accent)
    ImageDraw.Draw(image).line((50, 146, 1450, 146), fill=card.accent, width=4)
    face = draw_face(request.holder.portrait, width=360, height=463)
    image.paste(face, (50, 190))
    top = 210
    for label, value in card.rows:
        top -= 0 if label else 62
        _row(image, (460, top), (label, value), 560, card.accent)
        top += 108
    for index, (label, value) in enumerate(card.beside):
        _row(image, (1060, 318 + 108 * index), (label, value), 390, card.accent)
    scribble(image, (60, 690, 340, 60), request.seed)
    box = (1290, 180, 1410, 300)
    image.paste(ghost(face, image.crop(box)), box[:2])
    stamp(image, (240, 840), 46)
    write(image, (750, 925), "NOT A REAL DOCUMENT", 22, colour=card.accent, anchor="ms")
    return image


def _row(image: Image.Image, at: tuple[int, int], row: tuple[str, str], width: int, colour: Colour) -> None:
    label, value = row
    if label:
        write(image, at, label, 19, colour=colour)
    write(image, (at[0], at[1] + 44), value, fit(value, 36, width, "sans-bold"), face="sans-bold")


def _sheet(request: Wanted, card: _Card) -> Image.Image:
    image = security_paper((1240, 1600), (244, 238, 220), (238, 232, 214), card.accent, seed=9)
    ImageDraw.Draw(image).rectangle((40, 40, 1200, 1560), outline=card.accent, width=8)
    write(image, (620, 150), card.head[0], 46, face="serif-bold", colour=card.accent, anchor="ms")
    write(image, (620, 220), card.head[1], 44, face="serif-bold", colour=card.accent, anchor="ms")
    for index, (label, value) in enumerate(card.rows):
        _row(image, (120, 340 + 120 * index), (label, value), 640, card.accent)
    image.paste(draw_face(request.holder.portrait, width=300, height=386), (820, 330))
    for index, line in enumerate((
        "Be it known that the person named above, having complied in all respects",
        "with the applicable naturalization laws, and having taken the oath of",
        "allegiance, is admitted as a citizen of the United States of America.",
    )):  # fmt: skip
        write(image, (120, 1060 + 44 * index), line, 28, face="serif")
    scribble(image, (120, 1280, 420, 70), request.seed)
    stamp(image, (900, 1330), 54)
    write(image, (620, 1520), "NOT A REAL DOCUMENT", 24, colour=card.accent, anchor="ms")
    return image


def _back(card: _Card) -> Image.Image:
    image = security_paper(SIZE, (240, 240, 236), (240, 240, 236), card.accent, seed=4)
    ImageDraw.Draw(image).rectangle((0, 60, SIZE[0], 170), fill=(46, 48, 50))
    write(image, (70, 300), "This card is the property of its issuer. If found, return it to the nearest office.", 26, colour=card.accent)
    stamp(image, (750, 520), 64)
    write(image, (750, 640), "NOT A REAL DOCUMENT", 26, colour=card.accent, anchor="ms")
    return image

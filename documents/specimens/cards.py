"""US driver licences and ID cards: AAMVA-numbered fronts in the manner of several states, PDF417 backs that agree with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from PIL import Image, ImageDraw

from documents.specimens import aamva
from documents.specimens.faces import draw_face
from documents.specimens.holders import STATE_NAMES, Holder
from documents.specimens.paper import Colour, fit, ghost, security_paper, sheet, stamp, write
from documents.specimens.states import STATES, StateStyle
from documents.specimens.wanted import Specimen, Wanted

SIZE = (1500, 946)


_WORDS = {
    "1": "",
    "2": "",
    "3": "DOB",
    "4a": "ISS",
    "4b": "EXP",
    "4d": "DL",
    "5": "DD",
    "8": "",
    "9": "CLASS",
    "9a": "END",
    "12": "REST",
    "15": "SEX",
    "16": "HGT",
    "17": "WGT",
    "18": "EYES",
    "19": "HAIR",
}
_HAIR_EYES = {"DAY": ("BRO", "BLU", "HAZ", "GRN"), "DAZ": ("BRO", "BLK", "BLN", "GRY")}


def _printed(day: date) -> str:
    return day.strftime("%m/%d/%Y")


@dataclass(frozen=True, slots=True)
class _Content:
    """Everything that is printed on one card, before it is laid out."""

    holder: Holder
    style: StateStyle
    title: str
    subfile: str
    issued: date
    expires: date
    number: str
    discriminator: str
    sex: str
    height: int
    weight: int
    eyes: str
    hair: str

    def cells(self) -> dict[str, str]:
        person = self.holder
        return {
            "1": person.surname,
            "2": person.given_names,
            "3": _printed(person.date_of_birth),
            "4a": _printed(self.issued),
            "4b": _printed(self.expires),
            "4d": self.number,
            "5": self.discriminator,
            "8": " ".join(filter(None, (person.street, person.street2))),
            "8b": person.city_line,
            "9": "D" if self.subfile == "DL" else "",
            "9a": "NONE",
            "12": "NONE",
            "15": self.sex,
            "16": f"{self.height // 12}'-{self.height % 12:02d}\"",
            "17": f"{self.weight} lb",
            "18": self.eyes,
            "19": self.hair,
        }

    def label(self, key: str) -> str:
        words = {**_WORDS, **dict(self.style.labels)}
        return words.get(key, "")


def _content(request: Wanted) -> _Content:
    style, person, rng = STATES[request.holder.state], request.holder, request.rng
    identification = request.kind == "id_card"
    issued, expires = request.term(style.years, on_birthday=True)
    issued = max(issued, person.date_of_birth.replace(day=28, year=person.date_of_birth.year + 15))
    title = "IDENTIFICATION CARD" if identification else style.title
    if identification:
        style = replace(style, labels=tuple((key, word if key != "4d" else "ID") for key, word in (*style.labels, ("4d", "ID"))))
    return _Content(
        person,
        style,
        title,
        "ID" if identification else "DL",
        issued,
        expires,
        request.number(style.number),
        request.number("########") + request.number("AA##"),
        person.sex,
        rng.randint(60, 76),
        rng.randint(110, 230),
        rng.choice(_HAIR_EYES["DAY"]),
        rng.choice(_HAIR_EYES["DAZ"]),
    )


# Rows of cells from the top; a number is the cell's share of the row's width before it.
_Rows = tuple[tuple[tuple[str, float], ...], ...]
_INLINE: _Rows = (
    (("4d", 0), ("9", 0.70)),
    (("3", 0), ("4b", 0.52)),
    (("1", 0),),
    (("2", 0),),
    (("8", 0),),
    (("8b", 0),),
    (("15", 0), ("16", 0.22), ("18", 0.60)),
    (("17", 0), ("4a", 0.52)),
    (("12", 0), ("9a", 0.52)),
    (("5", 0),),
)
_STACKED: _Rows = (
    (("4d", 0), ("9", 0.62)),
    (("1", 0),),
    (("2", 0),),
    (("8", 0),),
    (("8b", 0),),
    (("3", 0), ("4b", 0.36), ("4a", 0.70)),
    (("15", 0), ("16", 0.18), ("18", 0.40), ("9a", 0.60), ("12", 0.80)),
    (("5", 0),),
)
_BARE: _Rows = (
    (("4d", 0), ("9", 0.70)),
    (("1", 0),),
    (("2", 0),),
    (("8", 0),),
    (("8b", 0),),
    (("3", 0), ("15", 0.56)),
    (("4a", 0), ("4b", 0.56)),
    (("16", 0), ("18", 0.30), ("12", 0.60)),
    (("5", 0),),
)


def _beside(image: Image.Image, content: _Content, rows: _Rows, box: tuple[int, int, int, int], big: int) -> None:
    """Label and value on one line."""
    left, top, width, height = box
    step, cells = height / len(rows), content.cells()
    for index, row in enumerate(rows):
        for place, (key, share) in enumerate(row):
            x, y = left + share * width, top + (index + 0.72) * step
            end = left + (row[place + 1][1] if place + 1 < len(row) else 1.0) * width
            tag = "" if key == "8b" else " ".join(filter(None, (key, content.label(key))))
            if tag:
                x += write(image, (x, y), tag, 24, colour=content.style.accent) + 12
            elif key == "8b":
                x += 28
            if cells[key]:
                size = fit(cells[key], big, end - x - 14, "sans-bold")
                write(image, (x, y), cells[key], size, face="sans-bold")


def _inline(image: Image.Image, content: _Content, box: tuple[int, int, int, int]) -> None:
    _beside(image, content, _INLINE, box, 40)


def _bare(image: Image.Image, content: _Content, box: tuple[int, int, int, int]) -> None:
    _beside(image, content, _BARE, box, 42)


def _stacked(image: Image.Image, content: _Content, box: tuple[int, int, int, int]) -> None:
    """The label in small print above its value."""
    left, top, width, height = box
    step, cells = height / len(_STACKED), content.cells()
    for index, row in enumerate(_STACKED):
        for place, (key, share) in enumerate(row):
            x, y = left + share * width, top + (index + 1) * step - 12
            end = left + (row[place + 1][1] if place + 1 < len(row) else 1.0) * width
            if key != "8b":
                write(image, (x, y - 40), " ".join(filter(None, (key, content.label(key)))), 20, colour=content.style.accent)
            if cells[key]:
                write(image, (x, y if key != "8b" else y - 20), cells[key], fit(cells[key], 36, end - x - 14, "sans-bold"), face="sans-bold")


_LAYOUTS: Mapping[str, Callable[[Image.Image, _Content, tuple[int, int, int, int]], None]] = {"inline": _inline, "stacked": _stacked, "bare": _bare}


def scribble(image: Image.Image, box: tuple[int, int, int, int], seed: int, colour: Colour = (30, 34, 70)) -> None:
    """A signature without letters, so that nothing reads it as a name."""
    left, top, width, height = box
    points = [
        (
            left + width * t / 120,
            top + height * (0.5 + 0.32 * math.sin(t * 0.31 + seed) * math.cos(t * 0.09 * (1 + seed % 3)) + 0.12 * math.sin(t * 0.9)),
        )
        for t in range(121)
    ]
    ImageDraw.Draw(image).line(points, fill=colour, width=4, joint="curve")


def _front(request: Wanted, content: _Content) -> Image.Image:
    style = content.style
    image = security_paper(SIZE, style.top, style.bottom, style.accent, seed=int(style.iin))
    write(image, (50, 92), STATE_NAMES[content.holder.state].upper(), 66, face="sans-bold", colour=style.accent)
    write(image, (1450, 70), content.title, 38, face="sans-bold", colour=style.accent, anchor="rs")
    write(image, (1450, 110), "USA", 28, colour=style.accent, anchor="rs")
    ImageDraw.Draw(image).line((50, 128, 1450, 128), fill=style.accent, width=4)
    right = style.portrait == "right"
    face = draw_face(content.holder.portrait, width=380, height=488)
    image.paste(face, (1070 if right else 50, 170))
    scribble(image, (1090 if right else 70, 672, 340, 90), request.seed)
    spot = (1340, 784, 1450, 925)
    if not right:
        image.paste(ghost(face, image.crop(spot)), spot[:2])
    _LAYOUTS[style.layout](image, content, (50 if right else 470, 140, 980, 720))
    stamp(image, (1260 if right else 240, 830), 48)
    write(image, (750, 924), "NOT A REAL DOCUMENT", 22, colour=style.accent, anchor="ms")
    return image


def _coded(day: date) -> str:
    return day.strftime("%m%d%Y")


def _elements(request: Wanted, content: _Content) -> dict[str, str]:
    person, given = content.holder, content.holder.given_names.split(" ", 1)
    coded = {"M": "1", "F": "2"}.get(content.sex, "9")
    elements = {
        "DAQ": content.number.replace(" ", "").replace("-", ""),
        "DCS": person.surname[:40],
        "DDE": "N",
        "DAC": given[0],
        "DDF": "N",
        "DAD": given[1] if len(given) > 1 else "NONE",
        "DDG": "N",
        "DCA": "D" if content.subfile == "DL" else "NONE",
        "DCB": "NONE",
        "DCD": "NONE",
        "DBD": _coded(content.issued),
        "DBB": _coded(person.date_of_birth),
        "DBA": _coded(content.expires),
        "DBC": coded,
        "DAU": f"{content.height:03d} in",
        "DAY": content.eyes,
        "DAG": " ".join(filter(None, (person.street, person.street2)))[:35],
        "DAI": person.city[:20],
        "DAJ": person.state,
        "DAK": person.zip.replace("-", "").ljust(9, "0") + "  ",
        "DCF": content.discriminator,
        "DCG": "USA",
        "DAW": str(content.weight),
        "DAZ": content.hair,
        "DDA": "F",
        "DDB": "08292017",
    }
    if content.subfile == "ID":
        elements = {key: value for key, value in elements.items() if key not in ("DCA", "DCB", "DCD")}
    return {**elements, **dict(request.barcode_differs)}


def _back(request: Wanted, content: _Content, payload: str) -> Image.Image:
    image = sheet(*SIZE, (247, 246, 241))
    draw = ImageDraw.Draw(image)
    symbol = aamva.symbol(payload, 1340, 420)
    if request.barcode:
        image.paste(symbol, ((SIZE[0] - symbol.width) // 2, 70))
    else:
        draw.rectangle((80, 70, 1420, 430), fill=(232, 230, 226))
    accent = content.style.accent
    write(image, (80, 600), "CLASS: D  OPERATOR" if content.subfile == "DL" else "FOR IDENTIFICATION ONLY", 28, colour=accent)
    write(image, (80, 650), "ENDORSEMENTS: NONE   RESTRICTIONS: NONE", 28, colour=accent)
    write(image, (80, 700), f"REV 08/29/2017   DD {content.discriminator}", 28, colour=accent)
    draw.line((80, 740, 1420, 740), fill=accent, width=3)
    stamp(image, (750, 830), 60)
    write(image, (750, 920), "NOT A REAL DOCUMENT", 22, colour=accent, anchor="ms")
    return image


def holder_truth(person: Holder) -> dict[str, str]:
    return {
        "person.surname": person.surname,
        "person.given_names": person.given_names,
        "person.full_name": f"{person.surname} {person.given_names}",
        "person.date_of_birth": person.date_of_birth.isoformat(),
        "person.sex": person.sex,
    }


def address_truth(person: Holder) -> dict[str, str]:
    street = " ".join(filter(None, (person.street, person.street2)))
    return {
        "address.street": street,
        "address.city": person.city,
        "address.state": STATE_NAMES.get(person.state, person.state),
        "address.zip": person.zip,
        "address.country": person.country,
        "address.full": f"{street}, {person.city_line}",
    }


def licence(request: Wanted) -> Specimen:
    """A driver licence or ID card of ``request.holder.state``, front and back."""
    content = _content(request)
    version = content.style.version
    payload = aamva.payload(
        _elements(request, content),
        iin=content.style.iin,
        version=version,
        subfile=content.subfile,
        jurisdiction_elements={f"Z{content.holder.state[0]}A": "SPECIMEN"},
    )
    truth = {
        **holder_truth(content.holder),
        **address_truth(content.holder),
        "document.number": content.number,
        "document.issue_date": content.issued.isoformat(),
        "document.expiration_date": content.expires.isoformat(),
        "document.issuing_entity": STATE_NAMES[content.holder.state],
        "document.country_code": "USA",
    }
    if request.barcode:
        truth["aamva"] = payload
    return Specimen(request.kind, {"front": _front(request, content), "back": _back(request, content, payload)}, truth, content.holder)

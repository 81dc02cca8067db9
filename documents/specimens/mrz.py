"""Writes machine readable zones (ICAO Doc 9303 parts 3, 4 and 5), for specimens only.

The reader has its own code, so that neither hides the other's errors.
"""

from __future__ import annotations

import unicodedata
from datetime import date

_WEIGHTS = (7, 3, 1)
_LETTERS = str.maketrans(
    {
        "Ä": "AE",
        "Ö": "OE",
        "Ü": "UE",
        "Å": "AA",
        "Æ": "AE",
        "Ø": "OE",
        "Œ": "OE",
        "ẞ": "SS",
        "ß": "SS",
        "Þ": "TH",
        "Ð": "D",
        "Đ": "D",
        "Ł": "L",
        "Ħ": "H",
        "Ŋ": "N",
        "Ĳ": "IJ",
        "ı": "I",
        "İ": "I",
        "Ŧ": "T",
        "'": "",
        "’": "",
        "-": "<",
        " ": "<",
    }
)


def transliterate(name: str) -> str:
    """A name in the letters A-Z and ``<`` (9303-3 §6.A); hyphens and blanks become fillers, apostrophes go."""
    text = unicodedata.normalize("NFC", name).upper().translate(_LETTERS)
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letter for letter in plain if letter == "<" or "A" <= letter <= "Z")


def check_digit(text: str) -> str:
    """9303-3 §4.9: weights 7 3 1, A=10 … Z=35, filler 0, modulus 10."""
    value = {"<": 0}
    return str(sum((value[c] if c == "<" else int(c, 36)) * _WEIGHTS[i % 3] for i, c in enumerate(text)) % 10)


def _name(surname: str, given: str, length: int) -> str:
    return f"{transliterate(surname)}<<{transliterate(given)}"[:length].ljust(length, "<")


def _date(day: date) -> str:
    return day.strftime("%y%m%d")


def _spoiled(digit: str) -> str:
    return str((int(digit) + 3) % 10)


def td3(
    *,
    issuer: str,
    surname: str,
    given: str,
    number: str,
    nationality: str,
    birth: date,
    sex: str,
    expiry: date,
    optional: str = "",
    wrong_check_digit: bool = False,
) -> tuple[str, str]:
    """Two lines of 44 (9303-4 §4.2). ``wrong_check_digit`` spoils the number's and so leaves the composite wrong too."""
    padded, extra = number.ljust(9, "<"), optional.ljust(14, "<")
    digit = check_digit(padded)
    digit = _spoiled(digit) if wrong_check_digit else digit
    birth_part, expiry_part = _date(birth) + check_digit(_date(birth)), _date(expiry) + check_digit(_date(expiry))
    extra_part = extra + ("<" if not optional else check_digit(extra))
    composite = check_digit(padded + check_digit(padded) + birth_part + expiry_part + extra_part)
    composite = _spoiled(composite) if wrong_check_digit else composite
    return (
        "P<" + issuer.ljust(3, "<") + _name(surname, given, 39),
        padded + digit + nationality.ljust(3, "<") + birth_part + (sex or "<") + expiry_part + extra_part + composite,
    )


def td1(
    *,
    code: str,
    issuer: str,
    surname: str,
    given: str,
    number: str,
    nationality: str,
    birth: date,
    sex: str,
    expiry: date,
    optional: str = "",
    optional2: str = "",
    wrong_check_digit: bool = False,
) -> tuple[str, str, str]:
    """Three lines of 30 (9303-5 §4.2)."""
    padded = number.ljust(9, "<")
    digit = check_digit(padded)
    first = code.ljust(2, "<") + issuer.ljust(3, "<") + padded + digit + optional.ljust(15, "<")
    birth_part, expiry_part = _date(birth) + check_digit(_date(birth)), _date(expiry) + check_digit(_date(expiry))
    extra = optional2.ljust(11, "<")
    composite = check_digit(first[5:] + birth_part + expiry_part + extra)
    if wrong_check_digit:
        first, composite = first[:14] + _spoiled(digit) + first[15:], _spoiled(composite)
    return first, birth_part + (sex or "<") + expiry_part + nationality.ljust(3, "<") + extra + composite, _name(surname, given, 30)

"""States, districts and territories of the USA, provinces of Canada, whose the AAMVA's issuer numbers are, how licence numbers look (data).

Issuer identification numbers: AAMVA DL/ID Card Design Standard, Annex D (header) with the public list of issuers.
"""

from __future__ import annotations

import re

_STATES = """
AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|DC District of Columbia|FL Florida|GA Georgia
HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota
MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina
ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah
VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|PR Puerto Rico|GU Guam|VI U.S. Virgin Islands|AS American Samoa
MP Northern Mariana Islands|AA Armed Forces Americas|AE Armed Forces Europe|AP Armed Forces Pacific
"""
_PROVINCES = """
AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NS Nova Scotia|NT Northwest Territories|NU Nunavut
ON Ontario|PE Prince Edward Island|QC Quebec|SK Saskatchewan|YT Yukon
"""
_ISSUERS = """
VA 636000 NY 636001 MA 636002 MD 636003 NC 636004 SC 636005 CT 636006 LA 636007 MT 636008 NM 636009 FL 636010 DE 636011 CA 636014 TX 636015 IA 636018
GU 636019 CO 636020 AR 636021 KS 636022 OH 636023 VT 636024 PA 636025 AZ 636026 OR 636029 MO 636030 WI 636031 MI 636032 AL 636033 ND 636034 IL 636035
NJ 636036 IN 636037 MN 636038 NH 636039 UT 636040 ME 636041 SD 636042 DC 636043 WA 636045 KY 636046 HI 636047 NV 636049 ID 636050 MS 636051 RI 636052
TN 636053 NE 636054 GA 636055 OK 636058 AK 636059 WY 636060 WV 636061 VI 636062 AS 604427 MP 604430 PR 604431
US-DOS 636027 MX-COA 636056 MX-HID 636057
ON 636012 NS 636013 NL 636016 NB 636017 BC 636028 SK 636044 MB 636048 PE 604426 QC 604428 YT 604429 AB 604432 NU 604433
"""
MEXICAN_STATES: dict[str, str] = {"MX-COA": "Coahuila", "MX-HID": "Hidalgo"}
FEDERAL_ISSUERS: dict[str, str] = {"US-DOS": "U.S. Department of State"}
MILITARY = frozenset({"AA", "AE", "AP"})


def _parse(table: str) -> dict[str, str]:
    return {entry[:2]: entry[3:] for line in table.strip().splitlines() for entry in line.split("|")}


US_STATES: dict[str, str] = _parse(_STATES)
CANADIAN_PROVINCES: dict[str, str] = _parse(_PROVINCES)
_pairs = _ISSUERS.split()
ISSUERS: dict[str, str] = dict(zip(_pairs[1::2], _pairs[::2], strict=True))
"""Issuer identification number to state or province; those of Mexico and of the federal government have codes of their own."""

STATE_CODES: dict[str, str] = {name.upper(): code for code, name in US_STATES.items()}


def state_code(text: str) -> str | None:
    """Two-letter code for a code or full name of a state of the USA, or None."""
    word = " ".join(text.upper().replace(".", "").split())
    return word if word in US_STATES else STATE_CODES.get(word)


def state_name(code: str) -> str:
    """Full name for a state's or province's code; anything else comes back as it is."""
    return next((table[code] for table in (US_STATES, CANADIAN_PROVINCES, MEXICAN_STATES, FEDERAL_ISSUERS) if code in table), code)


# Merged from the public lists that go back to the NTSI's. N digit, A letter, * letter, digit or asterisk; a number or a range of them follows;
# letters in quotes stand for themselves.
_NUMBERS = """
AL N1-8|AK N1-7|AZ A1N8;A1N9;N9;A2N2-5|AR N4-9|CA A1N7|CO N9;A1N3-6;A2N2-5|CT N9|DE N1-7|DC N7;N9|FL A1N12|GA N7-9|HI A1N8;N9|ID A2N6A1;N9
IL A1N11-12|IN A1N9;N9-10|IA N9;N3A2N4|KS N9;A1N8;A1N1A1N1A1|KY A1N8-9;N9|LA N1-9|ME N7;N7A1;N8|MD A1N12|MA A1N8;A2N7;N9|MI A1N10;A1N12|MN A1N12
MS N9|MO A1N5-9;A1N6'R';N8A2;N9A1;N9;N3A1N6|MT A1N8;N9;N13-14|NE A1N6-8|NV N9-10;N12;'X'N8|NH N2A3N5;'NHL'N8|NJ A1N14|NM N8-9
NY N8-9;A1N7;A1N18;N16;A8|NC N1-12|ND A3N6;N9|OH A1N4-8;A2N3-7;N8|OK A1N9;N9|OR N1-9|PA N8|RI N7;A1N6|SC N5-11|SD N6-10;N12|TN N7-9|TX N7-8
UT N4-10|VT N8;N7'A'|VA A1N8-11;N9|WA A1*11|WV N7;A1-2N5-6|WI A1N13|WY N9-10
"""
_CLASSES = {"N": "[0-9]", "A": "[A-Z]", "*": "[A-Z0-9*]"}
_PART = re.compile(r"'([A-Z]+)'|([NA*])(\d+)(?:-(\d+))?")


def _pattern(form: str) -> str:
    return "".join(word or f"{_CLASSES[kind]}{{{least},{most or least}}}" for word, kind, least, most in _PART.findall(form))


NUMBER_FORMS: dict[str, str] = _parse(_NUMBERS)
"""How licence numbers of a state look, in the notation above; territories and military states are not in the list."""
NUMBER_PATTERNS: dict[str, re.Pattern[str]] = {
    state: re.compile("|".join(_pattern(form) for form in forms.split(";"))) for state, forms in NUMBER_FORMS.items()
}
"""The same compiled, for numbers in upper case without blanks and hyphens."""

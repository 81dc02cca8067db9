"""States, districts and territories of the USA and provinces of Canada, and who the AAMVA's issuer numbers are (data).

Issuer identification numbers: AAMVA DL/ID Card Design Standard, Annex D (header) with the public list of issuers.
"""

from __future__ import annotations

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
ON 636012 NS 636013 NL 636016 NB 636017 BC 636028
"""
MILITARY = frozenset({"AA", "AE", "AP"})


def _parse(table: str) -> dict[str, str]:
    return {entry[:2]: entry[3:] for line in table.strip().splitlines() for entry in line.split("|")}


US_STATES: dict[str, str] = _parse(_STATES)
CANADIAN_PROVINCES: dict[str, str] = _parse(_PROVINCES)
_pairs = _ISSUERS.split()
ISSUERS: dict[str, str] = dict(zip(_pairs[1::2], _pairs[::2], strict=True))
"""Issuer identification number to state or province."""

STATE_CODES: dict[str, str] = {name.upper(): code for code, name in US_STATES.items()}


def state_code(text: str) -> str | None:
    """Two-letter code for a code or full name of a state of the USA, or None."""
    word = " ".join(text.upper().replace(".", "").split())
    return word if word in US_STATES else STATE_CODES.get(word)


def state_name(code: str) -> str:
    """Full name for a state's or province's code; anything else comes back as it is."""
    return US_STATES.get(code) or CANADIAN_PROVINCES.get(code) or code

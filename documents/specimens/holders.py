"""Invented people: a name, a birthday, a face and a home whose ZIP code belongs to its state."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

from documents.specimens.faces import CAST, Identity, cast

_SURNAMES = (
    "ANDERSON",
    "BAKER",
    "CASTILLO",
    "DIAZ",
    "ELLISON",
    "FLORES",
    "GRAHAM",
    "HAWKINS",
    "IBARRA",
    "JENSEN",
    "KOWALSKI",
    "LINDQVIST",
    "MORENO",
    "NAKAMURA",
    "OKAFOR",
    "PATEL",
    "QUINN",
    "RAMIREZ",
    "STEVENS",
    "TURNER",
    "UNDERWOOD",
    "VARGAS",
    "WHITFIELD",
    "YOUNG",
    "ZIMMERMAN",
    "GARCIA LOPEZ",
    "VAN DER BERG",
    "SMITH-JONES",
)
_WOMEN = (
    "ALICE",
    "BEATRIZ",
    "CHLOE",
    "DIANA",
    "ELENA",
    "FATIMA",
    "GRACE",
    "HANNAH",
    "IRENE",
    "JULIA",
    "KAREN",
    "LUCIA",
    "MARIA",
    "NADIA",
    "OLIVIA",
    "PRIYA",
    "ROSA",
    "SOPHIE",
)
_MEN = (
    "ADAM",
    "BRUNO",
    "CARLOS",
    "DAVID",
    "EDWARD",
    "FELIX",
    "GEORGE",
    "HECTOR",
    "IVAN",
    "JAMES",
    "KEVIN",
    "LEON",
    "MARCUS",
    "NOAH",
    "OSCAR",
    "PETER",
    "RAUL",
    "SAMUEL",
)
_MIDDLES = ("JAY", "LEE", "ANN", "MARIE", "LYNN", "ROSE", "PAUL", "ALAN", "REED", "KAI", "", "", "")
_STREETS = (
    "MAPLE AVE",
    "OAK ST",
    "CEDAR LN",
    "SUNSET BLVD",
    "HILLCREST DR",
    "N MAIN ST",
    "PARK PL",
    "WILLOW CT",
    "W 5TH ST",
    "RIVERSIDE RD",
    "LAKE VIEW TER",
    "CHESTNUT WAY",
)

# Cities with ZIP codes of their own; enough that no two neighbours of a demo share one.
HOMES: dict[str, tuple[tuple[str, str], ...]] = {
    "AZ": (("PHOENIX", "85004"), ("TUCSON", "85701")),
    "CA": (("SACRAMENTO", "95814"), ("SAN DIEGO", "92101"), ("OAKLAND", "94612")),
    "CO": (("DENVER", "80203"), ("BOULDER", "80302")),
    "FL": (("MIAMI", "33130"), ("ORLANDO", "32801"), ("TAMPA", "33602")),
    "GA": (("ATLANTA", "30303"), ("SAVANNAH", "31401")),
    "IL": (("CHICAGO", "60607"), ("SPRINGFIELD", "62704")),
    "MA": (("BOSTON", "02116"), ("WORCESTER", "01608")),
    "MI": (("DETROIT", "48226"), ("LANSING", "48933")),
    "NC": (("RALEIGH", "27601"), ("CHARLOTTE", "28202")),
    "NJ": (("NEWARK", "07102"), ("TRENTON", "08608")),
    "NY": (("ALBANY", "12207"), ("NEW YORK", "10011"), ("BUFFALO", "14202")),
    "OH": (("COLUMBUS", "43215"), ("CLEVELAND", "44114")),
    "PA": (("PHILADELPHIA", "19103"), ("PITTSBURGH", "15222")),
    "TN": (("NASHVILLE", "37203"), ("MEMPHIS", "38103")),
    "TX": (("AUSTIN", "78701"), ("HOUSTON", "77002"), ("DALLAS", "75201")),
    "VA": (("RICHMOND", "23219"), ("NORFOLK", "23510")),
    "WA": (("SEATTLE", "98101"), ("SPOKANE", "99201")),
}
STATE_NAMES = {
    "AZ": "Arizona",
    "CA": "California",
    "CO": "Colorado",
    "FL": "Florida",
    "GA": "Georgia",
    "IL": "Illinois",
    "MA": "Massachusetts",
    "MI": "Michigan",
    "NC": "North Carolina",
    "NJ": "New Jersey",
    "NY": "New York",
    "OH": "Ohio",
    "PA": "Pennsylvania",
    "TN": "Tennessee",
    "TX": "Texas",
    "VA": "Virginia",
    "WA": "Washington",
}


@dataclass(frozen=True, slots=True)
class Holder:
    """One invented person. ``sex`` is M, F or X; ``face`` seeds the drawn face, so equal faces mean one person on every document."""

    surname: str
    given_names: str
    date_of_birth: date
    sex: str
    street: str
    city: str
    state: str
    zip: str
    street2: str = ""
    country: str = "USA"
    nationality: str = "USA"
    face: int = 0

    @property
    def full_name(self) -> str:
        """Given names first, as a letter prints it."""
        return f"{self.given_names} {self.surname}"

    @property
    def portrait(self) -> Identity:
        return cast(self.face, self.sex)

    @property
    def city_line(self) -> str:
        return f"{self.city}, {self.state} {self.zip}"


def holder(seed: int = 0, *, state: str | None = None) -> Holder:
    """The person that belongs to ``seed``, living in ``state`` (default: any of ``HOMES``). Faces repeat after ``len(CAST)`` seeds."""
    rng = random.Random(f"holder {seed}")  # noqa: S311
    sex = CAST[seed % len(CAST)][0]
    given = " ".join(filter(None, (rng.choice(_WOMEN if sex == "F" else _MEN), rng.choice(_MIDDLES))))
    home = rng.choice(sorted(HOMES))
    home = state or home
    city, code = rng.choice(HOMES[home])
    birth = date(rng.randint(1950, 2003), rng.randint(1, 12), rng.randint(1, 28))
    unit = rng.choice(("", "", "", f"APT {rng.randint(1, 48)}", f"UNIT {rng.randint(1, 9)}"))
    return Holder(
        rng.choice(_SURNAMES), given, birth, sex, f"{rng.randint(101, 9899)} {rng.choice(_STREETS)}", city, home, code, street2=unit, face=seed
    )

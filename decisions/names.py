"""Are these two names one person's? Structured equality of tokens, graded A to D; similarity scores are shown to reviewers and decide nothing.

Measured: Jaro-Winkler gives DANIEL LEE / DANIELA LEE 0.982 and HOMER J SIMPSON / SIMPSON HOMER 0.454, so no score can decide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler

HONORIFICS = frozenset(["MR", "MRS", "MS", "MISS", "MX", "DR", "PROF", "REV", "HON", "SIR", "DAME", "HERR", "FRAU", "MME", "MLLE", "SRA"])
SUFFIXES = frozenset(["JR", "SR", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "JNR", "SNR", "ESQ"])
PARTICLES = frozenset({
    "VAN", "VON", "DER", "DEN", "DEM", "TER", "TEN", "DE", "DEL", "DELLA", "DI", "DA", "DO", "DOS", "DAS", "DU", "LA", "LAS", "LE", "LOS", "EL",
    "AL", "BIN", "BINT", "IBN", "ABU", "ZU", "ZUM", "ST",
})  # fmt: skip
MAX_TOKENS = 8

# Doc 9303-3 §6.A spells a letter with two; other issuers drop the mark. Both spellings count.
_SPELLED = {"Ä": "AE", "Ö": "OE", "Ü": "UE", "Å": "AA", "Æ": "AE", "Ø": "OE", "Œ": "OE", "ß": "SS", "ẞ": "SS", "Þ": "TH", "Ĳ": "IJ", "Ñ": "NXX"}
_PLAIN = {
    "Æ": "AE", "Ø": "O", "Œ": "OE", "ß": "SS", "ẞ": "SS", "Þ": "TH", "Ð": "D", "Đ": "D", "Ł": "L", "Ħ": "H", "Ŧ": "T", "Ŋ": "N", "Ĳ": "IJ",
    "ı": "I", "İ": "I",
}  # fmt: skip

_NICKNAMES = """
ABIGAIL ABBY GAIL|ABRAHAM ABE BRAM|ADRIAN ADE|AGNES AGGIE NESSIE|ALAN AL|ALBERT AL BERT BERTIE|ALEXANDER ALEX AL ALEC SANDY SASHA XANDER LEX
ALEXANDRA ALEX SANDRA SASHA LEXI ALLIE|ALFRED ALF FRED FREDDIE AL|ALICE ALLIE ALI|ALLISON ALLIE ALI|AMANDA MANDY|AMELIA AMY MILLIE MELIA
ANASTASIA STACY ANA NASTYA|ANDREA ANDIE DREA|ANDREW ANDY DREW|ANGELA ANGIE|ANN ANNIE NANCY|ANNE ANNIE NAN|ANNA ANNIE ANIA ANYA|ANTHONY TONY ANT
ANTONIO TONY TONI TONO|ARTHUR ART ARTIE|AUGUSTUS GUS AUGIE|BARBARA BARB BARBIE BABS|BARTHOLOMEW BART|BEATRICE BEA TRIXIE|BEATRIZ BEA BETTY
BENJAMIN BEN BENNY BENJI|BERNARD BERNIE|BRADLEY BRAD|BRIDGET BRIDIE BIDDY|CALVIN CAL|CAMERON CAM|CAROLINE CARRIE CARO LINA|CAROLYN CARRIE LYN
CASSANDRA CASSIE SANDRA|CATHERINE CATHY KATE CAT KATIE KITTY|CECILIA CECE CELIA|CHARLES CHARLIE CHUCK CHAS CHAZ|CHARLOTTE CHARLIE LOTTIE LOTTE
CHRISTIAN CHRIS|CHRISTINA CHRIS TINA CHRISSY CHRISTY|CHRISTINE CHRIS TINA CHRISSY CHRISTY|CHRISTOPHER CHRIS KIT TOPHER|CLARENCE CLARRY
CLIFFORD CLIFF|CONSTANCE CONNIE|CYNTHIA CINDY|DANIEL DAN DANNY|DANIELLE DANI|DAVID DAVE DAVY DAVEY|DEBORAH DEB DEBBIE DEBRA|DENNIS DENNY DEN
DIANA DI DIANE|DOMINIC DOM NICK|DONALD DON DONNIE|DOROTHY DOT DOTTIE DOLLY|DOUGLAS DOUG|EDMUND ED EDDIE NED|EDUARDO EDDIE LALO EDU
EDWARD ED EDDIE TED TEDDY NED|EDWIN ED EDDIE|ELEANOR ELLIE NELL NORA|ELIZABETH LIZ BETH BETTY LIZZIE BETSY ELIZA LISA LIBBY BESS|EMILY EM EMMY
EMMANUEL MANNY MANU|ENRIQUE KIKE RICKY|ERIC RICK|ERNEST ERNIE|EUGENE GENE|EVELYN EVIE LYN|FERNANDO FER NANDO|FLORENCE FLO FLOSSIE
FRANCES FRAN FRANNIE FANNY|FRANCIS FRANK FRANKIE FRAN|FRANCISCO PACO PANCHO FRANK CISCO|FRANKLIN FRANK|FREDERICK FRED FREDDIE FRITZ RICK
GABRIEL GABE|GABRIELA GABY GABI|GABRIELLE GABBY GABY|GEOFFREY GEOFF JEFF|GERALD GERRY JERRY|GERALDINE GERRY|GERTRUDE TRUDY GERT|GILBERT GIL BERT
GREGORY GREG|GUADALUPE LUPE LUPITA|GUILLERMO MEMO WILLIAM|GWENDOLYN GWEN|HAROLD HARRY HAL|HARRIET HATTIE|HELEN NELL NELLIE LENA|HENRY HANK HARRY HAL
HERBERT HERB BERT|HOWARD HOWIE|HUMBERTO BETO|IGNACIO NACHO|IRENE RENA|ISAAC IKE ZAC|ISABEL ISA BELLA CHABELA IZZY|ISABELLA BELLA IZZY ISA
ISRAEL IZZY|JACOB JAKE JAY|JACQUELINE JACKIE|JAMES JIM JIMMY JAMIE JEM|JANE JENNY JANIE|JANET JAN|JASON JAY|JEFFREY JEFF|JENNIFER JEN JENNY JENNA
JEREMY JERRY JEM|JEROME JERRY|JESSICA JESS JESSIE|JESUS CHUY CHUCHO|JOAN JOANIE|JOANNA JO JOANNE|JOHN JACK JOHNNY JON|JONATHAN JON JONNY NATHAN
JORGE GEORGE COQUE|JOSE PEPE CHEPE JOE|JOSEFINA PEPA FINA|JOSEPH JOE JOEY JOS|JOSEPHINE JO JOSIE|JOSHUA JOSH|JUDITH JUDY|JULIA JULIE JULES
JUSTIN JUS|KATHERINE KATE KATHY KATIE KAT KITTY KAY|KATHLEEN KATHY KATE KATIE|KENNETH KEN KENNY|KIMBERLY KIM|LAURA LAURIE LORI|LAWRENCE LARRY LAURIE
LEONARD LEN LENNY LEO|LEONARDO LEO|LESLIE LES|LILLIAN LILY LIL|LOUIS LOU LOUIE|LOUISE LOU|LUCILLE LUCY|LUIS LUCHO LOU|MADELINE MADDIE
MANUEL MANNY MANOLO|MARGARET MAGGIE MEG PEGGY MARGE MARGIE RITA GRETA DAISY|MARIA MIA MARY|MARIA JOSE MAJO|MARJORIE MARGE|MARTHA MARTY PATTY
MARTIN MARTY|MARY MOLLY POLLY MAY|MATHILDA TILLY MATTIE|MATTHEW MATT MATTY|MAXIMILIAN MAX|MAXWELL MAX|MEGAN MEG|MELISSA MEL LISSA
MERCEDES MERCHE SADIE|MICHAEL MIKE MICK MICKEY MIKEY|MICHELLE SHELLY|MIGUEL MIKE|MILDRED MILLIE|MITCHELL MITCH|MOHAMMED MOHAMMAD MUHAMMAD MOHAMED MO
MONTGOMERY MONTY|NANCY NAN|NATALIE NAT|NATHAN NATE NAT|NATHANIEL NATE NAT NATHAN|NICHOLAS NICK NICKY NICO|NICOLE NICKY NIKKI|NORMAN NORM
OLIVER OLLIE|OLIVIA LIV LIVVY|OSWALD OZZIE|PAMELA PAM|PATRICIA PAT PATTY TRISH TRICIA|PATRICK PAT PADDY RICK|PENELOPE PENNY|PETER PETE
PHILIP PHIL PIP|PRISCILLA CILLA|RACHEL RAE|RAFAEL RAFA RALPH|RANDALL RANDY|RANDOLPH RANDY|RAYMOND RAY|REBECCA BECKY BECCA|REGINALD REG REGGIE
RICARDO RICK RICKY|RICHARD DICK RICK RICH RICKY RICHIE|ROBERT BOB BOBBY ROB ROBBIE BERT|ROBERTA BOBBIE|ROBERTO BETO ROB|RODERICK ROD RODDY
RODNEY ROD|ROGELIO ROGER|RONALD RON RONNIE|ROSARIO CHAYO ROSE|ROSE ROSIE|ROSEMARY ROSE ROSIE|ROXANNE ROXY|RUDOLPH RUDY|RUSSELL RUSS RUSTY
SAMANTHA SAM SAMMIE|SAMUEL SAM SAMMY|SANTIAGO TIAGO SANTI DIEGO|SARAH SALLY SADIE|SEBASTIAN SEB BASTIAN|SERGIO CHECO|SHIRLEY SHIRL|SIMON SI
SOLOMON SOL|SOPHIA SOPHIE SOFI|STANLEY STAN|STEPHANIE STEPH STEFFI|STEPHEN STEVE|STEVEN STEVE|STUART STU|SUSAN SUE SUSIE SUZY|SUZANNE SUE SUZY
SYDNEY SYD SID|SYLVESTER SLY|TAMARA TAMMY|TERENCE TERRY|TERESA TERRY TERRI TESS TERE|THEODORE TED TEDDY THEO|THERESA TERRY TERRI TESS
THOMAS TOM TOMMY|TIMOTHY TIM TIMMY|TOBIAS TOBY|VALENTINA VAL TINA|VALERIE VAL|VERONICA RONNIE VERO NICA|VICTOR VIC|VICTORIA VICKY TORI VICKI
VINCENT VINCE VINNY|VIRGINIA GINNY GINGER|VIVIAN VIV|VLADIMIR VLAD VOVA|WALTER WALT WALLY|WILHELM WILLI WILL|WILLIAM BILL WILL BILLY LIAM WILLIE
WINIFRED WINNIE FRED|WINSTON WIN|XAVIER JAVI|YVONNE EVE|ZACHARY ZACH ZACK|ZOE ZO
"""


@lru_cache(maxsize=1)
def _nicknames() -> dict[str, frozenset[str]]:
    """Every form of a name to the groups it belongs to, a group being named by its first word."""
    groups: dict[str, set[str]] = {}
    for entry in (entry for line in _NICKNAMES.strip().splitlines() for entry in line.split("|")):
        words = entry.split()
        for word in words:
            groups.setdefault(word, set()).add(words[0])
    return {word: frozenset(names) for word, names in groups.items()}


@dataclass(frozen=True, slots=True)
class Name:
    """One name. ``surname`` and ``given`` are tokens; a name whose parts are unknown has all of them in ``loose``. ``cut`` names the parts that were
    truncated."""

    surname: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    suffix: str = ""
    loose: tuple[str, ...] = ()
    cut: frozenset[str] = frozenset()

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.loose or (*self.given, *self.surname)

    def __bool__(self) -> bool:
        return bool(self.tokens)


@dataclass(frozen=True, slots=True)
class Match:
    """``grade`` A (one person) B, C (a person should look) or D (two people); ``why`` in a few words; ``scores`` for the reviewer."""

    grade: str
    why: str
    scores: dict[str, float]


def tokens(text: str) -> tuple[str, ...]:
    """Upper-case words: NFKC, apostrophes and full stops gone, hyphens and MRZ fillers as blanks, honorifics dropped."""
    plain = unicodedata.normalize("NFKC", text).replace("ß", "ẞ").upper()
    plain = re.sub(r"['’`´.]", "", plain)
    words = re.sub(r"[^\w]+|_", " ", plain).split()
    kept = [word for word in words if word not in HONORIFICS]
    return tuple((kept or words)[:MAX_TOKENS])


def _without_suffix(words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """A suffix is the last word of a name of two or more; a lone V or I is more often an initial."""
    if len(words) > 1 and words[-1] in SUFFIXES - {"I", "V"}:
        return words[:-1], words[-1].replace("JNR", "JR").replace("SNR", "SR")
    return words, ""


def structured(surname: str, given: str, *, cut: frozenset[str] = frozenset()) -> Name:
    """A name whose parts are known (MRZ, AAMVA, a declared first and last name)."""
    last, suffix = _without_suffix(tokens(surname))
    first, other = _without_suffix(tokens(given))
    return Name(last, first, suffix or other, cut=cut)


def whole(text: str) -> Name:
    """A name in one string: ``SIMPSON, HOMER J`` tells its parts, ``Homer J Simpson`` does not."""
    if text.count(",") == 1:
        last, first = text.split(",")
        if not set(tokens(first)) <= SUFFIXES:
            return structured(last, first)
    words, suffix = _without_suffix(tokens(text.replace(",", " ")))
    return Name(loose=words, suffix=suffix)


def explained(name: Name, text: str = "") -> tuple[str, tuple[str, ...]]:
    """What ``name`` is compared as, and what was done to ``text`` to get there."""
    value = " ".join(name.loose) if name.loose else ", ".join(" ".join(part) for part in (name.surname, name.given) if part)
    words = re.sub(r"[^\w]+|_", " ", unicodedata.normalize("NFKC", text).upper()).split()
    steps = {
        "upper case": text != text.upper(),
        "apostrophes and full stops removed": bool(re.search(r"['’`´.]", text)),
        "hyphens and fillers as blanks": bool(re.search(r"[-<]", text)),
        f"title {' '.join(word for word in words if word in HONORIFICS)} set aside": any(word in HONORIFICS for word in words) and bool(value),
        f"suffix {name.suffix} set aside": bool(name.suffix),
        "marks dropped or spelled out (ICAO 9303-3)": any(len(spellings(word)) > 1 for word in name.tokens),
        f"cut off at the end: {', '.join(sorted(name.cut))}": bool(name.cut),
        "which word is the surname is not known": len(name.loose) > 1,
    }
    return value, tuple(step for step, done in steps.items() if done)


@lru_cache(maxsize=4096)
def spellings(word: str) -> frozenset[str]:
    """The ways a document may print ``word`` in A-Z: with marks dropped, and with letters spelled out (ICAO 9303-3 §6.A)."""
    found = {word}
    for table in (_PLAIN, _SPELLED, {**_SPELLED, "Ñ": "N", "Ü": "UXX"}):
        text = "".join(table.get(letter, letter) for letter in word)
        text = "".join(_PLAIN.get(letter, letter) for letter in unicodedata.normalize("NFKD", text))
        found.add("".join(letter for letter in text if not unicodedata.combining(letter)))
    return frozenset(found)


def _collapsed(word: str) -> str:
    """MUELLER and MULLER alike; too bold for short words, and for AE (MICHAEL is not MICHAL)."""
    return re.sub("[OU]E", lambda pair: pair[0][0], word) if len(word) >= 5 else word


def _same(left: str, right: str) -> bool:
    one, other = spellings(left), spellings(right)
    return bool(one & other) or bool({_collapsed(word) for word in one} & {_collapsed(word) for word in other})


def _near(left: str, right: str) -> bool:
    """One slip of the pen or of the reader: OSA distance 1, or 2 in words of eight letters and more."""
    allowed = 2 if min(len(left), len(right)) >= 8 else 1
    return min(len(left), len(right)) >= 3 and OSA.distance(left, right) <= allowed


def _surnames(left: Name, right: Name) -> str:
    one, other = left.surname, right.surname
    if not one or not other:
        return "missing" if one or other else "same"
    if _same("".join(one), "".join(other)) or _all_same(one, other):
        return "same"
    if _cut(left, right, "surname") and _begins("".join(one), "".join(other)):
        return "same"
    bare_one, bare_other = _bare(one), _bare(other)
    if _same("".join(bare_one), "".join(bare_other)):
        return "particle"
    short, long = sorted((bare_one, bare_other), key=len)
    if len(short) < len(long) and all(any(_same(word, rival) for rival in long) for word in short):
        return "partial"
    return "near" if _one_slip(bare_one, bare_other) else "different"


def _bare(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in PARTICLES) or words


def _all_same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))


def _one_slip(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if len(one) != len(other):
        return _near("".join(one), "".join(other))
    odd = [(a, b) for a, b in zip(one, other, strict=True) if not _same(a, b)]
    return len(odd) == 1 and _near(*odd[0])


def _cut(left: Name, right: Name, part: str) -> bool:
    return part in left.cut or part in right.cut


def _begins(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= 3 and any(a.startswith(b) for a, b in product(spellings(long), spellings(short)))


def _givens(left: Name, right: Name) -> str:
    one, other = left.given, right.given
    if not one or not other:
        return "missing" if (one or other) and not _cut(left, right, "given") else "same"
    first, second = one[0], other[0]
    if _same("".join(one), "".join(other)) or _same("".join(one[:2]), second) or _same(first, "".join(other[:2])):
        return "same"
    if _same(first, second) or _initial(first, second):
        return "same" if _middles_agree(one[1:], other[1:]) else "middle"
    if _cut(left, right, "given") and _begins(first, second):
        return "same"
    return "nickname" if _nickname(first, second) else "near" if _near(first, second) else "different"


def _nickname(one: str, other: str) -> bool:
    """Listed (BOB, ROBERT), or a short form by its beginning (CHRIS); DANIEL and DANIELA are two names."""
    groups = _nicknames()
    if groups.get(one, frozenset()) & groups.get(other, frozenset()):
        return True
    return min(len(one), len(other)) >= 3 and _begins(one, other) and not _near(one, other)


def _initial(one: str, other: str) -> bool:
    return 1 in (len(one), len(other)) and one[0] == other[0]


def _middles_agree(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Middle names may be missing or initials, but not contradict: a father and a son may share the rest."""
    return all(_same(a, b) or _initial(a, b) or _begins(a, b) or a in other or b in one for a, b in zip(one, other, strict=False))


_GRADES = {
    ("same", "same"): ("A", "same names"), ("same", "middle"): ("B", "middle names differ"),
    ("same", "nickname"): ("B", "short form of the given name"),
    ("particle", "same"): ("B", "particle of the surname missing"), ("partial", "same"): ("C", "one of several surnames missing"),
    ("same", "near"): ("C", "given names differ by a letter or two"), ("near", "same"): ("C", "surnames differ by a letter or two"),
    ("same", "missing"): ("C", "given names missing on one side"),
    ("partial", "middle"): ("C", "one of several surnames missing, middle names differ"),
    ("partial", "nickname"): ("C", "one of several surnames missing, short form of the given name"),
}  # fmt: skip


def _graded(left: Name, right: Name) -> tuple[str, str]:
    grade, why = _GRADES.get((_surnames(left, right), _givens(left, right)), ("D", "different names"))
    if grade != "D" and left.suffix and right.suffix and left.suffix != right.suffix:
        return "C", "suffixes differ"
    return grade, why


def _readings(name: Name) -> Iterator[Name]:
    """A name of unknown parts read in every way: the surname is its last words, or its first."""
    if not name.loose:
        yield name
        return
    words = name.loose
    for size in range(1, max(2, len(words))):
        yield replace(name, loose=(), surname=words[-size:], given=words[:-size])
        yield replace(name, loose=(), surname=words[:size], given=words[size:])


def compare(left: Name, right: Name) -> Match:
    """The best grade over all readings of both names. Two names of the same words in another order are one person's (surname first, or last)."""
    best = ("D", "different names")
    if left.tokens and sorted(left.tokens) == sorted(right.tokens):
        best = _graded(replace(left, loose=(), surname=left.tokens, given=()), replace(right, loose=(), surname=left.tokens, given=()))
    for one, other in product(_readings(left), _readings(right)):
        found = _graded(one, other)
        first = (
            bool(left.loose and right.loose) and left.loose[: len(one.surname)] == one.surname and right.loose[: len(other.surname)] == other.surname
        )
        if found[0] < "C" and first and _ends_early(one, other):
            found = ("C", "last name missing on one side")
        best = min(best, found, key=lambda entry: entry[0])
    return Match(*best, scores=scores(left, right))


def _ends_early(one: Name, other: Name) -> bool:
    """Both read surname first and one has further words at its end: perhaps middle names, perhaps a surname that the other lacks."""
    short, long = sorted((one.given, other.given), key=len)
    return len(short) < len(long) and any(len(word) > 1 for word in long[len(short) :]) and short == long[: len(short)] and bool(short)


def scores(left: Name, right: Name) -> dict[str, float]:
    """Similarities for a reviewer's eye: token_set 95 and more is close, 80 to 95 possible."""
    one, other = (" ".join(min(spellings(word)) for word in name.tokens) for name in (left, right))
    return {
        "token_set": round(fuzz.token_set_ratio(one, other), 1),
        "token_sort": round(fuzz.token_sort_ratio(one, other), 1),
        "jaro_winkler": round(JaroWinkler.similarity(one, other), 3),
    }

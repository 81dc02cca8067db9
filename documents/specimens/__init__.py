"""Draws SPECIMEN documents whose every printed word is known: for tests, the demo and the benchmark. No picture of a real person or paper is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from documents.specimens.cards import licence
from documents.specimens.degrade import degrade
from documents.specimens.faces import draw_face, sitting
from documents.specimens.holders import Holder, holder
from documents.specimens.letters import KINDS as _LETTER_KINDS
from documents.specimens.letters import letter
from documents.specimens.others import other_id
from documents.specimens.paper import stamp
from documents.specimens.states import STATES
from documents.specimens.travel import passport, resident_card
from documents.specimens.wanted import TODAY, Specimen, Wanted, wanted

__all__ = ["KINDS", "STATES", "TODAY", "Holder", "Specimen", "degrade", "draw", "holder"]


def _selfie(request: Wanted) -> Specimen:
    """The holder, photographed by hand: another pose, light and background than on the documents."""
    image = draw_face(request.holder.portrait, sitting(request.seed), width=900, height=1157, seed=request.seed + 1)
    stamp(image, (150, 45), 34)
    return Specimen(request.kind, {"front": image}, {}, request.holder)


# ``draw`` has a parameter of the same name.
_person = holder

_DRAWERS: Mapping[str, Callable[[Wanted], Specimen]] = {
    "driver_license": licence,
    "id_card": licence,
    "passport": passport,
    "permanent_resident_card": resident_card,
    "passport_card": resident_card,
    "nexus": resident_card,
    **dict.fromkeys(("uniformed_service_id", "access_card", "matricula_consular", "university_id", "naturalization_certificate"), other_id),
    "selfie": _selfie,
    **dict.fromkeys(_LETTER_KINDS, letter),
}
KINDS = tuple(_DRAWERS)


def draw(kind: str, *, seed: int = 0, holder: Holder | None = None, state: str | None = None, **options: Any) -> Specimen:
    """One document of ``kind`` (a ``DocumentType.kind``) for ``holder`` (default: the person of ``seed``, living in ``state``).

    Options: ``today`` (date), ``expired``, ``issued`` and ``expires`` (dates), ``underage``, ``name`` (surname, given names), ``address`` (mapping of
    street, street2, city, state, zip), ``wrong_check_digit``, ``barcode`` (False leaves the symbol out), ``barcode_differs`` (AAMVA elements that
    shall contradict the front), ``country`` (passports: a key of ``travel.ISSUERS``). The same arguments give the same bytes. Raises KeyError for an
    unknown kind.
    """
    draw_it = _DRAWERS[kind]
    person = holder or _person(seed, state=state)
    return draw_it(wanted(kind, seed, person, **options))

"""What a reviewer may reject a document for: each code with the sentence that the applicant is told, and what helps (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from decisions.rules import registry


@dataclass(frozen=True, slots=True)
class Ground:
    """``label`` is what the reviewer chooses, ``sentence`` what the applicant is told, ``fix`` what helps."""

    label: str
    sentence: str
    fix: str


GROUNDS: Mapping[str, Ground] = {
    "document_expired": Ground("The document has expired", "The document has expired. Please upload one that is valid today.", "reupload"),
    "document_unreadable": Ground("The document cannot be read", "The document cannot be read. Please upload a sharper picture.", "reupload"),
    "document_not_accepted": Ground(
        "This kind of document is not accepted", "This kind of document is not accepted here. Please upload another one.", "reupload"
    ),
    "name_mismatch": Ground("The names do not match", "The names on the documents and the one you entered differ.", "correct_expected_data"),
    "address_mismatch": Ground(
        "The addresses do not match", "The address on the document differs from the one you entered.", "correct_expected_data"
    ),
    "portrait_mismatch": Ground(
        "The selfie shows another person", "The selfie does not seem to show the person on the photo ID. Please take a new one.", "reupload"
    ),
    "suspected_manipulation": Ground(
        "The document seems to be altered", "The document could not be accepted. Please contact the operator.", "contact_operator"
    ),
    "rejected_by_reviewer": Ground("", "A reviewer did not accept the document. Please contact the operator.", "contact_operator"),
    "other": Ground("Another reason (see the note)", "A reviewer did not accept the document. Please contact the operator.", "contact_operator"),
}


def ground_of(code: str) -> Ground:
    """That of the list, else of the rule that gives this code; any other code of a client's own is told in general words."""
    return GROUNDS.get(code) or _of_rules().get(code) or GROUNDS["rejected_by_reviewer"]


@lru_cache(maxsize=1)
def _of_rules() -> Mapping[str, Ground]:
    found = {}
    for rule in registry.load().values():
        fix = rule.fix if rule.fix != "none" else "contact_operator"
        for code in (rule.reason_code, *rule.reasons):
            found[code] = Ground("", rule.sentence_of(code), fix)
    return found

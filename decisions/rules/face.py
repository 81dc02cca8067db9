"""Rules about the selfie. A match is a signal, never an identity: no rule here rejects on a face alone unless the flow says so."""

from __future__ import annotations

from typing import Any

from decisions.evidence import Evidence
from decisions.rules.registry import NOT_ASSESSED, Finding, Thresholds, failed, not_applicable, passed, rule, unclear
from documents.types import PHOTO_ID, SELFIE


@rule(
    reference="R20",
    group="face",
    inputs=("face",),
    reason_code="selfie_mismatch",
    sentence="The selfie does not seem to show the person on the photo ID. Please take a new selfie in even light, looking into the camera.",
    fix="reupload",
    reasons={"selfie_uncertain": "The selfie could not be matched with certainty, so a person will compare the faces."},
    severity="warning",
    contexts=(PHOTO_ID, SELFIE),
    cross_document=True,
    defaults={"reject_below": 0.20, "face_px_least": 112},
)
def selfie_matches(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The selfie and the photo ID show the same face.

    A strong match passes, a moderate or weak one is for a person; only a score below ``reject_below`` between two faces of good size fails. The score
    is calibrated per engine; no rate of false matches is claimed that was not measured.
    """
    photo, selfie = evidence.case.document(PHOTO_ID), evidence.case.document(SELFIE)
    match = photo.face_comparison if photo else None
    if photo is None or selfie is None:
        return not_applicable("There is no selfie and photo ID to compare.")
    if match is None or match.level == "not_assessed":
        return not_applicable(f"Selfie against photo ID: {NOT_ASSESSED}.")
    facts: dict[str, Any] = {
        "expected": "strong",
        "computed": {"level": match.level, "score": match.score, "distance": match.distance, "engine": match.engine},
    }
    if match.level == "strong":
        return passed(**facts)
    sizes = [document.face_px for document in (photo, selfie) if document.face_px is not None]
    good = len(sizes) == 2 and min(sizes) >= threshold["face_px_least"]
    if match.level == "weak" and match.score is not None and match.score < threshold["reject_below"] and good:
        return failed(**facts)
    return unclear(code="selfie_uncertain", **facts)


@rule(
    reference="R21",
    group="face",
    inputs=("images",),
    reason_code="liveness_failed",
    sentence="The selfie does not seem to be of a living person.",
    fix="contact_operator",
    severity="warning",
    contexts=(SELFIE,),
)
def selfie_is_live(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The selfie was taken of a living person. No engine for this is installed, so it is not assessed, and never passes."""
    return not_applicable(f"Liveness: {NOT_ASSESSED}, no engine for it is installed.")

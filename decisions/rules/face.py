"""Rules about the selfie. A match is a signal, never an identity: no rule here rejects on a face alone unless the flow says so."""

from __future__ import annotations

from typing import Any

from decisions.evidence import DocumentEvidence, Evidence
from decisions.rules.registry import NOT_ASSESSED, Finding, Thresholds, failed, not_applicable, passed, rule, unclear
from documents.readers.face import UNMEASURED
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
    version=2,
    defaults={
        "strong": UNMEASURED.strong, "moderate": UNMEASURED.moderate, "reject_below": 0.20, "face_px_least": 112, "face_quality_least": 0.5,
        "false_match_rate": UNMEASURED.false_match_rate,
    },
)  # fmt: skip
def selfie_matches(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The selfie and the photo ID show the same face.

    A score from ``strong`` on passes; a moderate or weak one is for a person; only one below ``reject_below`` between two faces of good size and
    quality fails. ``strong`` should be the score that ``manage.py calibrate_faces`` measures, ``false_match_rate`` the rate it measured; null: none
    was measured, and none is claimed.
    """
    photo, selfie = evidence.case.document(PHOTO_ID), evidence.case.document(SELFIE)
    match = photo.face_comparison if photo else None
    if photo is None or selfie is None:
        return not_applicable("There is no selfie and photo ID to compare.")
    if match is None or match.score is None or match.level == "not_assessed":
        return not_applicable(f"Selfie against photo ID: {NOT_ASSESSED}.")
    level = "strong" if match.score >= threshold["strong"] else "moderate" if match.score >= threshold["moderate"] else "weak"
    facts: dict[str, Any] = {
        "expected": "strong",
        "computed": {
            "level": level, "score": match.score, "distance": match.distance, "engine": match.engine, "model_version": match.version,
            "false_match_rate": threshold["false_match_rate"] if threshold["false_match_rate"] is not None else "not measured",
        },
    }  # fmt: skip
    if level == "strong":
        return passed(**facts)
    clear = all(_clear(document, threshold) for document in (photo, selfie))
    return failed(**facts) if match.score < threshold["reject_below"] and clear else unclear(code="selfie_uncertain", **facts)


def _clear(document: DocumentEvidence, threshold: Thresholds) -> bool:
    size, quality = document.face_px, document.face_quality
    return size is not None and size >= threshold["face_px_least"] and quality is not None and quality >= threshold["face_quality_least"]


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

"""Rules about the pictures: can they be read, do they show what they must. A rejected picture means: take a new one."""

from __future__ import annotations

from typing import Any

from decisions.evidence import Evidence, SideQuality
from decisions.rules.registry import ANY_CONTEXT, NOT_ASSESSED, Finding, Thresholds, failed, not_applicable, passed, rule, unclear
from documents.types import PHOTO_ID, SELFIE

_ORDER = ("pass", "unclear", "fail")


@rule(
    reference="R18",
    group="image",
    inputs=("quality of the images", "face",),
    reason_code="image_unusable",
    sentence="The picture cannot be used. Please take a new one: sharp, evenly lit, without reflections, with the whole document in it.",
    fix="reupload",
    reasons={"image_poor": "The picture is hard to read, so a person will look at it."},
    severity="warning",
    contexts=ANY_CONTEXT,
    version=2,
    defaults={
        "width_good": 1011, "width_least": 506, "blur_good": 100.0, "blur_least": 50.0, "glare_good": 0.01, "glare_most": 0.05,
        "dark_good": 60.0, "dark_least": 40.0, "bright_good": 200.0, "bright_most": 225.0, "selfie_width_good": 480, "selfie_width_least": 240,
        "corners_good": 4, "corners_least": 3, "face_px_good": 112, "face_px_least": 80,
    },
)  # fmt: skip
def image_usable(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The pictures are large, sharp and evenly lit enough to be read and kept (USPS wants clear, legible copies).

    Width in pixels (300 and 150 dpi of a card), blur as variance of the Laplacian at 1000 px width, glare as the share of burnt pixels in text,
    exposure as mean luminance, framing as the document's corners that are in the picture (not assessed where none were looked for), the portrait as
    the shorter side of the face in pixels. A selfie need only show a face: its sharpness, glare and framing are left out.
    """
    if not evidence.document.quality:
        return not_applicable(f"The picture's quality: {NOT_ASSESSED}.")
    selfie = evidence.document.context == SELFIE
    grades = {side.side: _graded(side, threshold, selfie) for side in evidence.document.quality}
    measured: dict[str, Any] = {side.side: _measured(side) for side in evidence.document.quality}
    if evidence.document.face_px is not None and "front" in grades:
        grades["front"]["portrait"] = _high(evidence.document.face_px, threshold["face_px_good"], threshold["face_px_least"])
        measured["front"]["portrait"] = evidence.document.face_px
    worst = max((grade for side in grades.values() for grade in side.values()), key=_ORDER.index, default="pass")
    poor = {side: sorted(name for name, grade in found.items() if grade != "pass") for side, found in grades.items()}
    computed = {"measured": measured, "poor": poor, "not_assessed": [] if any("framing" in found for found in grades.values()) else ["framing"]}
    if worst == "pass":
        return passed(computed=computed)
    return failed(computed=computed) if worst == "fail" else unclear(code="image_poor", computed=computed)


def _measured(side: SideQuality) -> dict[str, float | int | None]:
    return {"width": side.width, "blur": side.blur, "glare": side.glare, "exposure": side.exposure, "corners": side.corners}


def _graded(side: SideQuality, threshold: Thresholds, selfie: bool) -> dict[str, str]:
    """One grade per measure that was taken."""
    prefix = "selfie_width" if selfie else "width"
    grades = {} if side.width is None else {"width": _high(side.width, threshold[f"{prefix}_good"], threshold[f"{prefix}_least"])}
    if side.blur is not None and not selfie:
        grades["blur"] = _high(side.blur, threshold["blur_good"], threshold["blur_least"])
    if side.glare is not None and not selfie:
        grades["glare"] = _high(-side.glare, -threshold["glare_good"], -threshold["glare_most"])
    if side.corners is not None and not selfie:
        grades["framing"] = _high(side.corners, threshold["corners_good"], threshold["corners_least"])
    if side.exposure is not None:
        dark = _high(side.exposure, threshold["dark_good"], threshold["dark_least"])
        bright = _high(-side.exposure, -threshold["bright_good"], -threshold["bright_most"])
        grades["exposure"] = max(dark, bright, key=_ORDER.index)
    return grades


def _high(value: float, good: float, least: float) -> str:
    return "pass" if value >= good else "unclear" if value >= least else "fail"


@rule(
    reference="R22",
    group="image",
    inputs=("face",),
    reason_code="portrait_missing",
    sentence="No face was found in the picture. Please make sure that the photo is in it and not covered by a finger or a reflection.",
    fix="reupload",
    reasons={"portrait_uncertain": "It is not certain that the picture shows the holder's photo, so a person will look at it."},
    contexts=(PHOTO_ID, SELFIE),
    defaults={"most_faces": 3},
)
def portrait_present(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The picture shows the holder's face. A second, paler one is normal on cards."""
    document = evidence.document
    if document.faces is None:
        return not_applicable(f"Faces: {NOT_ASSESSED}.")
    computed = {"faces": document.faces, "face_px": document.face_px}
    if document.faces == 0:
        return unclear(code="portrait_uncertain", computed=computed) if document.extraction_failed else failed(computed=computed)
    if document.faces > (1 if document.context == SELFIE else threshold["most_faces"]):
        return unclear(code="portrait_uncertain", computed=computed)
    return passed(computed=computed)


@rule(
    reference="R28",
    group="image",
    inputs=("SHA-256 and perceptual hash of the images", "side that each shows"),
    reason_code="both_sides_same",
    sentence="Front and back show the same side. Please upload both sides of the document.",
    fix="reupload",
    reasons={
        "sides_alike": "Front and back look alike, so a person will look whether both sides were uploaded.",
        "side_misplaced": "A picture seems to show the other side of the document, so a person will look at it.",
    },
    version=2,
    defaults={"phash_distance": 10},
)
def sides_differ(evidence: Evidence, threshold: Thresholds) -> Finding:
    """Front and back are two different pictures, each of its own side.

    The same picture twice fails. Perceptual hashes at most ``phash_distance`` of 64 bits apart, or a picture that looks like the other side, are
    hints for a person; where neither was measured the finding says so.
    """
    document, (front, back) = evidence.document, _both_sides(evidence.document.quality)
    if document.type.sides_in(document.country) != 2 or len(document.image_hashes) < 2:
        return not_applicable("A document of this kind has one side.")
    equal = len(set(document.image_hashes)) < len(document.image_hashes)
    distance = (int(front.phash, 16) ^ int(back.phash, 16)).bit_count() if front.phash and back.phash else None
    shown = {side.side: side.shows for side in (front, back) if side.shows}
    computed = {
        "equal_pictures": equal, "phash_distance": distance, "shows": shown,
        "not_assessed": [name for name, known in (("likeness", distance is not None), ("side shown", bool(shown))) if not known],
    }  # fmt: skip
    if equal:
        return failed(computed=computed)
    if distance is not None and distance <= threshold["phash_distance"]:
        return unclear(code="sides_alike", computed=computed)
    return unclear(code="side_misplaced", computed=computed) if any(side != seen for side, seen in shown.items()) else passed(computed=computed)


def _both_sides(measured: tuple[SideQuality, ...]) -> tuple[SideQuality, SideQuality]:
    by_side = {entry.side: entry for entry in measured}
    return by_side.get("front", SideQuality("front")), by_side.get("back", SideQuality("back"))


@rule(
    reference="R24",
    group="image",
    inputs=("images",),
    reason_code="tampering_suspected",
    sentence="The picture shows signs of having been changed, so a person will look at it.",
    fix="contact_operator",
)
def image_untampered(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The picture shows no sign of having been changed. No engine for this is installed, so it is not assessed."""
    return not_applicable(f"Signs of tampering: {NOT_ASSESSED}, no engine for it is installed.")


@rule(
    reference="R25",
    group="image",
    inputs=("images",),
    reason_code="copy_or_screen_suspected",
    sentence="The picture seems to show a copy or a screen and not the document itself, so a person will look at it.",
    fix="reupload",
)
def image_is_original(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The picture shows the document itself, not a copy or a screen. No engine for this is installed, so it is not assessed."""
    return not_applicable(f"Copy or screen: {NOT_ASSESSED}, no engine for it is installed.")

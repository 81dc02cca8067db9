"""What a flow is, as data: parse, validate, snapshot (pure)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

CONTEXTS = ("PHOTO_ID", "PROOF_OF_ADDRESS", "SELFIE")
SEVERITIES = ("error", "warning")
SLUG = re.compile(r"[a-z][a-z0-9_-]{1,59}\Z")
_RESERVED = """
documents document sessions session verifications verification inquiries inquiry accounts cases events files lists list list-items reports importer
importers api-logs webhooks settings rate-limits fingerprints identities checks check decisions decision extractions extracted-data document-types
countries services uploads folders list-item flows openapi openapi.json health metrics docs admin static
"""
RESERVED_SLUGS = frozenset(_RESERVED.split())


class InvalidFlow(ValueError):
    """A flow file that cannot be used; the message names the place and what was expected."""


@dataclass(frozen=True, slots=True)
class FlowType:
    """One document type a flow accepts; ``countries`` limits the type's own list, None leaves it as it is."""

    id: int
    countries: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RetentionTimes:
    """How long things are kept, with the limits of each time below. ``after_upload`` counts from when the images were marked as uploaded to the
    USPS registration database, ``after_closing`` from the day the mailbox was closed; None keeps data until its deletion is asked for.
    ``restricted_images`` are those of documents whose copying is restricted by law."""

    images_after_upload_days: int = 30
    images_after_decision_days: int = 90
    restricted_images_after_upload_hours: int = 24
    selfies_after_decision_days: int = 30
    images_unapproved_days: int = 30
    data_after_closing_days: int | None = 365
    data_unapproved_days: int | None = 365


_RETENTION_LIMITS = {
    "images_after_upload_days": (0, 365),
    "images_after_decision_days": (0, 365),
    "restricted_images_after_upload_hours": (0, 24),
    "selfies_after_decision_days": (0, 365),
    "images_unapproved_days": (0, 90),
    # DMM 508.1.8.3: six months after the mailbox was closed at the least.
    "data_after_closing_days": (183, 3660),
    "data_unapproved_days": (0, 3660),
}


@dataclass(frozen=True, slots=True)
class ReviewTerms:
    """How people review a flow's cases. ``second_reviewer``: two different people must agree on every decision made by hand;
    ``second_look_percent``: so many decisions in a hundred, chosen at random, need it anyway; ``target_hours``: how long a case may wait."""

    second_reviewer: bool = False
    second_look_percent: int = 0
    target_hours: int = 24


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agrees to before they show documents on the capture page. Another ``text`` needs another ``version``, which is recorded."""

    version: str = "1"
    text: str = (
        "I agree that my documents are read by machine, checked, and looked at by authorised staff, to verify my identity. "
        "They are stored encrypted and deleted when they are no longer needed."
    )


@dataclass(frozen=True)
class FlowDefinition:
    """One version of a flow.

    ``extract_on`` is ``upload`` or ``submit``; ``rules`` maps a rule's id to its settings: ``severity`` of a fail (``error`` or ``warning``) and
    thresholds; ``time_zone`` is where "today" is taken; ``expires_after_days`` None means a started verification never expires.
    """

    slug: str
    name: str
    description: str
    extract_on: str
    required_contexts: tuple[str, ...]
    optional_contexts: tuple[str, ...]
    document_types: tuple[FlowType, ...]
    rules: Mapping[str, Mapping[str, Any]]
    time_zone: str
    expires_after_days: int | None
    retention: RetentionTimes
    review: ReviewTerms
    consent: Consent
    source: Mapping[str, Any]

    @classmethod
    def parse(cls, raw: Any) -> FlowDefinition:
        """Raises InvalidFlow."""
        data = _mapping(raw, "flow")
        known = {
            "slug",
            "name",
            "description",
            "extract_on",
            "contexts",
            "document_types",
            "rules",
            "time_zone",
            "lifecycle",
            "retention",
            "review",
            "consent",
        }
        _only(data, "flow", known)
        contexts = _mapping(data.get("contexts"), "contexts")
        _only(contexts, "contexts", {"required", "optional"})
        lifecycle = _mapping(data.get("lifecycle", {}), "lifecycle")
        _only(lifecycle, "lifecycle", {"expires_after_days"})
        required, optional = _contexts(contexts.get("required"), "contexts.required"), _contexts(contexts.get("optional", []), "contexts.optional")
        if set(required) & set(optional) or not required:
            raise InvalidFlow("contexts: at least one required context, and none both required and optional")
        return cls(
            slug=_slug(data.get("slug")),
            name=_text(data.get("name"), "name"),
            description=_text(data.get("description", "-"), "description"),
            extract_on=_choice(data.get("extract_on", "upload"), "extract_on", ("upload", "submit")),
            required_contexts=required,
            optional_contexts=optional,
            document_types=_types(data.get("document_types")),
            rules=_rules(data.get("rules", {})),
            time_zone=_time_zone(data.get("time_zone", "UTC")),
            expires_after_days=_days(lifecycle.get("expires_after_days")),
            retention=_retention(_mapping(data.get("retention", {}), "retention")),
            review=_review(_mapping(data.get("review", {}), "review")),
            consent=_consent(data.get("consent")),
            source=data,
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of the source: two files with the same meaning have one digest."""
        return hashlib.sha256(json.dumps(self.source, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @cached_property
    def types_by_id(self) -> Mapping[int, FlowType]:
        return {entry.id: entry for entry in self.document_types}

    @property
    def contexts(self) -> tuple[str, ...]:
        return (*self.required_contexts, *self.optional_contexts)

    def severity(self, rule: str) -> str:
        return str(self.rules[rule].get("severity", "error"))

    def thresholds(self, rule: str) -> dict[str, Any]:
        return {name: value for name, value in self.rules[rule].items() if name != "severity"}


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidFlow(f"{place}: expected a mapping with text keys")
    return value


def _only(data: Mapping[str, Any], place: str, known: set[str]) -> None:
    if unknown := sorted(set(data) - known):
        raise InvalidFlow(f"{place}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidFlow(f"{place}: expected text")
    return value.strip()


def _choice(value: Any, place: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise InvalidFlow(f"{place}: expected one of {', '.join(allowed)}")
    return str(value)


def _slug(value: Any) -> str:
    if not isinstance(value, str) or not SLUG.match(value):
        raise InvalidFlow("slug: expected 2 to 60 of a-z, 0-9, - and _, beginning with a letter")
    if value in RESERVED_SLUGS:
        raise InvalidFlow(f"slug: {value} is a reserved word of the API")
    return value


def _contexts(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(set(map(str, value))) != len(value):
        raise InvalidFlow(f"{place}: expected a list without repetition")
    return tuple(_choice(entry, place, CONTEXTS) for entry in value)


def _types(value: Any) -> tuple[FlowType, ...]:
    if not isinstance(value, list) or not value:
        raise InvalidFlow("document_types: expected a list of ids")
    found = tuple(_type(entry) for entry in value)
    if len({entry.id for entry in found}) != len(found):
        raise InvalidFlow("document_types: an id is listed twice")
    return found


def _type(entry: Any) -> FlowType:
    if isinstance(entry, int) and not isinstance(entry, bool):
        return FlowType(entry)
    data = _mapping(entry, "document_types")
    _only(data, "document_types", {"id", "countries"})
    if not isinstance(data.get("id"), int) or not isinstance(data.get("countries"), list):
        raise InvalidFlow("document_types: expected an id, or {id, countries: [ISO 3166-1 alpha-3, …]}")
    return FlowType(data["id"], tuple(str(code) for code in data["countries"]))


def _rules(value: Any) -> Mapping[str, Mapping[str, Any]]:
    rules = {name: _mapping(options or {}, f"rules.{name}") for name, options in _mapping(value, "rules").items()}
    for name, options in rules.items():
        _choice(options.get("severity", "error"), f"rules.{name}.severity", SEVERITIES)
    return rules


def _time_zone(value: Any) -> str:
    try:
        return ZoneInfo(_text(value, "time_zone")).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidFlow("time_zone: expected an IANA name such as America/New_York") from error


def _retention(data: Mapping[str, Any]) -> RetentionTimes:
    _only(data, "retention", set(_RETENTION_LIMITS))
    for name, value in data.items():
        least, most = _RETENTION_LIMITS[name]
        if value is None and name.startswith("data_"):
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise InvalidFlow(f"retention.{name}: expected a whole number from {least} to {most}")
    return RetentionTimes(**data)


def _days(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidFlow("lifecycle.expires_after_days: expected a whole number of days, 1 or more")
    return value


def _review(data: Mapping[str, Any]) -> ReviewTerms:
    _only(data, "review", {"second_reviewer", "second_look_percent", "target_hours"})
    both = data.get("second_reviewer", False)
    if not isinstance(both, bool):
        raise InvalidFlow("review.second_reviewer: expected true or false")
    return ReviewTerms(
        second_reviewer=both,
        second_look_percent=_within(data.get("second_look_percent", 0), "review.second_look_percent", 0, 100),
        target_hours=_within(data.get("target_hours", 24), "review.target_hours", 1, 8760),
    )


def _consent(value: Any) -> Consent:
    if value is None:
        return Consent()
    data = _mapping(value, "consent")
    _only(data, "consent", {"version", "text"})
    version = _text(data.get("version"), "consent.version")
    if len(version) > 40:
        raise InvalidFlow("consent.version: expected 40 characters at most")
    return Consent(version, _text(data.get("text"), "consent.text"))


def _within(value: Any, place: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidFlow(f"{place}: expected a whole number from {least} to {most}")
    return value

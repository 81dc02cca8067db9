"""The catalogue of events: what each is called, which move causes it, whether the outside hears of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventKind:
    """``moves`` are the transitions ("verification.approve") that cause it; none means that a service emits it by name.
    ``public`` events are kept, numbered and told to webhooks; the others only wake actors."""

    name: str
    moves: tuple[str, ...] = ()
    public: bool = True


EVENTS = {
    kind.name: kind
    for kind in (
        EventKind("verification.created"),
        EventKind("verification.submitted", ("verification.submit",)),
        EventKind("verification.finished", ("verification.approve", "verification.reject")),
        EventKind("verification.review_required", ("verification.refer", "verification.reopen")),
        EventKind("verification.canceled", ("verification.cancel",)),
        EventKind("verification.expired", ("verification.expire",)),
        EventKind("verification.held", ("verification.hold",)),
        EventKind("verification.resumed", ("verification.resume",)),
        EventKind("verification.resubmission_requested", ("verification.restart",)),
        EventKind("verification.message_added"),
        EventKind("verification.expectation_changed", public=False),
        EventKind("verification.redacted"),
        EventKind("document.uploaded"),
        EventKind("document.reading_requested", public=False),
        EventKind("document.reread", public=False),
        EventKind("document.corrected", public=False),
        EventKind("document.extracted", ("document.finish_reading",)),
        EventKind("document.extraction_failed", ("document.give_up_reading",)),
        EventKind("document.canceled", ("document.cancel",)),
        EventKind("document.deleted"),
        EventKind("document.redacted"),
        EventKind("document.expiring"),
        EventKind("decision.made"),
        EventKind("export.requested", public=False),
    )
}
EVENT_OF_MOVE = {move: kind.name for kind in EVENTS.values() for move in kind.moves}
PUBLIC_EVENTS = tuple(kind.name for kind in EVENTS.values() if kind.public)
TEST_EVENT = "webhook.test"

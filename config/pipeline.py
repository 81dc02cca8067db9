"""The wiring diagram: which event wakes which actors, and what is done how often. Names are strings; `manage.py check` proves that each resolves."""

from __future__ import annotations

ROUTES: dict[str, list[str]] = {
    "document.uploaded": ["documents.actors.extract_document"],
    "document.reading_requested": ["documents.actors.extract_document"],
    "document.extracted": ["decisions.actors.judge_verification"],
    "document.extraction_failed": ["decisions.actors.judge_verification"],
    "document.reread": ["decisions.actors.judge_verification"],
    "document.corrected": ["decisions.actors.judge_verification"],
    "verification.expectation_changed": ["decisions.actors.judge_verification"],
    "verification.submitted": ["decisions.actors.judge_verification"],
    "verification.resumed": ["decisions.actors.judge_verification"],
    "verification.finished": ["decisions.actors.render_records"],
    "export.requested": ["decisions.actors.write_export"],
}

# What is done in the transaction of the event itself, so that whoever sees the one sees the other: function(verification), quick and without states
# of its own. When it fails the event stands, and what ROUTES names makes up for it.
AT_ONCE: dict[str, list[str]] = {
    "document.extracted": ["decisions.services.preview_verification"],
    "document.corrected": ["decisions.services.preview_verification"],
    "verification.expectation_changed": ["decisions.services.preview_verification"],
}

# Who hears every public event.
PUBLIC_ROUTES: list[str] = ["verifications.actors.fan_out_event"]

# Who forgets what when a verification's data goes, from the top floor down: function(verification, extent) -> Removed. The extent says how much goes
# (`verifications.redaction.Extent`).
REDACTORS: list[str] = [
    "decisions.redaction.redact_judgement",
    "documents.redaction.redact_documents",
    "verifications.redaction.forget_replies",
    "verifications.redaction.redact_case",
]

# Where the ground floor, which knows of no audit trail, has its own changes written down.
AUDIT = "verifications.audit.record"

# In whose words a webhook is told: function(event) -> the body's members, None where that dialect has no word for it.
CALLBACKS: dict[str, str] = {
    "anycheck": "config.api.dialects.anycheck.callbacks.body_of",
    "persona": "config.api.dialects.persona.callbacks.body_of",
    "verifa": "config.api.dialects.verifa.callbacks.body_of",
}

SCHEDULE: dict[str, int] = {
    "verifications.upkeep.expire_due": 60,
    "verifications.upkeep.mend_clock": 60,
    "verifications.upkeep.forget_done_messages": 3600,
    "verifications.redaction.forget_addresses": 600,
    "verifications.slots.forget_slots": 86_400,
    "flows.idempotency.forget_old_answers": 3600,
    "flows.api_logs.forget_old_logs": 3600,
    "config.api.throttle.forget_windows": 3600,
    "verifications.audit.checkpoint_chains": 86_400,
    "documents.retention.redact_due": 3600,
    "decisions.exports.forget_old_exports": 3600,
    "documents.storage.sweep": 300,
    "documents.uploads.forget_old_uploads": 3600,
    "documents.upkeep.wake_stuck": 600,
    "documents.expiring.tell_expiring": 600,
}

QUEUES: dict[str, str] = {
    "reading": "CPU heavy: one thread and one set of models per process",
    "decisions": "rules over the database",
    "records": "PDFs",
    "webhooks": "other people's servers",
}

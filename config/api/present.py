"""Rows to the contract's bodies. Each function says which prefetches make it free of queries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rest_framework.request import Request

from config.api.links import link_to
from decisions.forms import FilledForm
from decisions.models import Check, Comment, Decision, Export, Inspection, ListEntry
from decisions.quarters import quarter_of
from decisions.reprocessing import Change
from decisions.shown import ShownCheck, shown_checks
from documents.extracted import current_values, extracted_data
from documents.models import Document, DocumentStatus, Extraction, Image
from documents.types import DOCUMENT_TYPES, DocumentType
from flows.countries import COUNTRIES
from flows.datakeys import warm
from flows.definition import FlowDefinition, FlowType
from flows.models import FlowVersion
from verifications.models import AuditEntry, LegalHold, RedactionReceipt, Verification, VerificationStatus, WebhookDelivery, WebhookEndpoint


def moment(value: datetime | None) -> str | None:
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if value else None


def flow_body(version: FlowVersion) -> dict[str, Any]:
    definition = version.definition
    return {
        "path": definition.slug,
        "name": definition.name,
        "description": definition.description,
        "version": version.number,
        "required_contexts": list(definition.required_contexts),
        "optional_contexts": list(definition.optional_contexts),
        "extract_on": definition.extract_on,
        "rules": sorted(definition.rules),
    }


def document_type_bodies(definition: FlowDefinition, country: str | None) -> list[dict[str, Any]]:
    entries = ((entry, DOCUMENT_TYPES[entry.id]) for entry in definition.document_types if entry.id in DOCUMENT_TYPES)
    bodies = [_type_body(entry, kind, country) for entry, kind in entries if kind.context in definition.contexts]
    return [body for body in bodies if body["countries"]]


def _type_body(entry: FlowType, kind: DocumentType, country: str | None) -> dict[str, Any]:
    codes = [country] if country else list(COUNTRIES)
    issuers = [(code, kind.sides_in(code)) for code in codes if entry.countries is None or code in entry.countries]
    return {
        "id": kind.id,
        "name": kind.name,
        "context_type": kind.context,
        "type_label": kind.type_label,
        "countries": [{"iso3": code, "sides": sides} for code, sides in issuers if sides is not None],
        "accepts": list(kind.accepts),
        "max_pages": kind.max_pages,
    }


def verification_body(verification: Verification) -> dict[str, Any]:
    """Needs ``flow_version``."""
    return {
        "id": verification.pk,
        "flow": verification.flow_id,
        "flow_version": verification.flow_version.number,
        "environment": verification.environment,
        "status": int(verification.status),
        "status_label": verification.get_status_display(),
        "external_ref": verification.external_ref or None,
        "expected_data": verification.expected or {},
        "metadata": verification.metadata,
        "tags": verification.tags,
        "attempt": verification.attempt,
        "renews": verification.renews_id,
        "webhook_url": verification.webhook_url or None,
        "created_at": moment(verification.created_at),
        "updated_at": moment(verification.updated_at),
        "submitted_at": moment(verification.submitted_at),
        "finished_at": moment(verification.finished_at),
        "redacted_at": moment(verification.redacted_at),
    }


def message_body(comment: Comment) -> dict[str, Any]:
    return {"id": comment.pk, "document_id": comment.document_id, "text": comment.text, "created_at": moment(comment.created_at)}


def history_body(entries: Iterable[AuditEntry]) -> list[dict[str, Any]]:
    """Statuses only, oldest first."""
    moves = ((entry, json.loads(entry.data)) for entry in entries)
    return [
        {
            "from": data["from"],
            "from_label": VerificationStatus(data["from"]).label,
            "to": data["to"],
            "to_label": VerificationStatus(data["to"]).label,
            "at": moment(entry.at),
            "by": entry.actor,
            "reason": data.get("reason") or None,
        }
        for entry, data in moves
        if "to" in data
    ]


def document_body(request: Request, document: Document, *, with_checks: bool = True) -> dict[str, Any]:
    """``with_checks`` adds to each decision the checks as judged then.

    Needs ``images__blob``, ``corrections``, ``extractions``, ``decisions`` and ``current_checks``.
    """
    images = {image.side: image for image in document.images.all()}
    country = COUNTRIES[document.country]
    return {
        "id": document.pk,
        "url_front": _image_url(request, images.get("front"), document),
        "url_back": _image_url(request, images.get("back"), document),
        "status": int(document.status),
        "status_label": document.get_status_display(),
        "verification_id": document.verification_id,
        "document_type": {"id": document.type_id, "name": document.type.name, "type_label": document.type.type_label},
        "country": {"name": country.name, "iso2": country.iso2, "iso3": country.iso3},
        "created_at": moment(document.created_at),
        "updated_at": moment(document.updated_at),
        "draft": document.draft,
        "extracted_data": extracted_data(document),
        "decisions": [decision_body(decision, with_checks=with_checks) for decision in document.decisions.all()],
        "checks": check_bodies(document.current_checks),  # type: ignore[attr-defined]
    }


def _image_url(request: Request, image: Image | None, document: Document) -> str | None:
    if image is None or document.images_redacted_at is not None:
        return None
    return link_to(request, image.blob)


def decision_body(decision: Decision, *, with_checks: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": decision.pk,
        "document_id": decision.document_id,
        "status": decision.status,
        "status_label": decision.get_status_display(),
        "validation_workflow": decision.workflow,
        "reasons": decision.reasons,
        "message": decision.sentence or None,
        "fix": decision.fix,
        "decided_by": decision.decided_by or None,
        "note": decision.note,
        "created_at": moment(decision.created_at),
        "updated_at": moment(decision.created_at),
    }
    return {**body, "checks": check_bodies(decision.checks.all())} if with_checks else body


def check_bodies(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """Worst first."""
    return [check_body(check) for check in shown_checks(checks)]


def check_body(check: ShownCheck) -> dict[str, Any]:
    return {
        "id": check.id,
        "document_id": check.document_id,
        "rule": check.rule,
        "group": check.group,
        "outcome": check.outcome,
        "reason_code": check.reason_code or None,
        "message": check.message,
        "fix": check.fix,
        "rule_version": check.rule_version,
        "evidence": {
            "inputs": [asdict(entry) for entry in check.inputs],
            "expected": check.expected,
            "computed": check.computed,
            "normalised": list(check.normalised),
            "threshold": check.threshold,
        },
        "created_at": moment(check.created_at),
    }


def extraction_body(extraction: Extraction) -> dict[str, Any]:
    """The engine's name and version are '' until it ran."""
    result = extraction.result or {}
    fields: Mapping[str, Mapping[str, Any]] = result.get("fields", {})
    return {
        "id": extraction.pk,
        "document_id": extraction.document_id,
        "extraction_type": extraction.kind,
        "status": extraction.status,
        "created_at": moment(extraction.created_at),
        "completed_at": moment(extraction.completed_at),
        "engine": {"name": extraction.engine, "version": extraction.engine_version},
        "duration_ms": extraction.duration_ms,
        "extracted_fields": {path: entry["value"] for path, entry in fields.items()},
        "confidence_scores": {path: entry["confidence"] for path, entry in fields.items()},
        "regions": {path: {"side": entry["side"], "page": entry["page"], "box": entry["box"]} for path, entry in fields.items() if entry.get("box")},
        "reference_document_id": extraction.reference_id,
        "comparison_results": result.get("comparison"),
    }


def extracted_fields_body(document: Document) -> dict[str, Any]:
    """Needs ``corrections``, ``extractions`` and ``images``."""
    fields = {
        path: {
            "value": value.value,
            "confidence": value.confidence,
            "reader": value.reader,
            "machine_value": value.machine_value,
            "corrected_by": value.corrected_by,
            "corrected_at": moment(value.corrected_at),
            "reason": value.reason,
        }
        for path, value in sorted(current_values(document).items())
    }
    return {"fields": fields, "extracted_data": extracted_data(document)}


def decision_bodies(decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    warm(decision.verification_id for decision in decisions)
    return [decision_body(decision, with_checks=True) for decision in decisions]


def change_body(change: Change) -> dict[str, Any]:
    """What reprocessing would change of one document."""
    return {
        "document": change.document,
        "before": change.before,
        "before_label": DocumentStatus(change.before).label,
        "after": change.after,
        "after_label": DocumentStatus(change.after).label,
        "rules": [asdict(entry) for entry in change.rules],
    }


def receipt_body(receipt: RedactionReceipt) -> dict[str, Any]:
    return {
        "id": receipt.pk,
        "kind": receipt.kind,
        "ground": receipt.ground,
        "content": receipt.content,
        "signature": receipt.signature,
        "created_at": moment(receipt.created_at),
    }


def hold_body(hold: LegalHold) -> dict[str, Any]:
    return {"id": hold.pk, "reason": hold.reason, "placed_by": hold.placed_by, "placed_at": moment(hold.placed_at)}


def form_body(filled: FilledForm) -> dict[str, Any]:
    form, verification = filled.form, filled.case.verification
    return {
        "verification_id": verification.pk,
        "identity_documents_verified": form.documents_verified,
        "form_complete": form.complete,
        "crd_uploaded_at": moment(verification.crd_uploaded_at),
        "missing": [entry.box.key for entry in form.missing],
        "problems": list(form.problems),
        "boxes": [
            {
                "box": entry.box.number, "label": entry.box.label, "key": entry.box.key, "value": entry.value, "source": entry.source,
                "missing": entry.missing,
            }
            for entry in form.entries
        ],
    }  # fmt: skip


def export_body(export: Export) -> dict[str, Any]:
    return {
        "id": export.pk,
        "flow": export.flow_id,
        "quarter": export.quarter,
        "due_on": quarter_of(export.quarter).due.isoformat(),
        "state": export.get_state_display().lower().replace(" ", "_"),
        "done": export.done,
        "total": export.total,
        "size": export.size,
        "include_protected": export.include_protected,
        "created_by": export.created_by,
        "created_at": moment(export.created_at),
        "finished_at": moment(export.finished_at),
        "expires_at": moment(export.expires_at),
        "signed_off_by": export.signed_off_by or None,
        "signed_off_at": moment(export.signed_off_at),
    }


def inspection_body(inspection: Inspection) -> dict[str, Any]:
    """Needs ``verifications``."""
    return {
        "id": inspection.pk,
        "flow": inspection.flow_id,
        "verifications": sorted(row.pk for row in inspection.verifications.all()),
        "created_by": inspection.created_by,
        "created_at": moment(inspection.created_at),
        "expires_at": moment(inspection.expires_at),
        "revoked_at": moment(inspection.revoked_at),
    }


def list_entry_body(entry: ListEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "value": entry.content["value"],
        "reason": entry.content["reason"],
        "created_by": entry.created_by,
        "created_at": moment(entry.created_at),
        "expires_at": moment(entry.expires_at),
    }


def webhook_body(endpoint: WebhookEndpoint, *, with_secret: bool = False) -> dict[str, Any]:
    body = {
        "id": endpoint.pk,
        "url": endpoint.url,
        "events": endpoint.events or ["*"],
        "description": endpoint.description,
        "dialect": endpoint.dialect or None,
        "active": endpoint.active,
        "disabled_reason": endpoint.disabled_reason or None,
        "created_at": moment(endpoint.created_at),
        "updated_at": moment(endpoint.updated_at),
    }
    return {**body, "secret": endpoint.secret} if with_secret else body


def delivery_body(delivery: WebhookDelivery) -> dict[str, Any]:
    """Needs ``event``."""
    return {
        "id": delivery.pk,
        "event_id": delivery.event_id,
        "event_type": delivery.event.type,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "last_status_code": delivery.last_status_code,
        "last_error": delivery.last_error or None,
        "next_attempt_at": moment(delivery.next_attempt_at),
        "created_at": moment(delivery.created_at),
        "delivered_at": moment(delivery.delivered_at),
    }

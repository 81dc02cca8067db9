"""The form record of a verification: what was entered for it, joined with what was read from the accepted identity documents."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from decisions import composition, form1583, overlay
from decisions.dossier import CaseFile, get_case, open_case
from decisions.form1583 import Form, Verified
from decisions.models import FormRecord
from decisions.seal import seal
from documents.extracted import current_values
from documents.models import Document, DocumentStatus
from flows.errors import Refused
from verifications import audit
from verifications.models import Verification, VerificationStatus
from verifications.services import Caller, is_declared_protected, locked_in_flow

ROLES = {"PHOTO_ID": "photo_id", "PROOF_OF_ADDRESS": "address_id"}
_ADDRESS = {"street": "street", "city": "city", "state": "state", "zip4": "zip", "country": "country"}


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A verification's form as it stands."""

    case: CaseFile
    form: Form


@transaction.atomic
def amend_form(*, caller: Caller, flow: str, verification_id: str, fields: Mapping[str, Any]) -> None:
    """Each part that is sent replaces that part, None clears it; ``crd_uploaded_at`` says when the images went into the registration database.

    Raises Refused: flow_not_found, verification_not_found, flow_mismatch, redacted, form_not_available, validation_failed.
    """
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    _require_form(verification)
    row = FormRecord.objects.select_for_update().filter(verification=verification).first() or FormRecord(verification=verification)
    parts = {**(row.content or {}), **{part: fields[part] for part in form1583.PARTS if part in fields}}
    row.content = {part: value for part, value in parts.items() if value is not None}
    _require_authorized(caller, verification, row.content)
    row.save()
    _mark_case(verification, row.content, fields)
    audit.record(
        workspace_id=verification.workspace_id, actor=caller.name, action="form.amended", subject=verification.pk, verification=verification.pk,
        data={"fields": sorted(fields)},
    )  # fmt: skip


def _mark_case(verification: Verification, content: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """What retention times count from, and whether a court protects the applicant, are kept beside the case, in the open."""
    verification.protected = is_declared_protected(verification.expected) or bool((content.get("applicant") or {}).get("protected"))
    closed = (content.get("pmb") or {}).get("closed_on")
    verification.closed_on = date.fromisoformat(closed) if closed else None
    if "crd_uploaded_at" in fields:
        moment: datetime | None = fields["crd_uploaded_at"]
        verification.crd_uploaded_at = moment
    verification.save(update_fields=["protected", "closed_on", "crd_uploaded_at", "updated_at"])


def _require_form(verification: Verification) -> None:
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if not set(ROLES) <= set(verification.definition.contexts):
        raise Refused("form_not_available", "This flow does not ask for the documents of a PS Form 1583.")


def _require_authorized(caller: Caller, verification: Verification, content: Mapping[str, Any]) -> None:
    """The authorized individual's own verification, whose documents fill boxes 10 and 11."""
    wanted = (content.get("authorized") or {}).get("verification")
    if wanted and (wanted == verification.pk or _other(caller, wanted) is None):
        message = "There is no other verification with this id."
        raise Refused("validation_failed", message, status=422, errors={"authorized.verification": [message]})


def _other(caller: Caller, verification_id: str) -> Verification | None:
    rows = Verification.objects.filter(workspace=caller.workspace, environment=caller.environment, pk=verification_id)
    return rows.select_related("flow_version", "workspace").first()


def get_form(*, caller: Caller, flow: str, verification_id: str) -> FilledForm:
    """Raises Refused: flow_not_found, verification_not_found, flow_mismatch, redacted, form_not_available."""
    case = get_case(caller=caller, flow=flow, verification_id=verification_id)
    _require_form(case.verification)
    return fill(case)


def fill(case: CaseFile) -> FilledForm:
    """The form of a case that is neither redacted nor of a flow without one."""
    verification = case.verification
    row = FormRecord.objects.filter(verification=verification).first()
    declared = (row.content if row else None) or {}
    identity = dict(_identity(case, ""))
    partner = (declared.get("authorized") or {}).get("verification")
    if partner:
        other = Verification.objects.select_related("flow_version", "workspace").filter(pk=partner, workspace_id=verification.workspace_id).first()
        if other is not None and other.status == VerificationStatus.APPROVED and other.redacted_at is None:
            identity |= dict(_identity(open_case(other), "authorized."))
    today = timezone.now().astimezone(ZoneInfo(verification.definition.time_zone)).date()
    approved = verification.status == VerificationStatus.APPROVED
    return FilledForm(case, form1583.fill(declared, verification.expected or {}, identity, approved=approved, today=today))


def _identity(case: CaseFile, prefix: str) -> list[tuple[str, Verified]]:
    """By role; only documents that were accepted count."""
    accepted = [entry for entry in case.documents if entry.status == DocumentStatus.APPROVED and entry.context in ROLES]
    return [(f"{prefix}{ROLES[entry.context]}", _verified(entry)) for entry in accepted]


def _verified(document: Document) -> Verified:
    values = current_values(document)
    said = {path: value.value for path, value in values.items()}
    name = " ".join(part for part in (said.get("person.given_names"), said.get("person.surname")) if part) or said.get("person.full_name", "")
    found = {
        "name": name,
        "number": said.get("document.number", ""),
        "issuer": said.get("document.issuing_entity") or said.get("statement.issuer", ""),
        "expires_on": said.get("document.expiration_date", ""),
        "checkbox": form1583.CHECKBOXES.get(document.type.category or "", ""),
        **{f"address.{box}": said.get(f"address.{field}", "") for box, field in _ADDRESS.items()},
    }
    corrected = ", corrected by a reviewer" if any(value.corrected_by for value in values.values()) else ""
    source = f"read from {document.type.name} {document.pk}{corrected}"
    return Verified({key: value for key, value in found.items() if value}, source, undated=document.type.expiry != "required")


def form_pdf(*, caller: Caller, flow: str, verification_id: str) -> bytes:
    """The record of the form with its images. Raises what ``get_form`` raises."""
    filled = get_form(caller=caller, flow=flow, verification_id=verification_id)
    data = seal(compose_pdf(filled))
    audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="form.exported", subject=verification_id, verification=verification_id)
    return data


def overlaid_pdf(*, caller: Caller, flow: str, verification_id: str) -> bytes:
    """The data upon the operator's blank of the form. Raises what ``get_form`` raises, and form_blank_missing."""
    filled = get_form(caller=caller, flow=flow, verification_id=verification_id)
    if not settings.FORM_1583_BLANK:
        raise Refused("form_blank_missing", "No blank of PS Form 1583 was set up; FORM_1583_BLANK names it.")
    blank = Path(settings.FORM_1583_BLANK)
    layout = overlay.parse_layout(yaml.safe_load(blank.with_suffix(".yaml").read_text(encoding="utf-8")))
    data = overlay.lay_over(blank.read_bytes(), layout, {entry.box.key: entry.value for entry in filled.form.entries})
    audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="form.exported", subject=verification_id, verification=verification_id)
    return data


def compose_pdf(filled: FilledForm) -> bytes:
    renderer: Any = importlib.import_module("decisions.form_pdf")
    documents = [(entry.type.name, composition.images(entry)) for entry in filled.case.documents if entry.context in ROLES]
    data: bytes = renderer.render_form(filled.form, composition.heading(filled.case), documents)
    return data

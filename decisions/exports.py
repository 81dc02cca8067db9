"""The registration bundle of a quarter: every mailbox with its form, images and what is still missing, written by a worker while progress is shown.

Files are written one after the other to a temporary file and stored in sealed parts under a key of the export's own, so that a thousand mailboxes
take no more memory than one. An export that holds a verification goes when that verification's data goes.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from decisions import forms
from decisions.bundles import Bundle, bundle
from decisions.dossier import open_case
from decisions.evidence_bundle import add_images, form_facts
from decisions.models import Export, ExportPart, ExportState
from decisions.quarters import Quarter, change_in, quarter_of
from documents import storage
from documents.models import Blob
from flows import datakeys
from flows.errors import Refused
from flows.services import get_flow
from verifications import audit
from verifications.models import AuditEntry, Verification, VerificationStatus
from verifications.outbox import order
from verifications.services import Caller

PART_BYTES = 16 * 1024 * 1024
KEPT_FOR = timedelta(days=7)
EXPIRING_WITHIN = timedelta(days=60)
STEP = 20
COLUMNS = (
    "verification", "external_ref", "pmb", "change", "opened_on", "closed_on", "applicant", "form_complete", "missing", "photo_id_expires_on",
    "uploaded_to_crd",
)  # fmt: skip


@transaction.atomic
def request_export(*, caller: Caller, flow: str, quarter: str, include_protected: bool = False) -> Export:
    """Raises Refused: flow_not_found, validation_failed."""
    found = get_flow(caller.workspace, flow)
    _quarter(quarter)
    export = Export.objects.create(
        workspace=caller.workspace, environment=caller.environment, flow=found, quarter=quarter, include_protected=include_protected,
        created_by=caller.name, expires_at=timezone.now() + KEPT_FOR,
    )  # fmt: skip
    _record(export, caller.name, "export.requested")
    order("export.requested", request=export.pk)
    return export


def _quarter(name: str) -> Quarter:
    try:
        return quarter_of(name)
    except ValueError as error:
        message = "A year and a quarter such as 2026Q2 are needed."
        raise Refused("validation_failed", message, status=422, errors={"quarter": [message]}) from error


def list_exports(*, caller: Caller, flow: str) -> QuerySet[Export]:
    """Newest first. Raises Refused("flow_not_found")."""
    get_flow(caller.workspace, flow)
    rows = Export.objects.filter(workspace=caller.workspace, environment=caller.environment, flow_id=flow)
    return rows.order_by("-created_at", "-id")


def get_export(*, caller: Caller, flow: str, export_id: str) -> Export:
    """Raises Refused: flow_not_found, export_not_found."""
    found = list_exports(caller=caller, flow=flow).filter(pk=export_id).first()
    if found is None:
        raise Refused("export_not_found", "No such export.", status=404)
    return found


def open_export(*, caller: Caller, flow: str, export_id: str) -> Iterator[bytes]:
    """The bundle's bytes, part by part. Raises Refused: flow_not_found, export_not_found, export_not_ready."""
    export = get_export(caller=caller, flow=flow, export_id=export_id)
    if export.state != ExportState.DONE:
        raise Refused("export_not_ready", "The export is not ready, or no longer kept.")
    _record(export, caller.name, "export.downloaded")
    blobs = Blob.objects.filter(export_part__export=export).order_by("export_part__number")
    return (storage.read(blob) for blob in list(blobs))


@transaction.atomic
def sign_off(*, caller: Caller, flow: str, export_id: str) -> Export:
    """Somebody answers for the quarter; repeating it changes nothing. Raises Refused: flow_not_found, export_not_found, export_not_ready."""
    export = get_export(caller=caller, flow=flow, export_id=export_id)
    if export.state != ExportState.DONE:
        raise Refused("export_not_ready", "The export is not ready, or no longer kept.")
    if export.signed_off_at is None:
        export.signed_off_by, export.signed_off_at = caller.name, timezone.now()
        export.save(update_fields=["signed_off_by", "signed_off_at"])
        _record(export, caller.name, "export.signed_off")
    return export


def write_export(*, export_id: str) -> None:
    """Write and store the bundle; what a former attempt left is thrown away. Repeating it for one that is done changes nothing."""
    export = Export.objects.filter(pk=export_id).exclude(state__in=(ExportState.DONE, ExportState.GONE)).first()
    if export is None:
        return
    quarter = quarter_of(export.quarter)
    ids = _begin(export, quarter)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bundle.zip")
        about = {
            "kind": "registration",
            "workspace": export.workspace_id,
            "flow": export.flow_id,
            "quarter": export.quarter,
            "due": quarter.due.isoformat(),
        }
        with bundle(path, about) as made:
            _write(made, export, quarter, ids)
        blobs = _store(export, path)
    _finish(export, blobs, path_size=sum(blob.size for blob in blobs))


def _begin(export: Export, quarter: Quarter) -> list[str]:
    ids = list(_mailboxes(export, quarter).values_list("pk", flat=True))
    with transaction.atomic():
        _drop_parts(export)
        export.verifications.set(Verification.objects.filter(pk__in=ids))
        Export.objects.filter(pk=export.pk).update(state=ExportState.RUNNING, done=0, total=len(ids))
    return ids


def _mailboxes(export: Export, quarter: Quarter) -> QuerySet[Verification]:
    """Approved cases that were there in the quarter and were not closed before it; people whom a court protects only if they were asked for."""
    until = timezone.make_aware(datetime.combine(quarter.ends + timedelta(days=1), time.min), ZoneInfo("UTC"))
    rows = Verification.objects.filter(
        workspace_id=export.workspace_id, environment=export.environment, flow_id=export.flow_id, status=VerificationStatus.APPROVED,
        redacted_at__isnull=True, finished_at__lt=until,
    )  # fmt: skip
    if not export.include_protected:
        rows = rows.filter(protected=False)
    return rows.filter(Q(closed_on__isnull=True) | Q(closed_on__gte=quarter.begins)).order_by("created_at", "id")


def _note_protected(export: Export, verification: Verification) -> None:
    audit.record(
        workspace_id=export.workspace_id, actor=export.created_by, action="protected.exported", subject=export.pk, verification=verification.pk
    )


def _write(made: Bundle, export: Export, quarter: Quarter, ids: Sequence[str]) -> None:
    rows = []
    amended = _amended(ids, quarter)
    for number, pk in enumerate(ids, 1):
        verification = Verification.objects.select_related("flow_version", "workspace").get(pk=pk)
        if verification.protected:
            _note_protected(export, verification)
        rows.append(_write_mailbox(made, export, quarter, verification, amended=pk in amended))
        datakeys.forget()
        if number % STEP == 0 or number == len(ids):
            Export.objects.filter(pk=export.pk).update(done=number)
    made.add_json("report.json", _report(export, quarter, rows))
    made.add("mailboxes.csv", _csv(rows))


def _amended(ids: Sequence[str], quarter: Quarter) -> set[str]:
    begins = timezone.make_aware(datetime.combine(quarter.begins, time.min), ZoneInfo("UTC"))
    ends = timezone.make_aware(datetime.combine(quarter.ends + timedelta(days=1), time.min), ZoneInfo("UTC"))
    rows = AuditEntry.objects.filter(action="form.amended", at__gte=begins, at__lt=ends).values_list("verification_ref", flat=True)
    return set(rows) & set(ids)


def _write_mailbox(made: Bundle, export: Export, quarter: Quarter, verification: Verification, *, amended: bool) -> dict[str, Any]:
    """The mailbox's files, and its row."""
    case = open_case(verification)
    filled = forms.fill(case)
    value = {entry.box.key: entry.value for entry in filled.form.entries}
    folder = f"mailboxes/{verification.pk}/"
    made.add_json(f"{folder}form.json", form_facts(filled))
    made.add(f"{folder}form.pdf", forms.compose_pdf(filled))
    for document in case.documents:
        if document.context in forms.ROLES:
            add_images(made, document, f"{folder}images/")
    opened, closed = _day(value["pmb.opened_on"]) or _decided_on(verification), verification.closed_on
    return {
        "verification": verification.pk,
        "external_ref": verification.external_ref,
        "pmb": value["cmra.pmb"],
        "change": change_in(quarter, opened, closed, amended=amended),
        "opened_on": opened.isoformat() if opened else "",
        "closed_on": closed.isoformat() if closed else "",
        "applicant": " ".join(part for part in (value["applicant.name.first"], value["applicant.name.last"]) if part),
        "form_complete": filled.form.complete,
        "missing": [entry.box.key for entry in filled.form.missing],
        "photo_id_expires_on": value["photo_id.expires_on"],
        "uploaded_to_crd": verification.crd_uploaded_at.date().isoformat() if verification.crd_uploaded_at else "",
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _decided_on(verification: Verification) -> date | None:
    zone = ZoneInfo(verification.definition.time_zone)
    return verification.finished_at.astimezone(zone).date() if verification.finished_at else None


def _report(export: Export, quarter: Quarter, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    until = quarter.ends + EXPIRING_WITHIN
    ends = [(row["verification"], day) for row in rows if (day := _day(row["photo_id_expires_on"]))]
    return {
        "quarter": quarter.name, "begins": quarter.begins.isoformat(), "ends": quarter.ends.isoformat(), "due": quarter.due.isoformat(),
        "requested_by": export.created_by, "mailboxes": len(rows),
        **{change: [row["verification"] for row in rows if row["change"] == change] for change in ("opened", "changed", "closed", "unchanged")},
        "incomplete": {row["verification"]: row["missing"] for row in rows if not row["form_complete"]},
        "expiring": {pk: day.isoformat() for pk, day in ends if day <= until},
        "not_uploaded": [row["verification"] for row in rows if not row["uploaded_to_crd"]],
    }  # fmt: skip


def _csv(rows: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    """A value that a spreadsheet would take for a formula is made text."""
    told = " ".join(value) if isinstance(value, list) else {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else str(value)
    return f"'{told}" if str(told)[:1] in ("=", "+", "-", "@", "\t", "\r") else str(told)


def _store(export: Export, path: Path) -> list[Blob]:
    with path.open("rb") as file:
        return [storage.put(piece, content_type="application/zip", owner=export.pk) for piece in iter(lambda: file.read(PART_BYTES), b"")]


@transaction.atomic
def _finish(export: Export, blobs: Sequence[Blob], *, path_size: int) -> None:
    locked = Export.objects.select_for_update().get(pk=export.pk)
    if locked.verifications.filter(redacted_at__isnull=False).exists():
        # Somebody's data was deleted while it was being written: it is written again without them.
        raise RuntimeError("written anew")
    for number, blob in enumerate(blobs):
        ExportPart.objects.create(export=locked, number=number, blob=storage.keep(blob))
    locked.state, locked.size, locked.finished_at = ExportState.DONE, path_size, timezone.now()
    locked.save(update_fields=["state", "size", "finished_at"])
    _record(locked, "system", "export.written")


def give_up(*, export_id: str) -> None:
    """No attempt is left."""
    Export.objects.filter(pk=export_id).exclude(state__in=(ExportState.DONE, ExportState.GONE)).update(state=ExportState.FAILED)


def forget_exports(verification: Verification) -> None:
    """Bundles that hold the verification go with its data."""
    for export in Export.objects.select_for_update().filter(verifications=verification, state=ExportState.DONE):
        _forget(export)


def forget_old_exports() -> int:
    """Those whose time is over. Returns how many."""
    ids = list(Export.objects.filter(expires_at__lte=timezone.now()).exclude(state=ExportState.GONE).values_list("pk", flat=True)[:100])
    for pk in ids:
        with transaction.atomic():
            _forget(Export.objects.select_for_update().get(pk=pk))
    return len(ids)


def _forget(export: Export) -> None:
    _drop_parts(export)
    datakeys.destroy(export.pk)
    export.state = ExportState.GONE
    export.save(update_fields=["state"])


def _drop_parts(export: Export) -> None:
    blobs = list(Blob.objects.filter(export_part__export=export))
    ExportPart.objects.filter(export=export).delete()
    storage.doom(*blobs)


def _record(export: Export, actor: str, action: str) -> None:
    audit.record(workspace_id=export.workspace_id, actor=actor, action=action, subject=export.pk, data={"quarter": export.quarter})

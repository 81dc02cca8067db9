"""Workers' side of judgement: ids in, one service call."""

from __future__ import annotations

from decisions import exports, records, services
from verifications.outbox import WorkOrder, outbox_actor


@outbox_actor(queue="decisions", max_attempts=8)
def judge_verification(order: WorkOrder) -> None:
    """Judge what was read so far, or decide the case when all of it was."""
    services.judge_verification(verification_id=order.verification_id)


@outbox_actor(queue="records", max_attempts=8)
def render_records(order: WorkOrder) -> None:
    """Prepare the PDFs of an approved verification."""
    records.prepare_records(verification_id=order.verification_id)


@outbox_actor(queue="records", max_attempts=4, on_exhausted="decisions.actors.give_up_export")
def write_export(order: WorkOrder) -> None:
    """Write the registration bundle of a quarter."""
    exports.write_export(export_id=order.run)


def give_up_export(order: WorkOrder) -> None:
    """What follows when no attempt is left."""
    exports.give_up(export_id=order.run)

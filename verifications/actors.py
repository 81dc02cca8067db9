"""Workers' side of webhooks: ids in, one service call."""

from __future__ import annotations

from verifications import webhooks
from verifications.destinations import Attempt
from verifications.outbox import WorkOrder, outbox_actor


@outbox_actor(queue="webhooks", max_attempts=50)
def fan_out_event(order: WorkOrder) -> None:
    """Write the deliveries of one event."""
    webhooks.fan_out(event_id=order.event_id)


@outbox_actor(queue="webhooks", max_attempts=3, on_exhausted="verifications.actors.postpone_delivery")
def deliver_webhook(order: WorkOrder) -> None:
    """Send one event to one address."""
    webhooks.deliver(delivery_id=order.delivery_id, turn=order.turn, forced=order.forced)


def postpone_delivery(order: WorkOrder) -> None:
    """Workers died over it: that counts as an attempt, and the schedule goes on."""
    webhooks.record_attempt(delivery_id=order.delivery_id, turn=order.turn, attempt=Attempt(None, "worker_died"))

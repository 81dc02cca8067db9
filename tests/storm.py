"""Many events to a receiver that fails half the time, while the worker is killed: a process of its own, on a database of its own.

``python storm.py EVENTS KILLS`` prints one JSON object. Each delivery fails as often as a coin says, five times at most, so that each must
arrive in the end; time is moved on for retries that wait.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.utils import timezone  # noqa: E402
from receiver import Received, receiving  # noqa: E402

from factories import make_person  # noqa: E402
from verifications import webhooks  # noqa: E402
from verifications.models import DeliveryStatus, Event, MessageState, OutboxMessage, WebhookDelivery  # noqa: E402
from verifications.outbox import release_leases  # noqa: E402
from verifications.services import create_verification, hold_verification  # noqa: E402


def start_worker() -> subprocess.Popen[bytes]:
    command = [sys.executable, str(ROOT / "manage.py"), "work", "--queues", "webhooks", "--threads", "8"]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


def undelivered() -> int:
    fanned_out = OutboxMessage.objects.filter(actor__endswith="fan_out_event", state__in=(MessageState.PENDING, MessageState.RUNNING)).count()
    return fanned_out + WebhookDelivery.objects.exclude(status=DeliveryStatus.DELIVERED).count()


def main(events: int, kills: int) -> dict[str, Any]:
    person = make_person("storm", workspace="storm")
    coin, answered, failures = random.Random(7), Counter[str](), Counter[str]()

    def answer(received: Received) -> int:
        event = received.headers["webhook-id"]
        if failures[event] < 5 and coin.random() < 0.5:
            failures[event] += 1
            return 503
        answered[event] += 1
        return 200

    with receiving() as receiver:
        receiver.answer = answer
        os.environ["WEBHOOK_ALLOWED_HOSTS"] = receiver.host
        webhooks.create_endpoint(caller=person.caller, fields={"url": receiver.url})
        for _ in range(events // 2):
            case = create_verification(caller=person.caller, flow="usps1583", fields={})
            hold_verification(caller=person.caller, flow="usps1583", verification_id=case.pk)
        worker, killed, begun = start_worker(), 0, time.monotonic()
        while undelivered() and time.monotonic() - begun < 240:
            time.sleep(0.4)  # each look is three statements, which the worker waits for on SQLite
            OutboxMessage.objects.filter(state=MessageState.PENDING, available_at__gt=timezone.now()).update(available_at=timezone.now())
            if killed < kills and len(receiver.seen) > (killed + 1) * events // (2 * kills):
                worker.kill()
                worker.wait()
                release_leases(worker.pid)
                worker, killed = start_worker(), killed + 1
        worker.terminate()
        worker.wait()
        bodies: dict[str, set[bytes]] = {}
        for seen in receiver.seen:
            bodies.setdefault(seen.headers["webhook-id"], set()).add(seen.body)
        return {
            "events": Event.objects.count(),
            "delivered": WebhookDelivery.objects.filter(status=DeliveryStatus.DELIVERED).count(),
            "lost": sorted(set(Event.objects.values_list("pk", flat=True)) - set(answered)),
            "bodies_per_id": max(map(len, bodies.values())),
            "strangers": sorted(set(bodies) - set(Event.objects.values_list("pk", flat=True))),
            "killed": killed,
            "posts": len(receiver.seen),
            "failed": sum(failures.values()),
            "twice": sum(1 for count in answered.values() if count > 1),
            "seconds": round(time.monotonic() - begun, 1),
        }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))  # noqa: T201

"""One receiver that hangs and one that does not, and a worker: a process of its own, on a database of its own.

``python hanging.py EVENTS`` prints how many seconds the other receiver's events took, and what the hanging one was sent in that time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from receiver import Received, receiving  # noqa: E402

from factories import make_person  # noqa: E402
from verifications import webhooks  # noqa: E402
from verifications.models import DeliveryStatus, WebhookDelivery  # noqa: E402
from verifications.services import create_verification  # noqa: E402


def main(events: int) -> dict[str, Any]:
    person, done = make_person("slow", workspace="slow"), threading.Event()
    at_once = most = 0

    def hang(received: Received) -> int:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        done.wait(60)
        at_once -= 1
        return 200

    with receiving() as hanging, receiving() as quick:
        hanging.answer = hang
        os.environ["WEBHOOK_ALLOWED_HOSTS"] = f"{hanging.host},{quick.host}"
        for receiver in (hanging, quick):
            webhooks.create_endpoint(caller=person.caller, fields={"url": receiver.url})
        for _ in range(events):
            create_verification(caller=person.caller, flow="usps1583", fields={})
        command = [sys.executable, str(ROOT / "manage.py"), "work", "--queues", "webhooks", "--threads", "2"]
        worker, begun = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL), time.monotonic()
        try:
            while WebhookDelivery.objects.filter(status=DeliveryStatus.DELIVERED).count() < events and time.monotonic() - begun < 60:
                time.sleep(0.05)
            return {"seconds": round(time.monotonic() - begun, 1), "quick": len(quick.seen), "hanging": len(hanging.seen), "most_at_once": most}
        finally:
            worker.kill()
            worker.wait()
            done.set()


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))  # noqa: T201

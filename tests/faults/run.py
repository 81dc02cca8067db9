"""Every fault against real processes on PostgreSQL and Redis; afterwards each accepted upload is looked for in the database.

``python tests/faults/run.py [--bucket] [--only WORD…] [--page FILE]`` prints a row per fault and writes the table into the page between its marks.
With ``--bucket`` files are kept on an S3-compatible server, and the faults are that server's; without, they are in a folder.
Exit 1 when one upload was lost, or had an effect twice.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "faults")]
FOLDER = Path(tempfile.mkdtemp(prefix="vouchbox-faults-"))
FOLDER.chmod(0o755)

from cluster import Bucket, Missing, Postgres, Redis, free_port  # noqa: E402

FINAL = {3, 4, 5}
WEB_STEPS = [
    "documents.intake.inspect", "documents.storage.put", "documents.services.attach_document", "verifications.outbox.emit",
    "documents.services.submit_verification",
]  # fmt: skip
WORKER_STEPS = [
    "verifications.outbox._claim", "documents.extraction.begin_reading", "documents.reading.read", "documents.reading.store_renditions",
    "documents.extraction.record_extraction", "verifications.outbox._finish", "decisions.services.judge_verification", "decisions.gather.gather_case",
    "decisions.records.prepare_records", "decisions.composition.verification_pdf", "verifications.webhooks.fan_out", "verifications.webhooks.deliver",
]  # fmt: skip


@dataclass
class Row:
    """What a fault did to the uploads that were accepted: how each ended, how many are lost, how many had an effect twice."""

    fault: str
    done: str
    uploads: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    slowest: float = 0.0


class Run:
    """Faults one after another upon one installation."""

    def __init__(self, service: Any, postgres: Postgres, broker: Redis, bucket: Any) -> None:
        self.service, self.postgres, self.redis, self.bucket = service, postgres, broker, bucket
        self.seed = 100

    def begin(self, count: int = 1, poison: str = "") -> list[str]:
        self.seed += count
        return [self.service.begin(self.seed - number, poison) for number in range(count)]

    def killed_at(self, steps: list[str]) -> list[str]:
        cases = []
        for step in steps:
            for side in ("before", "after"):
                armed = self.service.arm(f"kill.{step}.{side}")
                cases += self.begin()
                self.settle(cases[-1:])
                assert not armed.exists(), f"nothing came {side} {step}"
        return cases

    def settle(self, cases: list[str], seconds: float = 240) -> float:
        """Wait until each case is in an end state with no work left; returns the seconds it took."""
        begun, waiting = time.monotonic(), list(cases)
        while waiting and time.monotonic() - begun < seconds:
            waiting = [case for case in waiting if not _is_settled(case)]
            time.sleep(0.1)
        return time.monotonic() - begun


def _is_settled(case: str) -> bool:
    from django.db import DatabaseError, close_old_connections

    from documents.models import Document
    from verifications.models import DeliveryStatus, MessageState, OutboxMessage, Verification, WebhookDelivery

    try:
        events = list(Verification.objects.get(pk=case).events.values_list("pk", flat=True))
        open_rows = OutboxMessage.objects.filter(state__in=(MessageState.PENDING, MessageState.RUNNING))
        delivered = WebhookDelivery.objects.filter(event_id__in=events, status=DeliveryStatus.DELIVERED).count()
        return (
            Verification.objects.get(pk=case).status in FINAL
            and not Document.objects.filter(verification_id=case).exclude(status__in=FINAL).exists()
            and not open_rows.filter(payload__verification_id=case).exists()
            and not open_rows.filter(payload__event_id__in=events).exists()
            and delivered == len(events)
        )
    except DatabaseError:
        close_old_connections()
        return False


def judge(row: Row, cases: list[str], seen: Counter[str]) -> None:
    """Look for every accepted upload: its end, its image, and anything that is there more than once."""
    from decisions.models import Decision, Record
    from documents import storage
    from documents.models import Document, Extraction, Image
    from verifications.models import AuditEntry, Event, Verification

    ended: Counter[str] = Counter()
    for pk in cases:
        case = Verification.objects.get(pk=pk)
        ended[case.get_status_display()] += 1
        documents = list(Document.objects.filter(verification=case))
        events = Counter(Event.objects.filter(verification=case).values_list("type", flat=True))
        actions = Counter(AuditEntry.objects.filter(verification_ref=pk).values_list("action", flat=True))
        read = actions["document.finish_reading"] + actions["document.give_up_reading"]
        once = {
            "documents": len(documents), "images": Image.objects.filter(document__in=documents).count(), "readings": read,
            "uploads told": events["document.uploaded"], "submissions told": events["verification.submitted"],
            "ends told": events["verification.finished"] + events["verification.review_required"],
        }  # fmt: skip
        if actions["document.finish_reading"]:
            # A document that could not be read is left to a person without a decision of the machine's.
            once["decisions"] = Decision.objects.filter(verification=case, document__isnull=False).count()
        if case.get_status_display() == "Approved":
            once["records"] = Record.objects.filter(verification=case, document__isnull=True).count()
        kinds = Counter(Extraction.objects.filter(document__in=documents).values_list("kind", flat=True))
        missing = [name for name, count in once.items() if count < 1]
        double = [name for name, count in (*once.items(), *kinds.items(), *events.items()) if count > 1]
        missing += [f"image {image.pk}" for image in Image.objects.filter(document__in=documents) if not storage.read(image.blob)]
        missing += [f"webhook {event}" for event in Event.objects.filter(verification=case).values_list("pk", flat=True) if not seen[event]]
        if case.status not in FINAL or not _is_settled(pk):
            missing.append(f"end: {case.get_status_display()}")
        if missing:
            row.lost.append(f"{pk}: {', '.join(missing)}")
        if double:
            row.twice.append(f"{pk}: {', '.join(double)}")
    row.uploads, row.ended = len(cases), dict(sorted(ended.items()))


Fault = tuple[str, str, Callable[[Run], list[str]]]


def nothing(run: Run) -> list[str]:
    return run.begin(2)


def web_killed(run: Run) -> list[str]:
    return run.killed_at(WEB_STEPS)


def worker_killed(run: Run) -> list[str]:
    return run.killed_at(WORKER_STEPS)


def host_gone(run: Run) -> list[str]:
    """Nobody gives the dead worker's lease back: it has to end."""
    run.service.absent.add("reading")
    cases = run.begin(2)
    run.settle(cases[:1], 0.5)
    run.service.kill(run.service.reading)
    time.sleep(0.5)
    run.service.reading.process = None
    run.service.absent.clear()
    return cases


def reader_killed(run: Run) -> list[str]:
    import psutil

    cases = run.begin(3)
    for _ in range(3):
        for child in psutil.Process(run.service.reading.process.pid).children():
            child.kill()
        time.sleep(1.5)
    return cases


def redis_flushed(run: Run) -> list[str]:
    cases = []
    for _ in range(3):
        cases += run.begin()
        run.redis.flush()
    return cases


def redis_stopped(run: Run) -> list[str]:
    cases = run.begin()
    run.redis.stop()
    cases += run.begin(2)
    time.sleep(8)
    run.redis.start()
    return [*cases, *run.begin()]


def _database(run: Run, mode: str) -> list[str]:
    cases = run.begin(3)
    time.sleep(0.5)
    run.postgres.stop(mode)
    time.sleep(3)
    run.postgres.start()
    return [*cases, *run.begin()]


def database_restarted(run: Run) -> list[str]:
    return _database(run, "fast")


def database_crashed(run: Run) -> list[str]:
    return _database(run, "immediate")


def _storage(run: Run, number: int) -> list[str]:
    """The first upload is being read when it begins; the second is refused (500) until it ends, and repeated by its client."""
    import threading

    cases = run.begin()
    armed = run.service.arm("storage", str(number))
    threading.Timer(8, armed.unlink).start()
    return [*cases, *run.begin()]


def storage_refuses(run: Run) -> list[str]:
    return _storage(run, errno.EIO)


def disk_full(run: Run) -> list[str]:
    return _storage(run, errno.ENOSPC)


def bucket_stopped(run: Run) -> list[str]:
    """The first upload is being read when it begins; the second is refused (500) until it ends, and repeated by its client."""
    import threading

    cases = run.begin()
    run.bucket.stop()
    threading.Timer(8, run.bucket.start).start()
    return [*cases, *run.begin()]


def bucket_hangs(run: Run) -> list[str]:
    """For longer than the service waits for an answer: connections are taken, and nothing comes."""
    import threading

    cases = run.begin()
    run.bucket.pause()
    threading.Timer(15, run.bucket.resume).start()
    return [*cases, *run.begin()]


def clock_jumps(run: Run) -> list[str]:
    """Past every lease and back, while documents are read; then two days back and forth again."""
    cases = run.begin(2)
    armed = run.service.arm("clock", "7200")
    time.sleep(3)
    armed.unlink()
    cases += run.begin(2)
    armed = run.service.arm("clock", "-7200")
    time.sleep(3)
    armed.unlink()
    return cases


def poison_hangs(run: Run) -> list[str]:
    return [*run.begin(1, "POISON-HANG"), *run.begin()]


def poison_crashes(run: Run) -> list[str]:
    return [*run.begin(1, "POISON-CRASH"), *run.begin()]


def poison_grows(run: Run) -> list[str]:
    return [*run.begin(1, "POISON-MEMORY"), *run.begin()]


FAULTS: list[Fault] = [
    ("none", "for comparison", nothing),
    ("web killed", f"SIGKILL before and after each of {len(WEB_STEPS)} steps of a request", web_killed),
    ("worker killed", f"SIGKILL before and after each of {len(WORKER_STEPS)} steps from claim to webhook", worker_killed),
    ("worker's host gone", "the worker is killed while it reads, and nobody gives its lease back", host_gone),
    ("reading process killed", "SIGKILL three times while it reads", reader_killed),
    ("Redis flushed", "FLUSHALL after each of three uploads", redis_flushed),
    ("Redis stopped", "killed, uploads meanwhile, started empty after 8 s", redis_stopped),
    ("PostgreSQL restarted", "stopped for 3 s while documents are read", database_restarted),
    ("PostgreSQL crashed", "`pg_ctl -m immediate`, recovered from its log 3 s later", database_crashed),
    ("storage refuses", "every write fails with EIO for 8 s", storage_refuses),
    ("disk full", "every write fails with ENOSPC for 8 s", disk_full),
    ("bucket stopped", "the S3-compatible server is killed, and started again after 8 s", bucket_stopped),
    ("bucket hangs", "it is stopped (SIGSTOP) for 15 s: connections are taken and not answered", bucket_hangs),
    ("clock jumps", "two hours ahead and back, two hours behind and back, 3 s each", clock_jumps),
    ("poison: hangs", "an image that makes native code sleep with the interpreter's lock held; 10 s allowed", poison_hangs),
    ("poison: crashes", "an image that makes native code read address 0", poison_crashes),
    ("poison: grows", "an image that makes reading take memory until there is none", poison_grows),
]
# These have the files in a bucket, the others in a folder.
OF_A_BUCKET = {"bucket stopped", "bucket hangs"}


def environment(postgres: Postgres, broker: Redis, bucket: Bucket | None, hook: str) -> dict[str, str]:
    (FOLDER / "armed").mkdir()
    files = {"STORAGE_URL": ""} if bucket is None else bucket.settings("proxy")
    return files | {
        "DATABASE_URL": postgres.url, "REDIS_URL": broker.url, "DATA_DIR": str(FOLDER / "data"), "RATE_LIMIT": "off",
        "DJANGO_SETTINGS_MODULE": "config.settings", "READING_SECONDS": "10", "READING_MEMORY_MB": "3072", "WEBHOOK_ALLOWED_HOSTS": hook,
        "PYTHONPATH": str(ROOT / "tests" / "faults"), "PYTHONFAULTS": str(FOLDER / "armed"), "LOG_FORMAT": "json",
    }  # fmt: skip


def main(only: list[str], *, on_a_bucket: bool) -> list[Row]:
    from receiver import receiving

    chosen = [fault for fault in FAULTS if (fault[0] in OF_A_BUCKET) == on_a_bucket and (not only or any(word in fault[0] for word in only))]
    bucket = Bucket(FOLDER / "bucket") if on_a_bucket else None
    postgres, broker = Postgres(FOLDER / "postgres"), Redis()
    rows: list[Row] = []
    try:
        with receiving() as receiver:
            settings = environment(postgres, broker, bucket, receiver.host)
            os.environ.update({name: value for name, value in settings.items() if not name.startswith("PYTHON")})
            token = _prepared(receiver.url)
            from installation import Installation

            with Installation(FOLDER, free_port(), settings, token) as service:
                run = Run(service, postgres, broker, bucket)
                rows += [_one(run, Row(name, done), fault, receiver) for name, done, fault in chosen]
        _verify_audit()
    finally:
        if bucket is not None:
            bucket.stop()
        broker.stop()
        postgres.stop("immediate")
        shutil.rmtree(FOLDER, ignore_errors=True)
    return rows


def _one(run: Run, row: Row, fault: Callable[[Run], list[str]], receiver: Any) -> Row:
    begun = time.monotonic()
    cases = fault(run)
    run.settle(cases)
    row.slowest = round(time.monotonic() - begun, 1)
    judge(row, cases, Counter(entry.headers["webhook-id"] for entry in list(receiver.seen)))
    print(json.dumps(asdict(row)), flush=True)  # noqa: T201
    run.service.await_ready()
    return row


def _prepared(hook: str) -> str:
    import io

    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from factories import make_person
    from verifications import webhooks
    from verifications.models import WebhookEndpoint

    call_command("migrate", verbosity=0)
    call_command("sync_flows", stdout=io.StringIO())
    person = make_person("faults", workspace="faults")
    webhooks.create_endpoint(caller=person.caller, fields={"url": hook})
    # An address hears of nothing that happened before it was given, and the clock will be set back.
    WebhookEndpoint.objects.update(created_at=timezone.now() - timedelta(days=1))
    return person.secret


def _verify_audit() -> None:
    subprocess.run([sys.executable, str(ROOT / "manage.py"), "verify_audit"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def table(rows: list[Row]) -> str:
    """As Markdown. Seconds are left out: they are this machine's."""
    lines = ["| fault | how it is made | uploads accepted | how they ended | lost | twice |", "|---|---|---|---|---|---|"]
    for row in rows:
        ended = ", ".join(f"{count} {name}" for name, count in row.ended.items())
        lines.append(f"| {row.fault} | {row.done} | {row.uploads} | {ended} | {len(row.lost)} | {len(row.twice)} |")
    return "\n".join(lines)


BEGIN, END = "<!-- faults: written by `make faults` -->", "<!-- end of faults -->"


def write(page: Path, rows: list[Row]) -> None:
    """Rows of faults that were not run stay as they are."""
    before, _, rest = page.read_text().partition(BEGIN)
    old, _, after = rest.partition(END)
    known = {line.split(" | ")[0]: line for line in old.strip().splitlines()}
    made = table(rows).splitlines()
    known |= {line.split(" | ")[0]: line for line in made[2:]}
    lines = [*made[:2], *(known[f"| {name}"] for name, _, _ in FAULTS if f"| {name}" in known)]
    page.write_text("\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bucket", action="store_true")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--page", type=Path)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    try:
        made = main(chosen.only, on_a_bucket=chosen.bucket)
    except Missing as missing:
        print(json.dumps({"missing": str(missing)}))  # noqa: T201
        sys.exit(2)
    if chosen.page:
        write(chosen.page, made)
    sys.exit(1 if any(row.lost or row.twice for row in made) else 0)

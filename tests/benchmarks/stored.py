"""How lists, gets, the queue, searches and the clock take to 1,000, 100,000 and 1,000,000 stored documents, on a PostgreSQL of its own.

``python tests/benchmarks/stored.py [--sizes N…] [--rounds N] [--page FOLDER] [--keep FOLDER]``. Each size has a database of its own on one server,
and
a process of its own that speaks to the service's handlers; they are asked in turns, so that a busy moment of the machine meets all sizes. Reported is
the median of the quicker half. Exit 1 when the largest takes more than 1.5 times as long as the smallest, and more than a millisecond longer,
anywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "faults"), str(ROOT / "tests" / "benchmarks")]
SIZES = (1_000, 100_000, 1_000_000)
A_DAY = 1_000  # documents: a larger store is a longer history at the same rate, and what is due today is the same
WAITING = 200
# Of rules' results and what they rest on there is as much for one case in so many, and for each of the newest ones.
THINNED, NEWEST = 8, 400
ALLOWED, NOISE_MS = 1.5, 1.0
SERVER = (
    "-c shared_buffers=1GB -c max_wal_size=8GB -c checkpoint_timeout=30min -c random_page_cost=1.1 -c effective_cache_size=4GB "
    "-c fsync=off -c wal_level=minimal -c max_wal_senders=0 -c full_page_writes=off"
)


# In the process of one size.


def prepare(documents: int) -> None:
    """Migrations, one workspace, and so many documents."""
    import io

    from django.core.management import call_command
    from django.db import connection
    from stored_rows import WithoutIndexes, delivered, multiply, open_up

    call_command("migrate", verbosity=0)
    call_command("sync_flows", stdout=io.StringIO())
    approved, waiting = _templates()
    cases = documents // approved.documents - WAITING - 2
    spacing = timedelta(days=approved.documents / A_DAY)
    delivered()
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET work_mem = '256MB'")
    with WithoutIndexes():
        for first in range(1, cases + 1, 50_000):
            count = min(50_000, cases + 1 - first)
            multiply(approved, first, count, spacing=spacing, until=cases, thinned=THINNED, whole=NEWEST)
            print(f"{first + count - 1} of {cases} cases", file=sys.stderr, flush=True)
        multiply(waiting, 1, WAITING, spacing=timedelta(minutes=7))
    newest = range(max(1, cases - 300), cases + 1)
    spread = range(1, cases + 1, max(THINNED, cases // 200 // THINNED * THINNED))
    seen = open_up(approved, sorted({*newest, *spread}))
    middle = open_up(approved, range(max(1, cases // 2 - 20), cases // 2 + 20))
    queue = open_up(waiting, range(1, WAITING + 1))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0]
    print(json.dumps({"seen": seen, "middle": middle[30], "queue": queue, "bytes": size, "cases": cases + WAITING}), flush=True)


def _templates() -> tuple[Any, Any]:
    from scripted import LEASE, Script
    from stored_rows import Template

    import documents.reading
    from factories import EXPECTED, make_person, start, upload, work_off
    from verifications.models import WebhookEndpoint

    person = make_person("stored", workspace="stored")
    person.post("/webhooks", {"url": "https://hooks.example/"})
    WebhookEndpoint.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    script = Script()
    documents.reading.read = script.read
    made = []
    for number, fields in enumerate(({**LEASE, "statement.date": datetime.now(UTC).date().isoformat()}, {**LEASE, "address.zip": "92026"})):
        script.fields["PROOF_OF_ADDRESS"] = fields
        case = start(person, expected_data=EXPECTED, external_ref=f"mailbox-{number}", tags=["new", f"t{number}"])
        upload(person, case, type=1, front=_picture(number * 2))
        upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=_picture(number * 2 + 1))
        work_off(twice=False)
        person.post(f"/usps1583/verifications/{case['id']}/submit")
        work_off(twice=False)
        if number == 0:
            _approve(person, case["id"])
            work_off(twice=False)
        made.append(Template(case["id"], number))
    assert [template.case.get_status_display() for template in made] == ["Approved", "Double Check"], [
        template.case.get_status_display() for template in made
    ]
    return made[0], made[1]


def _approve(person: Any, case: str) -> None:
    for document in person.get(f"/usps1583/verifications/{case}").json()["data"]["documents"]:
        if document["status"] != 3:
            response = person.post("/usps1583/decisions", {"document": document["id"], "status": 3, "note": "seen"})
            assert response.status_code < 300, response.content


def _picture(seed: int) -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (320, 200), ((seed * 53) % 200 + 30, (seed * 31) % 200 + 30, 120)).save(buffer, "JPEG")
    return buffer.getvalue()


class Probe:
    """What is asked of one store."""

    def __init__(self, seen: Sequence[str], middle: str, queue: Sequence[str]) -> None:
        from django.contrib.auth.models import Permission, User
        from django.test import Client
        from scripted import Script

        import documents.reading
        from documents.models import Document
        from factories import make_person
        from verifications.models import Verification, WebhookEndpoint

        documents.reading.read = Script().read
        self.person = make_person(f"probe-{time.time_ns()}", workspace="stored")
        self.admin = Client()
        user, _ = User.objects.get_or_create(username="probe", defaults={"is_staff": True, "is_superuser": True})
        user.user_permissions.set(Permission.objects.all())
        self.admin.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.user, self.seen, self.queue = user, seen, queue
        self.turn = 0
        self.hook = WebhookEndpoint.objects.get().pk
        held = Document.objects.filter(verification_id__in=seen).values_list("verification_id", "pk")
        self.documents = dict(held)
        self.middle = Verification.objects.get(pk=middle).created_at
        self.made = 0

    def calls(self) -> dict[str, Callable[[], Any]]:
        """By name, under a heading before the colon."""
        api, page = self._api, self._page
        flow = "/usps1583"
        found: dict[str, Callable[[], Any]] = {
            "list: verifications, first page": api(lambda: f"{flow}/verifications"),
            "list: verifications of all flows": api(lambda: "/verifications"),
            "list: verifications, by cursor": api(lambda: f"{flow}/verifications?cursor="),
            "list: verifications, cursor in the middle": api(lambda: f"{flow}/verifications?cursor={self._cursor()}"),
            "list: verifications, Approved": api(lambda: f"{flow}/verifications?status=3"),
            "list: verifications, Double Check": api(lambda: f"{flow}/verifications?status=5"),
            "list: verifications, by tag": api(lambda: f"{flow}/verifications?tag=new"),
            "list: verifications, by tag nobody has": api(lambda: f"{flow}/verifications?tag=none"),
            "list: verifications, of a day": api(lambda: f"{flow}/verifications?created_from={self._day()}"),
            "list: documents": api(lambda: f"{flow}/documents"),
            "list: documents, by cursor": api(lambda: f"{flow}/documents?cursor="),
            "list: documents of a case": api(lambda: f"{flow}/documents?verification={self._case()}"),
            "list: decisions": api(lambda: f"{flow}/decisions"),
            "list: decisions, by cursor": api(lambda: f"{flow}/decisions?cursor="),
            "list: events": api(lambda: "/events"),
            "list: events, by cursor": api(lambda: "/events?cursor="),
            "list: deliveries": api(lambda: f"/webhooks/{self.hook}/deliveries"),
            "list: exports": api(lambda: f"{flow}/exports"),
            "get: verification": api(lambda: f"{flow}/verifications/{self._case()}"),
            "get: its checks": api(lambda: f"{flow}/verifications/{self._case()}/checks"),
            "get: document": api(lambda: f"{flow}/documents/{self._document()}"),
            "get: its extractions": api(lambda: f"{flow}/documents/{self._document()}/extractions"),
            "get: its extracted data": api(lambda: f"{flow}/documents/{self._document()}/extracted-data"),
            "search: external reference": api(lambda: f"{flow}/verifications?external_ref=mailbox-{self._number()}"),
            "search: start of a reference": api(lambda: f"{flow}/verifications?q=mailbox-{self._number()}"),
            "search: an id": api(lambda: f"{flow}/verifications?q={self._case()}"),
            "search: in the queue, a reference": page(lambda: f"/admin/decisions/reviewcase/?status=all&q=mailbox-{self._number()}"),
            "search: in the queue, an id": page(lambda: f"/admin/decisions/reviewcase/?status=all&q={self._case()}"),
            "queue: what waits": page(lambda: "/admin/decisions/reviewcase/"),
            "queue: by reason": page(lambda: "/admin/decisions/reviewcase/?reason=address_mismatch"),
            "queue: to nobody": page(lambda: "/admin/decisions/reviewcase/?assigned=nobody"),
            "queue: all cases": page(lambda: "/admin/decisions/reviewcase/?status=all"),
            "queue: a case": page(lambda: f"/admin/decisions/reviewcase/{self._next(self.queue)}/change/"),
            "queue: take the next": self._claim,
            "queue: dashboard": page(lambda: "/admin/decisions/reviewcase/dashboard/"),
            "queue: admin's events": page(lambda: "/admin/verifications/event/"),
            "queue: admin's audit trail": page(lambda: "/admin/verifications/auditentry/"),
            "queue: admin's outbox": page(lambda: "/admin/verifications/outboxmessage/"),
            "queue: admin's deliveries": page(lambda: "/admin/verifications/webhookdelivery/"),
            "write: start a verification": self._start,
            "write: from upload to decision": self._decide,
            "clock: metrics": page(lambda: "/metrics"),
            "clock: work that is due": self._due,
        }
        from django.utils.module_loading import import_string

        from config.pipeline import SCHEDULE

        return found | {f"clock: {name.rsplit('.', 1)[1]}": import_string(name) for name in SCHEDULE}

    def _api(self, path: Callable[[], str]) -> Callable[[], None]:
        def call() -> None:
            response = self.person.get(path())
            assert response.status_code == 200, (path(), response.status_code, response.content[:300])

        return call

    def _page(self, path: Callable[[], str]) -> Callable[[], None]:
        def call() -> None:
            response = self.admin.get(path())
            assert response.status_code == 200, (path(), response.status_code)

        return call

    def _next(self, values: Sequence[str]) -> str:
        self.turn += 1
        return values[(self.turn * 7) % len(values)]

    def _case(self) -> str:
        return self._next(self.seen)

    def _document(self) -> str:
        return self.documents[self._case()]

    def _number(self) -> int:
        return int(self._case()[6:14], 16)

    def _day(self) -> str:
        return (datetime.now(UTC) - timedelta(hours=12)).date().isoformat()

    def _cursor(self) -> str:
        import base64

        return base64.urlsafe_b64encode(f"n|{self.middle.isoformat()}|ver_".encode()).decode().rstrip("=")

    def _claim(self) -> None:
        from decisions import queue

        pk = queue.claim_next(user=self.user)
        assert pk
        queue.release(user=self.user, verification_id=pk)

    def _start(self) -> None:
        self.made += 1
        assert self.person.post("/identity/verifications", {"external_ref": f"new-{self.made}"}).status_code == 201

    def _decide(self) -> None:
        from factories import start, upload, work_off

        self.made += 1
        case = start(self.person, "address")
        upload(self.person, case, "address", context="PROOF_OF_ADDRESS", type=24, front=_picture(self.made + 10))
        self.person.post(f"/address/verifications/{case['id']}/submit")
        work_off(twice=False)

    def _due(self) -> None:
        from verifications.outbox import due

        due(["decisions", "records"])


def probe(told: dict[str, Any]) -> None:
    """Answers each line ``NAME TIMES`` of standard input with a JSON list of milliseconds; ``! NAME`` with the plans of what it asked."""
    calls = Probe(told["seen"], told["middle"], told["queue"]).calls()
    print(json.dumps(list(calls)), flush=True)
    for line in sys.stdin:
        name, _, times = line.rstrip("\n").rpartition("|")
        if times == "explain":
            print(json.dumps(_plans(calls[name])), flush=True)
            continue
        taken = []
        for _ in range(int(times)):
            begun = time.perf_counter()
            calls[name]()
            taken.append((time.perf_counter() - begun) * 1000)
        print(json.dumps(taken), flush=True)


def _plans(call: Callable[[], Any]) -> list[str]:
    """The slowest statements of a call, with what PostgreSQL did for them."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        call()
    slow = sorted(asked.captured_queries, key=lambda row: -float(row["time"]))[:3]
    found = []
    for row in slow:
        found.append(f"{row['time']} s: {row['sql'][:1500]}")
        if row["sql"].startswith("SELECT") and float(row["time"]) > 0.003:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {row['sql']}")
                found.append("\n".join(line[0] for line in cursor.fetchall()))
    return found


# The driver.


@contextmanager
def probing(database: str, prepared: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, __file__, "--probe"]
    process = subprocess.Popen(command, env=_environment(database), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdin is not None
    process.stdin.write(json.dumps(prepared) + "\n")
    process.stdin.flush()
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()


def _environment(database: str) -> dict[str, str]:
    cleared = ("REDIS_URL", "STORAGE_URL")
    kept = {name: value for name, value in os.environ.items() if name not in cleared}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
        "TEST_DATABASE_URL": database,
        "DATA_DIR": tempfile.gettempdir() + "/vouchbox-stored",
    }


def ask(process: subprocess.Popen[str], line: str) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise RuntimeError(f"the probe died over {line}")
    return json.loads(answer)


def measure(processes: dict[int, subprocess.Popen[str]], rounds: int, only: str = "") -> dict[str, dict[int, list[float]]]:
    """By what was asked, by size, the milliseconds."""
    names: list[str] = []
    for process in processes.values():
        assert process.stdout is not None
        names = json.loads(process.stdout.readline())
    found: dict[str, dict[int, list[float]]] = {}
    for name in names:
        if only not in name:
            continue
        found[name] = {size: [] for size in processes}
        for process in processes.values():
            ask(process, f"{name}|2")
        for _ in range(rounds):
            for size, process in processes.items():
                found[name][size] += ask(process, f"{name}|1")
        print(name, {size: round(typical(taken), 2) for size, taken in found[name].items()}, file=sys.stderr, flush=True)
    return found


def typical(taken: Sequence[float]) -> float:
    """The median of the quicker half: other work on the machine only ever adds."""
    return median(sorted(taken)[: max(1, len(taken) // 2)])


def grown(found: dict[str, dict[int, list[float]]]) -> list[str]:
    """What takes longer in the largest store than is allowed."""
    late = []
    for name, by_size in found.items():
        small, large = typical(by_size[min(by_size)]), typical(by_size[max(by_size)])
        if large > ALLOWED * small and large - small > NOISE_MS:
            late.append(f"{name}: {small:.1f} ms, then {large:.1f} ms")
    return late


def write(folder: Path, found: dict[str, dict[int, list[float]]], about: dict[int, dict[str, Any]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    sizes = sorted(about)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "stored.json"
    before = json.loads(kept.read_text()) if kept.exists() else {}
    # What was not asked this time stays as it was.
    known = {name: {int(size): [float(value)] for size, value in row.items()} for name, row in before.items()} | found
    found = {name: row for name, row in known.items() if set(row) == set(sizes)}
    kept.write_text(
        json.dumps({name: {size: round(typical(taken), 2) for size, taken in row.items()} for name, row in found.items()}, indent=1) + "\n"
    )
    lines = [
        "# Stored documents",
        "",
        f"`make bench-stored`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores (others at work on them), PostgreSQL on the "
        "same machine. Milliseconds, "
        "the median of the quicker half; the last column is the largest store's over the smallest's.",
        "",
        f"A larger store is a longer history: {A_DAY:,} documents a day, two to a case; images are gone after 90 days and done "
        "work after 7, as the service "
        f"itself does it. {WAITING} cases wait for a person at every size. Rows are multiplied in the database from cases that "
        "went through the service; their "
        "audit entries are as many as they would be, but their links do not hold. Rules' results and what they rest on, by far "
        "the most bytes, are there for one "
        f"case in {THINNED} and for the newest {NEWEST}: with all of them 100,000 documents took 6.2 GB. The server does not wait "
        "for the disk (fsync is off), as the rows are "
        "loaded in bulk.",
        "",
        "| | " + " | ".join(f"{size:,}" for size in sizes) + " | × |",
        "|---|" + "---:|" * (len(sizes) + 1),
        "| database | " + " | ".join(f"{about[size]['bytes'] / 1e9:.2f} GB" for size in sizes) + " | |",
    ]
    for name, by_size in found.items():
        values = [typical(by_size[size]) for size in sizes]
        lines.append(f"| {name} | " + " | ".join(f"{value:.1f}" for value in values) + f" | {values[-1] / values[0]:.2f} |")
    late = grown(found)
    lines += ["", "Within 1.5 times, or a millisecond: " + ("all." if not late else "all but " + "; ".join(late) + ".")]
    lines += ["", "![Milliseconds by stored documents](stored.png)", ""]
    (folder / "stored.md").write_text("\n".join(lines), encoding="utf-8")
    kinds = sorted({name.split(":")[0] for name in found})
    figure, axes = plt.subplots(2, (len(kinds) + 1) // 2, figsize=(13, 7), sharex=True)
    for axis, kind in zip(axes.flat, kinds, strict=False):
        for name, by_size in found.items():
            if name.startswith(f"{kind}:"):
                axis.plot(sizes, [typical(by_size[size]) for size in sizes], marker="o", linewidth=1, markersize=3, color="#2f5d8a", alpha=0.6)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_title(kind)
        axis.set_ylabel("ms")
        axis.set_xlabel("stored documents")
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(kinds) :]:
        axis.set_visible(False)
    figure.tight_layout()
    figure.savefig(folder / "stored.png", dpi=90)


def main(options: argparse.Namespace) -> int:
    import psycopg
    from cluster import Postgres

    folder = Path(options.keep or tempfile.mkdtemp(prefix="vouchbox-stored-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    notes = folder / "prepared.json"
    postgres = Postgres(folder / "postgres", SERVER)
    about: dict[int, dict[str, Any]] = {int(size): entry for size, entry in json.loads(notes.read_text()).items()} if notes.exists() else {}
    try:
        for size in options.sizes:
            if size in about:
                continue
            with psycopg.connect(f"{postgres.server}/postgres", autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "stored_{size}"')
                connection.execute(f'CREATE DATABASE "stored_{size}"')
            database = f"{postgres.server}/stored_{size}"
            begun = time.monotonic()
            done = subprocess.run(
                [sys.executable, __file__, "--prepare", str(size)], env=_environment(database), cwd=ROOT, check=True, stdout=subprocess.PIPE
            )
            about[size] = json.loads(done.stdout.splitlines()[-1])
            notes.write_text(json.dumps(about))
            print(f"{size} documents in {time.monotonic() - begun:.0f} s, {about[size]['bytes'] / 1e9:.2f} GB", file=sys.stderr, flush=True)
        running = {size: probing(f"{postgres.server}/stored_{size}", about[size]) for size in options.sizes}
        processes = {size: one.__enter__() for size, one in running.items()}
        try:
            found = measure(processes, options.rounds, options.only)
            if options.explain:
                for name in found:
                    print(f"\n## {name}", *ask(processes[max(processes)], f"{name}|explain"), sep="\n")
        finally:
            for one in running.values():
                one.__exit__(None, None, None)
    finally:
        postgres.stop("fast" if options.keep else "immediate")
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.page:
        write(options.page, found, {size: about[size] for size in options.sizes})
    late = grown(found)
    print("\n".join(["grown:", *late] if late else ["flat"]))
    return 1 if late else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="what has this in its name")
    parser.add_argument("--explain", action="store_true", help="print what PostgreSQL did in the largest store")
    parser.add_argument("--page", type=Path, help="the folder of the report")
    parser.add_argument("--keep", help="a folder in which the databases stay for the next time")
    parser.add_argument("--prepare", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--probe", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.prepare or chosen.probe:
        import logging

        import django

        django.setup()
        logging.disable(logging.INFO)
        if chosen.prepare:
            prepare(chosen.prepare)
        else:
            probe(json.loads(sys.stdin.readline()))
        sys.exit(0)
    sys.exit(main(chosen))

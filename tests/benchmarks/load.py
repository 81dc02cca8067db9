"""From upload to decision with many clients against the full set: PostgreSQL, Redis, web and workers as processes of their own.

``python tests/benchmarks/load.py [--seconds N] [--clients N] [--share 0.8] [--page FOLDER]``. First as many clients as keep the readers busy, each of
which begins its next case when the last one is decided: what they get done is the capacity. Then cases come by chance, on average at ``--share`` of
that capacity, whether or not the last ones are done; a call's time counts from when it was due, so that a slow server hides nothing. Exit 1 when
uploads of that second part take more than 500 ms in the 99th percentile, or when a case did not end.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import io
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "faults")]

import psutil
import psycopg
from cluster import Postgres, Redis, free_port

FLOW, TO_A_CASE = "usps1583", 2
LIMIT_MS = 500
FINAL = (3, 4, 5)
STAGES = ("web", "reading worker", "reading process", "decisions, records, webhooks", "PostgreSQL", "Redis", "clients")


@dataclass
class Papers:
    """What one case uploads, ready to be sent: JSON bodies without the case's id."""

    declared: dict[str, Any]
    documents: list[str]


def papers(number: int, size: int) -> Papers:
    """A passport and a lease of one person; ``size`` 1 as they are scanned (1.5 million pixels), more as a phone takes them."""
    from documents.specimens import draw, holder

    person = holder(number, state="CA")
    first, _, middle = person.given_names.partition(" ")
    declared = {
        "person": {"first_name": first, "middle_name": middle, "last_name": person.surname},
        "address": {"street": person.street, "street2": person.street2, "city": person.city, "state": person.state, "postal_code": person.zip},
    }  # fmt: skip
    bodies = []
    for kind, context, type_id in (("passport", "PHOTO_ID", 1), ("lease", "PROOF_OF_ADDRESS", 24)):
        picture = draw(kind, seed=number, holder=person).sides["front"]
        if size > 1:
            picture = picture.resize((picture.width * size, picture.height * size))
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=88)
        data = base64.b64encode(file.getvalue()).decode()
        bodies.append(json.dumps({"context_type": context, "type": type_id, "country": "USA", "front_side_data": data}))
    return Papers(declared, bodies)


@dataclass
class Notes:
    """What clients saw: by endpoint (when it was due, milliseconds), cases begun, statuses other than 2xx."""

    calls: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    cases: dict[str, float] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client:
    """One connection that stays open."""

    def __init__(self, port: int, token: str, notes: Notes) -> None:
        self.port, self.notes, self.connection = port, notes, http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, name: str, method: str, path: str, body: str | None = None, *, due: float | None = None) -> Any:
        begun = time.monotonic() if due is None else due
        headers = self.headers | ({"Idempotency-Key": secrets.token_hex(8)} if method == "POST" else {})
        for attempt in range(2):
            try:
                self.connection.request(method, f"/api/v1{path}", body, headers)
                response = self.connection.getresponse()
                data = response.read()
                break
            except (http.client.HTTPException, OSError):
                self.connection.close()  # the server ends idle connections
                if attempt:
                    raise
        with self.notes.lock:
            self.notes.calls[name].append((begun, (time.monotonic() - begun) * 1000))
            if response.status >= 300:
                self.notes.refused.append(response.status)
        return json.loads(data)["data"] if response.status < 300 and data else None

    def case(self, sent: Papers, due: float | None = None) -> str:
        """A whole case up to its submission; ``due`` is when its first call was to be made."""
        made = self.call("start a verification", "POST", f"/{FLOW}/verifications", json.dumps({"expected_data": sent.declared}), due=due)
        case = str(made["id"])
        for document in sent.documents:
            self.call("upload a document", "POST", f"/{FLOW}/documents", f'{{"verification": "{case}", "document": {document}}}')
        self.call("submit", "POST", f"/{FLOW}/verifications/{case}/submit")
        with self.notes.lock:
            self.notes.cases[case] = time.monotonic()
        return case

    def settled(self, case: str) -> bool:
        return self.call("show a verification", "GET", f"/{FLOW}/verifications/{case}")["status"] in FINAL


class Sampler(threading.Thread):
    """Every second: CPU seconds and memory by stage, how much work waits."""

    def __init__(self, service: int, postgres: int, broker: Redis, database: str, files: Path) -> None:
        super().__init__(daemon=True)
        assert broker.process is not None
        redis, self.broker, self.files = broker.process.pid, broker, files
        self.roots = {"service": service, "PostgreSQL": postgres, "Redis": redis, "clients": os.getpid()}
        self.database, self.done = database, threading.Event()
        self.rows: list[dict[str, Any]] = []
        self.ended: dict[str, float] = defaultdict(float)
        self.seen: dict[int, tuple[str, float]] = {}

    def run(self) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            while not self.done.wait(1.0):
                with contextlib.suppress(psutil.Error):
                    self.rows.append(self._row(connection))

    def _row(self, connection: Any) -> dict[str, Any]:
        alive: dict[int, tuple[str, float]] = {}
        memory: dict[str, int] = defaultdict(int)
        for stage, process in self._processes():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                alive[process.pid] = (stage, times.user + times.system)
                memory[stage] += process.memory_info().rss
        for pid, (stage, cpu) in self.seen.items():
            if pid not in alive:
                self.ended[stage] += cpu
        self.seen = alive
        cpu = dict(self.ended)
        for stage, seconds in alive.values():
            cpu[stage] = cpu.get(stage, 0.0) + seconds
        waiting = dict(connection.execute("SELECT queue, count(*) FROM verifications_outboxmessage WHERE state IN (1, 2) GROUP BY queue").fetchall())
        return {"at": time.monotonic(), "cpu": cpu, "memory": dict(memory), "waiting": waiting}

    def counts(self, connection: Any) -> dict[str, float]:
        """What the servers have done so far: commits, rows written, commands of Redis, bytes of files."""
        statistics = "SELECT xact_commit, tup_inserted + tup_updated FROM pg_stat_database WHERE datname = current_database()"
        commits, rows = connection.execute(statistics).fetchone()
        files = sum(path.stat().st_size for path in self.files.rglob("*") if path.is_file())
        return {
            "commits": commits,
            "rows written": rows,
            "Redis commands": self.broker.client().info()["total_commands_processed"],
            "file bytes": files,
        }

    def _processes(self) -> Iterator[tuple[str, psutil.Process]]:
        for name in ("PostgreSQL", "Redis"):
            root = psutil.Process(self.roots[name])
            for process in (root, *root.children(recursive=True)):
                yield name, process
        yield "clients", psutil.Process()
        for process in psutil.Process(self.roots["service"]).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                words = " ".join(process.cmdline())
                stage = next((stage for word, stage in _WORDS if word in words), None)
                if stage:
                    yield stage, process


_WORDS = (
    ("gunicorn", "web"), ("documents.sandbox.child", "reading process"), ("--queues reading", "reading worker"),
    ("--queues decisions", "decisions, records, webhooks"),
)  # fmt: skip


@dataclass
class Part:
    """One part of the run: its calls, its samples from ``begun`` to ``ended``, how many documents were decided meanwhile."""

    name: str
    begun: float
    ended: float
    notes: Notes
    samples: list[dict[str, Any]]
    documents: int
    seconds_to_decision: list[float]
    seconds_of_reading: list[float]
    seconds_to_reading: list[float]
    servers: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Documents a second."""
        return self.documents / (self.ended - self.begun)

    def cpu(self) -> dict[str, float]:
        """CPU seconds a document, by stage."""
        first, last = self.samples[0]["cpu"], self.samples[-1]["cpu"]
        documents = max(1.0, self.rate * (self.samples[-1]["at"] - self.samples[0]["at"]))
        return {stage: (last.get(stage, 0.0) - first.get(stage, 0.0)) / documents for stage in STAGES}


class Load:
    """The parts upon one running service."""

    def __init__(self, port: int, token: str, database: str, sampler: Sampler, sent: Sequence[Papers]) -> None:
        self.port, self.token, self.database, self.sampler, self.sent = port, token, database, sampler, sent
        self.turn = 0

    def closed(self, clients: int, seconds: float, *, named: str = "as fast as it goes") -> Part:
        notes, begun = Notes(), time.monotonic()
        until = begun + seconds

        def work(number: int) -> None:
            client = Client(self.port, self.token, notes)
            while time.monotonic() < until:
                case = client.case(self._next())
                while not client.settled(case) and time.monotonic() < until:
                    time.sleep(1.0)

        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(work, range(clients)))
        return self._part(named, begun, until, notes)

    def open(self, cases_a_second: float, seconds: float, *, named: str) -> Part:
        notes, chance, begun = Notes(), random.Random(1), time.monotonic() + 1
        dues, at = [], begun
        while at < begun + seconds:
            dues.append(at)
            at += chance.expovariate(cases_a_second)
        local = threading.local()
        with psycopg.connect(self.database, autocommit=True) as connection:
            before = self.sampler.counts(connection)

        def work(due: float) -> None:
            if not hasattr(local, "client"):
                local.client = Client(self.port, self.token, notes)
            local.client.case(self._next(), due)

        with ThreadPoolExecutor(48) as pool:
            for due in dues:
                time.sleep(max(0.0, due - time.monotonic()))
                pool.submit(work, due)
        self._await(list(notes.cases))
        with psycopg.connect(self.database, autocommit=True) as connection:
            after = self.sampler.counts(connection)
        documents = TO_A_CASE * len(notes.cases)
        part = self._part(named, begun, begun + seconds, notes)
        part.servers = {name: round((after[name] - before[name]) / documents, 1) for name in after}
        part.servers["request bytes"] = round(sum(len(body) for papers in self.sent for body in papers.documents) / len(self.sent) / TO_A_CASE)
        return part

    def _next(self) -> Papers:
        self.turn += 1
        return self.sent[self.turn % len(self.sent)]

    def _await(self, cases: Sequence[str], seconds: float = 300) -> None:
        until = time.monotonic() + seconds
        with psycopg.connect(self.database, autocommit=True) as connection:
            while time.monotonic() < until:
                query = "SELECT count(*) FROM verifications_verification WHERE id = ANY(%s) AND status NOT IN (3, 4, 5)"
                if not connection.execute(query, [list(cases)]).fetchone()[0]:  # type: ignore[index]
                    return
                time.sleep(0.5)
        raise SystemExit("cases that did not end")

    def _part(self, named: str, begun: float, ended: float, notes: Notes) -> Part:
        offset = datetime.now(UTC).timestamp() - time.monotonic()
        between = [datetime.fromtimestamp(moment + offset, UTC) for moment in (begun, ended)]
        decided = "SELECT count(DISTINCT document_id) FROM decisions_decision WHERE created_at BETWEEN %s AND %s"
        taken = (
            "SELECT extract(epoch FROM min(d.created_at) - v.submitted_at) FROM decisions_decision d JOIN verifications_verification v "
            "ON v.id = d.verification_id WHERE v.submitted_at BETWEEN %s AND %s GROUP BY v.id, v.submitted_at"
        )
        with psycopg.connect(self.database, autocommit=True) as connection:
            documents = connection.execute(decided, between).fetchone()[0]  # type: ignore[index]
            waited = [max(0.0, float(row[0])) for row in connection.execute(taken, between).fetchall()]
            read = "SELECT sum(duration_ms) / 1000.0 FROM documents_extraction WHERE completed_at BETWEEN %s AND %s GROUP BY document_id"
            reading = [float(row[0]) for row in connection.execute(read, between).fetchall() if row[0]]
            ready = (
                "SELECT extract(epoch FROM a.at - d.created_at) FROM verifications_auditentry a JOIN documents_document d ON d.id = a.subject "
                "WHERE a.action = 'document.finish_reading' AND d.created_at BETWEEN %s AND %s"
            )
            sojourn = [float(row[0]) for row in connection.execute(ready, between).fetchall()]
        samples = [row for row in self.sampler.rows if begun <= row["at"] <= ended]
        return Part(named, begun, ended, notes, samples, documents, waited, reading, sojourn)


@contextlib.contextmanager
def running(folder: Path, workers: int) -> Iterator[tuple[int, str, str, Sampler]]:
    """The full set; its port, a token, the database's URL and a sampler."""
    folder.chmod(0o755)
    postgres, broker, port = Postgres(folder / "postgres"), Redis(), free_port()
    settings = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": postgres.url, "REDIS_URL": broker.url,
        "DATA_DIR": str(folder / "data"),
        "STORAGE_URL": "", "RATE_LIMIT": "off", "LOG_FORMAT": "json", "WORKERS": str(workers),
    }  # fmt: skip
    manage = [sys.executable, "manage.py"]
    for command in (["migrate", "-v0"], ["sync_flows"]):
        subprocess.run([*manage, *command], cwd=ROOT, env=settings, check=True, capture_output=True)
    token = subprocess.run([*manage, "issue_token", "load"], cwd=ROOT, env=settings, check=True, capture_output=True, text=True).stdout.strip()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*manage, "serve", "--port", str(port)], cwd=ROOT, env=settings, stdout=log, stderr=log)
    postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    sampler = Sampler(process.pid, postmaster, broker, postgres.url, folder / "data" / "files")
    try:
        _await_ready(port)
        sampler.start()
        yield port, token, postgres.url, sampler
    finally:
        sampler.done.set()
        process.send_signal(signal.SIGTERM)
        process.wait()
        broker.stop()
        postgres.stop("immediate")


def _await_ready(port: int) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)
    raise SystemExit("the service did not become ready")


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def report(parts: Sequence[Part], folder: Path, *, workers: int, share: float, busy: float) -> None:
    lines = [
        "# Load",
        "",
        f"`make bench-load`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores with everything on them: web server, {workers} reading "
        f"worker{'s' if workers > 1 else ''}, the other workers, PostgreSQL (with fsync), Redis and the clients. Other work on "
        "the machine meanwhile took "
        f"{busy:.1f} of its cores.",
        "",
        "A case is a passport and a lease, drawn; every fourth one as large as a phone takes it (13 million pixels), the others "
        "as scanned. First eight clients, each of which "
        "begins its next case when the last is decided: what they get done is the capacity of reading. Then cases come by chance at "
        f"{share:.0%} of that, whoever waits; a call counts from when it was due.",
        "",
    ]
    for part in parts:
        lines += [
            f"## {part.name[0].upper()}{part.name[1:]}",
            "",
            f"{part.documents} documents decided in {part.ended - part.begun:.0f} s: **{part.rate * 60:.0f} a minute**. From "
            "submission to the first decision "
            f"{percentile(part.seconds_to_decision, 0.5):.1f} s in the median, {percentile(part.seconds_to_decision, 0.95):.1f} s in "
            "the 95th percentile. "
            f"Refused calls: {len(part.notes.refused)}.",
            "",
            "| call | calls | p50 ms | p95 ms | p99 ms | longest |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for name, calls in part.notes.calls.items():
            times = [milliseconds for _, milliseconds in calls]
            cells = " | ".join(f"{percentile(times, mark):.0f}" for mark in (0.5, 0.95, 0.99))
            lines.append(f"| {name} | {len(times)} | {cells} | {max(times):.0f} |")
        lines += ["", "| stage | CPU seconds a document | cores in use | memory at the end, MB |", "|---|---:|---:|---:|"]
        for stage, seconds in part.cpu().items():
            megabytes = part.samples[-1]["memory"].get(stage, 0) / 1e6
            lines.append(f"| {stage} | {seconds:.3f} | {seconds * part.rate:.2f} | {megabytes:.0f} |")
        lines.append("")
    lines += ["![Latency, queue, CPU and memory over time](load.png)", ""]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "load.md").write_text("\n".join(lines), encoding="utf-8")
    (folder / "load.json").write_text(json.dumps([_numbers(part) for part in parts], indent=1) + "\n", encoding="utf-8")
    plot(parts, folder / "load.png")


def _numbers(part: Part) -> dict[str, Any]:
    uploads = [milliseconds for _, milliseconds in part.notes.calls["upload a document"]]
    return {
        "part": part.name, "documents_a_minute": round(part.rate * 60, 1),
        "cpu_seconds_a_document": {name: round(cpu, 4) for name, cpu in part.cpu().items()},
        "upload_ms": {f"p{mark}": round(percentile(uploads, mark / 100), 1) for mark in (50, 95, 99)},
        "seconds_to_decision": {f"p{mark}": round(percentile(part.seconds_to_decision, mark / 100), 2) for mark in (50, 95)},
        "servers_a_document": part.servers,
        "seconds_from_upload_to_read": {f"p{mark}": round(percentile(part.seconds_to_reading, mark / 100), 2) for mark in (50, 95)},
        "seconds_of_reading": sorted(round(value, 3) for value in part.seconds_of_reading), "seconds": round(part.ended - part.begun, 1),
    }  # fmt: skip


def plot(parts: Sequence[Part], file: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(4, len(parts), figsize=(6.5 * len(parts), 11), squeeze=False, sharex="col")
    for column, part in enumerate(parts):
        uploads = part.notes.calls["upload a document"]
        latency, waiting, cpu, memory = (axes[row][column] for row in range(4))
        latency.set_title(part.name)
        latency.plot([at - part.begun for at, _ in uploads], [taken for _, taken in uploads], ".", markersize=3, color="#2f5d8a")
        latency.axhline(LIMIT_MS, color="#c0662b", linewidth=1)
        latency.set_ylabel("upload, ms")
        at = [row["at"] - part.begun for row in part.samples]
        for queue in ("reading", "decisions", "records", "webhooks"):
            waiting.plot(at, [row["waiting"].get(queue, 0) for row in part.samples], label=queue)
        waiting.set_ylabel("work that waits")
        waiting.legend(fontsize=7)
        for stage in STAGES:
            used = [row["cpu"].get(stage, 0.0) for row in part.samples]
            step = 5
            cpu.plot(at[step:], [(after - before) / step for before, after in zip(used, used[step:], strict=False)], label=stage)
            memory.plot(at, [row["memory"].get(stage, 0) / 1e6 for row in part.samples], label=stage)
        cpu.set_ylabel("cores")
        memory.set_ylabel("memory, MB")
        memory.set_xlabel("seconds")
        cpu.legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(file, dpi=85)


def main(options: argparse.Namespace) -> int:
    folder = Path(tempfile.mkdtemp(prefix="vouchbox-load-"))
    try:
        sent = [papers(number, 3 if number % 4 == 0 else 1) for number in range(options.papers)]
        with running(folder, options.workers) as (port, token, database, sampler):
            load = Load(port, token, database, sampler, sent)
            load.closed(2, options.seconds / 8, named="warming up")
            busy = _others(sampler)
            parts = [load.closed(options.clients, options.seconds)]
            load._await(list(parts[0].notes.cases))
            cases = parts[0].rate * options.share / TO_A_CASE
            parts.append(load.open(cases, options.seconds * 1.5, named=f"{options.share:.0%} of the capacity"))
            busy = (busy + _others(sampler)) / 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.page:
        report(parts, options.page, workers=options.workers, share=options.share, busy=busy)
    for part in parts:
        print(json.dumps({name: value for name, value in _numbers(part).items() if name != "seconds_of_reading"}))
    late = percentile([taken for _, taken in parts[1].notes.calls["upload a document"]], 0.99)
    return 1 if late > LIMIT_MS or parts[1].notes.refused else 0


def _others(sampler: Sampler) -> float:
    """Cores that are at work for others, over three seconds."""

    def ours() -> float:
        return sum(sampler.rows[-1]["cpu"].values()) if sampler.rows else 0.0

    def all_() -> float:
        times = psutil.cpu_times()
        return float(times.user + times.system + times.nice)

    before, mine = all_(), ours()
    time.sleep(3)
    return max(0.0, (all_() - before - (ours() - mine)) / 3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=120, help="of the first part; the second takes half as long again")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--share", type=float, default=0.8)
    parser.add_argument("--papers", type=int, default=24, help="different cases that are drawn")
    parser.add_argument("--workers", type=int, default=max(1, min(4, os.cpu_count() or 1)), help="reading workers")
    parser.add_argument("--page", type=Path)
    sys.exit(main(parser.parse_args()))

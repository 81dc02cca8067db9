"""Lists, searches and the clock find what they look for by an index, however much is stored. `make bench-stored` measures it on a million
documents."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from scripted import Script

from config.upkeep import run_schedule
from factories import Person, start, submitted
from flows import counting

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
from stored_rows import Template, multiply, open_up

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
LARGE = ("verifications_verification", "verifications_event", "verifications_auditentry", "documents_document", "decisions_decision")
ON_POSTGRESQL = connection.vendor == "postgresql"


@pytest.fixture
def case(alice: Person, picture: Picture, script: Script) -> dict[str, Any]:
    alice.post("/webhooks", {"url": "https://hooks.example/"})
    return submitted(alice, picture)


@pytest.fixture
def _dear_scans() -> Iterator[None]:
    """On PostgreSQL a scan of a few rows is cheaper than any index: as if there were many, scans and sorts are a last resort."""
    if ON_POSTGRESQL:
        with connection.cursor() as cursor:
            cursor.execute("SET enable_seqscan = off; SET enable_sort = off; SET enable_incremental_sort = off")
    yield
    if ON_POSTGRESQL:
        with connection.cursor() as cursor:
            cursor.execute("RESET enable_seqscan; RESET enable_sort; RESET enable_incremental_sort")


def _plans(ask: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        ask()
    found = []
    with connection.cursor() as cursor:
        for row in asked.captured_queries:
            if row["sql"].startswith("SELECT") and any(f'FROM "{table}"' in row["sql"] for table in LARGE):
                cursor.execute(("EXPLAIN " if ON_POSTGRESQL else "EXPLAIN QUERY PLAN ") + row["sql"])
                limited = "a few of: " if " LIMIT " in row["sql"] else ""
                found.append(limited + row["sql"][:200] + "\n" + "\n".join(str(line[0] if ON_POSTGRESQL else line[3]) for line in cursor.fetchall()))
    return found


def _walks(plan: str) -> bool:
    """Whether it reads a large table from end to end, or sorts all of it to show a few."""
    lines = plan.splitlines()[1:]
    if ON_POSTGRESQL:
        return any("Seq Scan on" in line and any(table in line for table in LARGE) for line in lines)
    scanned = any(line.startswith("SCAN") and any(table in line for table in LARGE) and "USING" not in line for line in lines)
    return scanned or (plan.startswith("a few of: ") and any("TEMP B-TREE FOR ORDER BY" in line for line in lines))


LISTS = [
    "/usps1583/verifications", "/verifications", "/usps1583/verifications?cursor=", "/usps1583/verifications?status=4", "/events", "/events?cursor=",
    "/verifications?external_ref=x", "/verifications?created_from=2026-01-01", "/usps1583/verifications/{case}",
    "/usps1583/verifications/{case}/checks", "/usps1583/documents?verification={case}",
]  # fmt: skip


@pytest.mark.usefixtures("_dear_scans")
def test_lists_walk_an_index_however_much_is_stored(alice: Person, case: dict[str, Any]) -> None:
    only_there = ["/usps1583/documents", "/usps1583/decisions", "/verifications?q=mailbox", "/verifications?tag=none"] if ON_POSTGRESQL else []
    seen = 0
    for path in [*LISTS, *only_there]:
        plans = _plans(lambda path=path: alice.get(path.format(case=case["id"])))  # type: ignore[misc]
        seen += len(plans)
        assert [plan for plan in plans if _walks(plan)] == [], path
    assert seen >= len(LISTS)


def test_a_walk_is_told_from_an_index(case: dict[str, Any]) -> None:
    from verifications.models import Verification

    if not ON_POSTGRESQL:
        assert any(_walks(plan) for plan in _plans(lambda: list(Verification.objects.filter(attempt=7).order_by("attempt"))))
    assert not any(_walks(plan) for plan in _plans(lambda: Verification.objects.get(pk=case["id"])))


@pytest.mark.usefixtures("_dear_scans")
def test_the_clock_looks_for_what_is_due_by_an_index(case: dict[str, Any]) -> None:
    run_schedule(everything=True)
    plans = _plans(lambda: run_schedule(everything=True))
    assert len(plans) >= 10
    unbounded = [plan for plan in plans if _walks(plan) and "TEMP B-TREE" not in plan]
    assert unbounded == []


def test_beyond_a_number_rows_are_estimated_and_pages_still_walk_to_the_end(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "EXACT_UP_TO", 3)
    cases = [start(alice)["id"] for _ in range(8)]
    first = alice.get("/verifications?per_page=3").json()
    if not ON_POSTGRESQL:
        assert (first["meta"]["total"], "total_is_estimated" in first["meta"]) == (8, False)
        return
    assert first["meta"]["total_is_estimated"] is True
    assert first["meta"]["total"] > 3
    shown, page = [], 1
    while rows := alice.get(f"/verifications?per_page=3&page={page}").json()["data"]:
        shown += [row["id"] for row in rows]
        page += 1
    assert shown == cases[::-1]
    few = alice.get("/verifications?status=4").json()["meta"]
    assert (few["total"], "total_is_estimated" in few) == (0, False)


def test_metrics_and_the_admins_lists_count_no_further_than_they_must(alice: Person, case: dict[str, Any], admin_client: Client) -> None:
    paths = ["/metrics", "/admin/verifications/event/", "/admin/verifications/auditentry/", "/admin/verifications/outboxmessage/"]
    for path in paths:
        with CaptureQueriesContext(connection) as asked:
            assert admin_client.get(path).status_code == 200
        counts = [row["sql"] for row in asked.captured_queries if "COUNT(" in row["sql"] and any(f'FROM "{table}"' in row["sql"] for table in LARGE)]
        if ON_POSTGRESQL:
            assert [sql for sql in counts if "LIMIT 3001" not in sql] == [], path
        assert not [row["sql"] for row in asked.captured_queries if row["sql"].startswith("SELECT DISTINCT")], path


def test_copies_of_a_case_are_cases(alice: Person, case: dict[str, Any]) -> None:
    """What `make bench-stored` fills its databases with, on a small scale."""
    if not ON_POSTGRESQL:
        pytest.skip("rows are multiplied inside PostgreSQL")
    template = Template(case["id"], 0)
    multiply(template, 1, 30, spacing=timedelta(days=5))
    opened = open_up(template, range(1, 31))
    assert {row["id"] for row in alice.get("/usps1583/verifications?per_page=100").json()["data"]} == {case["id"], *opened}
    for pk in (opened[29], opened[16]):
        shown = alice.get(f"/usps1583/verifications/{pk}")
        assert shown.status_code == 200
        told = shown.json()["data"]
        assert [entry["status"] for entry in told["documents"]] == [entry["status"] for entry in case["documents"]]
        assert told["expected_data"] == case["expected_data"]
    assert len(alice.get("/usps1583/documents?cursor=&per_page=2").json()["data"]) == 2
    old = alice.get(f"/usps1583/verifications/{opened[1]}").json()["data"]["documents"][0]
    assert old["id"].startswith("doc_0100000002")

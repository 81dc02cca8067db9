"""The queue where row locks and query plans are real: twenty people at once, and a hundred thousand cases. Run by ``tests/test_production.py``."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from scripted import LEASE, Script

from decisions import casework, queue
from decisions.admin_queue import listed
from decisions.apps import REVIEWERS, make_roles
from decisions.models import Assignment, Decision, DecisionStatus, ReviewCase
from decisions.seen import state_of
from documents.models import Document
from factories import Person, start, upload, work_off
from flows.errors import Refused
from verifications.models import AuditEntry, Verification, VerificationStatus

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="on PostgreSQL only: tests/test_production.py runs it there"),
]
Picture = Callable[..., bytes]
QUEUE = "/admin/decisions/reviewcase/"
MANY = 100_000


def person(name: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get_or_create(name=REVIEWERS)[0])
    return user


@pytest.fixture
def roles(db: None) -> None:
    """A test that commits empties the groups, too."""
    Group.objects.all().delete()
    make_roles(apps.get_app_config("decisions"), "default")


@pytest.fixture
def case(alice: Person, picture: Picture, script: Script, roles: None) -> Verification:
    """Three documents, in Double Check."""
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    case = start(alice, external_ref="mailbox-7")
    upload(alice, case, type=1, front=picture(seed=0))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=1))
    upload(alice, case, context="SELFIE", type=61, front=picture(seed=2))
    work_off(twice=False)
    assert alice.post(f"/usps1583/verifications/{case['id']}/submit").status_code == 200
    work_off(twice=False)
    return Verification.objects.select_related("workspace", "flow_version").get(pk=case["id"], status=VerificationStatus.DOUBLE_CHECK)


def crowd(case: Verification, size: int) -> None:
    """``size`` more that wait for a person, a minute apart, beside half as many that are Approved."""
    columns = [field.column for field in Verification._meta.concrete_fields if field.column not in ("id", "submitted_at", "status")]
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO verifications_verification (id, status, submitted_at, {names}) SELECT 'ver_' || n, CASE WHEN n %% 3 = 0 THEN 3 ELSE 5 END,"
            f" now() - n * interval '1 minute', {names} FROM generate_series(1, %s) n, verifications_verification WHERE id = %s",
            [size * 3 // 2, case.pk],
        )
        cursor.execute("ANALYZE verifications_verification")


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    def closing(number: int) -> Any:
        try:
            return act(number)
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(closing, range(count)))


def test_twenty_people_take_twenty_cases(case: Verification) -> None:
    crowd(case, 400)
    people = [person(f"person{number}") for number in range(20)]
    taken = at_once(20, lambda number: queue.claim_next(user=people[number]))
    assert len(set(taken)) == 20
    assert None not in taken
    assert dict(Assignment.objects.values_list("verification_id", "reviewer_id")) == {pk: user.pk for pk, user in zip(taken, people, strict=True)}
    oldest = list(Verification.objects.filter(status=5).order_by("submitted_at", "id").values_list("pk", flat=True)[:20])
    assert set(taken) == set(oldest), "nobody skips a case that nobody has"
    assert AuditEntry.objects.filter(action="case.claimed").count() == 20


def test_one_case_and_twenty_people(case: Verification) -> None:
    people = [person(f"person{number}") for number in range(20)]
    assert Counter(at_once(20, lambda number: queue.claim_next(user=people[number]))) == {case.pk: 1, None: 19}
    Assignment.objects.all().delete()

    def claim(number: int) -> str:
        queue.claim(user=people[number], verification_id=case.pk)
        return "claimed"

    assert Counter(at_once(20, claim)) == {"claimed": 1, "case_claimed": 19}
    assert Assignment.objects.count() == 1


def test_two_who_decide_at_once_make_one_decision(case: Verification) -> None:
    people = [person(f"person{number}") for number in range(20)]
    document, seen = Document.objects.get(verification=case, context="PROOF_OF_ADDRESS"), state_of(case.pk)

    def decide(number: int) -> Any:
        return casework.decide(
            user=people[number], case=case, document_id=document.pk, status=DecisionStatus.REJECTED, reasons=["other"], note="", seen=seen
        )

    answers = Counter(at_once(20, decide))
    assert answers[True] == 1
    assert set(answers) <= {True, "case_claimed", "stale_review"}
    assert Decision.objects.filter(workflow="Manual").count() == 1


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def explained(rows: QuerySet[Any]) -> list[dict[str, Any]]:
    return list(nodes(json.loads(rows.explain(format="json"))[0]["Plan"]))


def test_a_hundred_thousand_cases(case: Verification, alice: Person) -> None:
    marge, client = person("marge"), Client()
    client.force_login(marge)

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    review = f"{QUEUE}{case.pk}/change/"
    queries(review)
    alone = queries(review)
    crowd(case, MANY)
    assert queries(review) == alone
    waits = queue.waiting(marge)
    page = listed(queue.visible(ReviewCase.objects.filter(status=VerificationStatus.DOUBLE_CHECK), marge)).order_by("submitted_at", "id")[:50]
    for rows in (waits[:1], page):
        plan = explained(rows)
        scans = {(node["Node Type"], node.get("Index Name")) for node in plan if node.get("Relation Name") == "verifications_verification"}
        # Where most of all cases wait, walking all of them by time is as good.
        assert scans <= {("Index Scan", "verification_queue"), ("Index Scan", "verification_submitted")}
        assert scans
        assert "Sort" not in {node["Node Type"] for node in plan}

    def seconds(act: Callable[[], Any]) -> float:
        begun = time.perf_counter()
        act()
        return time.perf_counter() - begun

    measured = {
        "review page": min(seconds(lambda: client.get(review)) for _ in range(3)),
        "queue": min(seconds(lambda: client.get(QUEUE)) for _ in range(3)),
        "counts": seconds(lambda: queue.counts(marge)),
        "next case": seconds(lambda: queue.claim_next(user=marge)),
    }
    print({name: f"{1000 * took:.0f} ms" for name, took in measured.items()}, alone, "queries")  # noqa: T201
    assert max(measured.values()) < 1, measured
    assert queue.counts(marge).waiting == MANY + 1

"""Use cases of the review queue: claim a case, take the next one, give it back, assign many; and what the queue counts.

A claim that idles for 30 minutes is free again without anybody doing anything: it is simply no longer counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from decisions.models import Assignment, Opinion
from decisions.reviewers import name_of, sees_protected
from flows.errors import Refused
from flows.models import FlowVersion
from verifications import audit
from verifications.lifecycle import lock_verification
from verifications.models import Verification, VerificationStatus

IDLE = timedelta(minutes=30)
SOON = 0.75


def held(now: datetime) -> Q:
    """Assignments that keep others out: alive, or waiting for the person they were given to."""
    return Q(active_at__isnull=True) | Q(active_at__gt=now - IDLE)


def visible(rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """Verifications without those of people whom a court protects, unless the user may see those."""
    return rows if sees_protected(user) else rows.filter(protected=False)


def waiting(user: Any) -> QuerySet[Verification]:
    """What waits for a person and this one may see, the longest waiting first."""
    rows = Verification.objects.filter(status=VerificationStatus.DOUBLE_CHECK)
    return visible(rows, user).order_by("submitted_at", "id")


@transaction.atomic
def claim_next(*, user: Any) -> str | None:
    """The user's own oldest open case, else the oldest that is free and does not wait for somebody else's second look; None when there is none.
    Two people who ask at once get two cases."""
    return take_next(waiting(user), Worker(name_of(user), user))


@dataclass(frozen=True, slots=True)
class Worker:
    """Who works on a case: a person, or (``user`` None) an API client by its name."""

    name: str
    user: Any = None

    def has(self, assignment: Assignment) -> bool:
        return assignment.reviewer_id == self.user.pk if self.user is not None else assignment.reviewer_id is None and assignment.holder == self.name

    @property
    def own(self) -> Q:
        """Assignments of this one."""
        return Q(reviewer=self.user) if self.user is not None else Q(reviewer__isnull=True, holder=self.name)


def take_next(rows: QuerySet[Verification], worker: Worker) -> str | None:
    """The first of ``rows`` that is the worker's own, else the first that is free for them. The caller has begun the transaction."""
    now = timezone.now()
    own = Exists(Assignment.objects.filter(held(now), worker.own, verification=OuterRef("pk")))
    mine = rows.filter(own).values_list("pk", flat=True).first()
    if mine is not None:
        take(mine, worker, now)
        return mine
    taken = Assignment.objects.filter(held(now), verification=OuterRef("pk"))
    open_opinions = Opinion.objects.filter(closed_at__isnull=True, document__superseded_at__isnull=True)
    first_look = open_opinions.filter(verification=OuterRef("pk"), author=worker.name)
    free = rows.filter(~Exists(taken), ~Exists(first_look))
    while (pk := free.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True).first()) is not None:
        # The lock may have come after another's claim that the query did not see yet: look again now that the row is ours.
        if not Assignment.objects.filter(held(now), verification_id=pk).exists():
            take(pk, worker, now)
            return pk
    return None


@transaction.atomic
def claim(*, user: Any, verification_id: str) -> Assignment:
    """Take a case, or go on with one's own. Raises Refused("case_claimed") when somebody else has it."""
    lock_verification(verification_id)
    return take_this(verification_id, Worker(name_of(user), user))


def take_this(verification_id: str, worker: Worker) -> Assignment:
    """The caller holds the lock. Raises Refused("case_claimed") when somebody else has it."""
    now = timezone.now()
    found = Assignment.objects.filter(held(now), verification_id=verification_id).select_related("reviewer").first()
    if found is not None and not worker.has(found):
        raise Refused("case_claimed", f"Somebody else is working on this case: {found.who}.")
    return take(verification_id, worker, now)


def take(verification_id: str, worker: Worker, now: datetime) -> Assignment:
    before = Assignment.objects.filter(verification_id=verification_id).first()
    if before is not None and worker.has(before) and before.active_at is not None and before.active_at > now - IDLE:
        Assignment.objects.filter(pk=before.pk).update(active_at=now)
        return before
    values = {"reviewer": worker.user, "holder": worker.name, "assigned_by": worker.name, "assigned_at": now, "active_at": now}
    found, _ = Assignment.objects.update_or_create(verification_id=verification_id, defaults=values)
    _record(verification_id, worker.name, "case.claimed")
    return found


def keep_alive(*, user: Any, verification_id: str) -> None:
    """Whoever works on a case does not lose it. Somebody else's claim, or none, is left alone."""
    now = timezone.now()
    own = Assignment.objects.filter(verification_id=verification_id, reviewer=user).filter(held(now))
    own.filter(Q(active_at__isnull=True) | Q(active_at__lt=now - timedelta(minutes=1))).update(active_at=now)


@transaction.atomic
def release(*, user: Any, verification_id: str) -> None:
    """Give a case back. Not one's own: nothing happens."""
    lock_verification(verification_id)
    give_back(verification_id, Worker(name_of(user), user))


def give_back(verification_id: str, worker: Worker) -> None:
    """The caller holds the lock."""
    deleted, _ = Assignment.objects.filter(worker.own, verification_id=verification_id).delete()
    if deleted:
        _record(verification_id, worker.name, "case.released")


@transaction.atomic
def assign(*, user: Any, reviewer: Any, verification_ids: Sequence[str]) -> int:
    """Give cases that wait to ``reviewer``, whoever had them; None frees them. Answers how many; those that were decided meanwhile are left out."""
    now = timezone.now()
    rows = waiting(user).filter(pk__in=verification_ids).order_by("pk").select_for_update(of=("self",))
    found = list(rows.values_list("pk", flat=True))
    Assignment.objects.filter(verification_id__in=found).delete()
    if reviewer is not None:
        given = {"reviewer": reviewer, "holder": name_of(reviewer), "assigned_by": name_of(user), "assigned_at": now}
        Assignment.objects.bulk_create([Assignment(verification_id=pk, **given) for pk in found])
    for pk in found:
        _record(pk, name_of(user), "case.assigned", {"reviewer": name_of(reviewer) if reviewer else ""})
    return len(found)


def _record(verification_id: str, actor: str, action: str, data: dict[str, str] | None = None) -> None:
    workspace = Verification.objects.values_list("workspace_id", flat=True).get(pk=verification_id)
    audit.record(workspace_id=workspace, actor=actor, action=action, subject=verification_id, verification=verification_id, data=data)


@dataclass(frozen=True, slots=True)
class Counts:
    """``late`` have waited longer than their flow's target; ``oldest`` is since when the first one waits."""

    waiting: int
    free: int
    mine: int
    late: int
    oldest: datetime | None


def targets() -> dict[str, int]:
    """By flow, how many hours a case may wait, as its newest version says; one query."""
    newest = FlowVersion.objects.filter(flow=OuterRef("flow")).order_by("-number").values("number")[:1]
    return {row.flow_id: row.definition.review.target_hours for row in FlowVersion.objects.filter(number=Subquery(newest))}


def counts(user: Any) -> Counts:
    """Two queries, whatever waits."""
    now = timezone.now()
    late = Q(pk__in=[])
    for flow, hours in targets().items():
        late |= Q(flow_id=flow, submitted_at__lt=now - timedelta(hours=hours))
    alive = Q(assignment__isnull=False) & (Q(assignment__active_at__isnull=True) | Q(assignment__active_at__gt=now - IDLE))
    found = (
        waiting(user)
        .order_by()
        .aggregate(
            waiting=Count("pk"), taken=Count("pk", filter=alive), mine=Count("pk", filter=alive & Q(assignment__reviewer=user)),
            late=Count("pk", filter=late), oldest=Min("submitted_at"),
        )
    )  # fmt: skip
    return Counts(found["waiting"], found["waiting"] - found["taken"], found["mine"], found["late"], found["oldest"])


def urgency(submitted_at: datetime | None, target_hours: int, now: datetime) -> str:
    """``ok``, ``soon`` from three quarters of the target on, ``late`` past it."""
    if submitted_at is None:
        return "ok"
    share = (now - submitted_at) / timedelta(hours=target_hours)
    return "late" if share > 1 else "soon" if share >= SOON else "ok"

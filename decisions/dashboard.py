"""The day in numbers: volume, outcomes, the queue's age, how machine and people agree, reading times, top reasons, by flow. Shapes are plots' own."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncHour
from django.utils import timezone

from decisions import queue
from decisions.models import Decision, DecisionStatus, Workflow
from decisions.reviewers import sees_protected
from documents.models import Extraction, ExtractionStatus
from verifications.models import Verification, VerificationStatus

WIDTH, BAR = 560, 26
DAYS = 30
MOST_READINGS = 5000
MOST_COMPARED = 1000
_AGES = (("Up to 1 h", 1), ("1–4 h", 4), ("4–24 h", 24), ("1–3 days", 72), ("Longer", None))


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a bar: from ``x``, ``width`` wide, in units of the drawing."""

    name: str
    kind: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    total: int
    y: int
    segments: list[Segment]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """Horizontal bars, with the same numbers as a table for those who cannot see them."""

    title: str
    help: str
    bars: list[Bar]
    legend: list[tuple[str, str]]
    unit: str = ""

    @property
    def height(self) -> int:
        return BAR * len(self.bars)

    @property
    def is_empty(self) -> bool:
        return not any(bar.total for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Column:
    hour: str
    count: int
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Board:
    """``agreement`` in per cent of what the machine had decided and a person decided anew, None where there was nothing."""

    counts: queue.Counts
    created: int
    finished: int
    by_hand: int
    agreement: int | None
    hours: list[Column]
    plots: list[Plot]


def gather(user: Any) -> Board:
    """A constant number of queries."""
    now = timezone.now()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    finished = _finished(user, today)
    pairs = _machine_and_person(user, now - timedelta(days=DAYS))
    hours = _hours(user, today)
    return Board(
        counts=queue.counts(user),
        created=sum(column.count for column in hours),
        finished=sum(count for _, _, count in finished),
        by_hand=_decisions(user).filter(workflow=Workflow.MANUAL, created_at__gte=today).count(),
        agreement=_agreement(pairs),
        hours=hours,
        plots=[_ages(user, now), _outcomes(finished), _agreements(pairs), _reasons(user, now - timedelta(days=7)), _reading(user, today)],
    )


def _cases(user: Any) -> QuerySet[Verification]:
    return queue.visible(Verification.objects.all(), user)


def _decisions(user: Any) -> QuerySet[Decision]:
    return Decision.objects.all() if sees_protected(user) else Decision.objects.filter(verification__protected=False)


def _hours(user: Any, today: datetime) -> list[Column]:
    rows = _cases(user).filter(created_at__gte=today).annotate(hour=TruncHour("created_at")).values("hour").annotate(total=Count("pk")).order_by()
    found = {row["hour"].hour: row["total"] for row in rows}
    most = max(found.values(), default=0) or 1
    return [Column(f"{hour:02}", n := found.get(hour, 0), hour * 24 + 3, 100 - 90 * n / most, 90 * n / most) for hour in range(24)]


def _ages(user: Any, now: datetime) -> Plot:
    bounds, filters, newer = [], {}, None
    for number, (label, hours) in enumerate(_AGES):
        older = now - timedelta(hours=hours) if hours else None
        where = Q(submitted_at__gt=older) if older else Q()
        filters[f"age{number}"] = Count("pk", filter=where & (Q(submitted_at__lte=newer) if newer else Q()))
        bounds.append(label)
        newer = older
    found = queue.waiting(user).order_by().aggregate(**filters)
    kinds = ("ok", "ok", "soon", "late", "late")
    rows = [(label, [("Waiting", kinds[number], found[f"age{number}"])]) for number, label in enumerate(bounds)]
    return _plot("How long cases wait", "Cases in Double check by age, now.", rows, [])


def _finished(user: Any, today: datetime) -> list[tuple[str, int, int]]:
    rows = _cases(user).filter(finished_at__gte=today).values_list("flow__name", "status").annotate(total=Count("pk")).order_by("flow__name")
    return [(str(flow), int(status), int(total)) for flow, status, total in rows]


def _outcomes(finished: Sequence[tuple[str, int, int]]) -> Plot:
    kinds = {VerificationStatus.APPROVED: "ok", VerificationStatus.REJECTED: "late"}
    by_flow: dict[str, dict[int, int]] = {}
    for flow, status, total in finished:
        by_flow.setdefault(flow, {})[status] = total
    rows = [
        (flow, [(VerificationStatus(status).label, kinds.get(VerificationStatus(status), "soon"), total) for status, total in sorted(found.items())])
        for flow, found in by_flow.items()
    ]
    return _plot("Outcomes by flow", "Verifications finished today.", rows, [("ok", "Approved"), ("late", "Rejected"), ("soon", "Other")])


def _machine_and_person(user: Any, since: datetime) -> list[tuple[int, int, int]]:
    """Of documents that people decided: what the machine had decided before, what they decided, how many."""
    machine = Decision.objects.filter(document=OuterRef("document"), workflow=Workflow.AUTOMATIC, created_at__lte=OuterRef("created_at"))
    by_hand = _decisions(user).filter(workflow=Workflow.MANUAL, created_at__gte=since, status__in=[DecisionStatus.APPROVED, DecisionStatus.REJECTED])
    newest = by_hand.order_by("-created_at")[:MOST_COMPARED]
    rows = newest.annotate(machine=Subquery(machine.order_by("-created_at", "-id").values("status")[:1])).values_list("machine", "status")
    found = Counter((before, after) for before, after in rows if before is not None)
    return [(before, after, total) for (before, after), total in sorted(found.items())]


def _agreement(pairs: Iterable[tuple[int, int, int]]) -> int | None:
    sure = [entry for entry in pairs if entry[0] != DecisionStatus.DOUBLE_CHECK]
    total = sum(count for _, _, count in sure)
    return round(100 * sum(count for before, after, count in sure if before == after) / total) if total else None


def _agreements(pairs: Sequence[tuple[int, int, int]]) -> Plot:
    kinds = {DecisionStatus.APPROVED: "ok", DecisionStatus.REJECTED: "late"}
    rows = []
    for machine in DecisionStatus:
        parts = [(DecisionStatus(after).label, kinds[DecisionStatus(after)], total) for before, after, total in pairs if before == machine]
        rows.append((f"Machine: {machine.label}", sorted(parts, key=lambda part: part[1] != "ok")))
    help_text = f"What people decided in the last {DAYS} days, {MOST_COMPARED} decisions at the most, by what the machine had said."
    return _plot("Machine and people", help_text, rows, [("ok", "A person approved"), ("late", "A person rejected")])


def _reasons(user: Any, since: datetime) -> Plot:
    rows = _decisions(user).filter(created_at__gte=since).exclude(reason_code="").values_list("reason_code").annotate(total=Count("pk"))
    top = list(rows.order_by("-total", "reason_code")[:8])
    return _plot(
        "Top reasons", "First reasons of decisions in the last 7 days.", [(_words(code), [("Decisions", "plain", n)]) for code, n in top], []
    )


def _words(code: str) -> str:
    return str(code).replace("_", " ").capitalize()


def _reading(user: Any, today: datetime) -> Plot:
    done = Extraction.objects.filter(status=ExtractionStatus.COMPLETED, created_at__gte=today, duration_ms__isnull=False)
    if not sees_protected(user):
        done = done.filter(document__verification__protected=False)
    taken: dict[str, list[int]] = {}
    for kind, duration in done.order_by("-created_at").values_list("kind", "duration_ms")[:MOST_READINGS]:
        taken.setdefault(str(kind), []).append(int(duration or 0))
    rows = [(f"{kind}, {name}", [("Milliseconds", "plain", of(found))]) for kind, found in sorted(taken.items()) for name, of in _MEASURES.items()]
    return _plot("Reading seconds", "Today, by reader: median and 95th percentile.", rows, [], unit="s")


def _percentile(values: Sequence[int], share: float) -> int:
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


_MEASURES: Mapping[str, Any] = {"median": lambda found: _percentile(found, 0.5), "95 %": lambda found: _percentile(found, 0.95)}


def _plot(title: str, help_text: str, rows: Sequence[tuple[str, list[tuple[str, str, int]]]], legend: list[tuple[str, str]], unit: str = "") -> Plot:
    most = max((sum(count for _, _, count in parts) for _, parts in rows), default=0) or 1
    bars = []
    for number, (label, parts) in enumerate(rows):
        x, segments = 0.0, []
        for name, kind, count in parts:
            width = WIDTH * count / most
            segments.append(Segment(name, kind, count, round(x, 1), round(width, 1)))
            x += width
        total = sum(count for _, _, count in parts)
        bars.append(Bar(label, total, BAR * number, segments, f"{total / 1000:.2f} s" if unit == "s" else str(total)))
    return Plot(title, help_text, bars, legend, unit)

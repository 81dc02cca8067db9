"""``manage.py backtest --flow usps1583 --rules FILE``: what other thresholds would have made of the verifications that were judged."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.checks import flow_messages
from decisions.models import DecisionStatus
from decisions.replay import Backtested, backtest, changed_definition, judged_verifications
from flows.definition import FlowDefinition, InvalidFlow
from flows.models import Flow
from flows.services import current_version

HEAD = ("verification", "document", "before", "after", "rules that differ")


class Command(BaseCommand):
    help = "Judge stored verifications by changed rules and show which outcomes would differ. Nothing is written."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--flow", required=True, help="the flow's slug")
        parser.add_argument("--rules", required=True, metavar="FILE", help="YAML: {rule: {threshold: value}}, or a whole flow file")
        parser.add_argument("--workspace", help="only this workspace's, by its slug")
        parser.add_argument("--limit", type=int, help="only so many, newest first")
        parser.add_argument("--json", action="store_true", help="one JSON object per verification that differs")

    def handle(self, *args: Any, **options: Any) -> None:
        flow = Flow.objects.filter(slug=options["flow"]).first()
        if flow is None:
            raise CommandError(f"There is no flow {options['flow']}.")
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit: expected 1 or more.")
        now = current_version(flow).definition
        changed = _changed(now, options["rules"])
        rows = judged_verifications(flow.slug, workspace=options["workspace"])
        total = min(rows.count(), options["limit"] or sys.maxsize)
        found = list(self._followed(backtest(rows, now, changed, limit=options["limit"]), total))
        different = [entry for entry in found if entry.documents]
        if options["json"]:
            self.stdout.writelines(json.dumps(asdict(entry)) + "\n" for entry in different)
            return
        for line in (*_table(different), *_summary(found, different)):
            self.stdout.write(line)

    def _followed(self, found: Iterator[Backtested], total: int) -> Iterator[Backtested]:
        """Passes ``found`` on and tells on stderr how far it is, about twenty times."""
        step = max(1, total // 20)
        for number, entry in enumerate(found, 1):
            if number % step == 0 or number == total:
                self.stderr.write(f"{number} of {total}", ending="\r" if self.stderr.isatty() and number < total else "\n")
            yield entry


def _changed(now: FlowDefinition, name: str) -> FlowDefinition:
    try:
        content = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
        if not isinstance(content, Mapping):
            raise InvalidFlow("expected a mapping of rules")
        changed = changed_definition(now, content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, InvalidFlow) as error:
        raise CommandError(f"{name}: {error}") from error
    if changed.slug != now.slug:
        raise CommandError(f"{name}: this is the flow {changed.slug}, not {now.slug}.")
    if messages := [str(message.msg) for message in flow_messages(changed)]:
        raise CommandError("\n".join(f"{name}: {message}" for message in messages))
    return changed


def _label(status: int) -> str:
    return str(DecisionStatus(status).label)


def _table(different: Sequence[Backtested]) -> Iterator[str]:
    lines = [line for entry in different for line in _lines(entry)]
    if not lines:
        return
    widths = [max(len(row[column]) for row in (HEAD, *lines)) for column in range(len(HEAD))]
    for row in (HEAD, tuple("-" * width for width in widths), *lines):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""


def _lines(entry: Backtested) -> Iterator[tuple[str, ...]]:
    """The verification, and below it its documents."""
    yield entry.verification, "", _label(entry.before), _label(entry.after), ""
    for document in entry.documents:
        rules = ", ".join(f"{rule.rule} {rule.before or '–'} → {rule.after or '–'}" for rule in document.rules)
        yield "", document.type_name, _label(document.before), _label(document.after), rules


def _summary(found: Sequence[Backtested], different: Sequence[Backtested]) -> Iterator[str]:
    moved = Counter((entry.before, entry.after) for entry in different if entry.before != entry.after)
    yield f"{len(found)} verifications judged, {sum(moved.values())} with another outcome, {len(different)} with any difference."
    yield from _moves(moved)
    rules = Counter(rule.rule for entry in different for document in entry.documents for rule in document.rules)
    yield from (f"  {rule}: {count} times" for rule, count in rules.most_common())


def _moves(moved: Mapping[tuple[int, int], int]) -> Iterable[str]:
    return [f"  {_label(before)} → {_label(after)}: {count}" for (before, after), count in sorted(moved.items())]

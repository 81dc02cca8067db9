"""How much of a case is in doubt, in one number, from the rules' results alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from decisions.shown import ShownCheck

FAILED, IN_DOUBT, MOST = 40, 15, 100


@dataclass(frozen=True, slots=True)
class Risk:
    """``score`` 0..100: each failed rule counts 40, each in doubt 15. ``level`` is ``high`` where a rule failed, ``medium`` where one is in doubt."""

    score: int
    level: str
    signals: tuple[ShownCheck, ...]


def risk_of(checks: Sequence[ShownCheck]) -> Risk:
    signals = tuple(check for check in checks if check.outcome in ("error", "warning"))
    failed = sum(check.outcome == "error" for check in signals)
    score = min(MOST, failed * FAILED + (len(signals) - failed) * IN_DOUBT)
    return Risk(score, "high" if failed else "medium" if signals else "low", signals)

"""Pages of a contract, line by line: what a line says, and what must hold for it to be so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

Check = Callable[[Any], None]


class Page:
    """``line(words)`` decorates the function that holds one printed line against a world; ``cases`` are for ``parametrize``."""

    def __init__(self) -> None:
        self._lines: dict[str, Check] = {}

    def line(self, words: str) -> Callable[[Check], Check]:
        def note(check: Check) -> Check:
            assert words not in self._lines, words
            self._lines[words] = check
            return check

        return note

    def says(self, words: str, holds: Callable[[Any], bool]) -> None:
        def check(world: Any) -> None:
            assert holds(world), words

        self.line(words)(check)

    def members(self, place: str, body_of: Callable[[Any], Mapping[str, Any]], printed: Mapping[str, Callable[[Any], bool]]) -> None:
        """A line for each member of a body."""
        for name, fits in printed.items():
            self._member(f"{place}: {name}", body_of, name, fits)

    def _member(self, words: str, body_of: Callable[[Any], Mapping[str, Any]], name: str, fits: Callable[[Any], bool]) -> None:
        def check(world: Any) -> None:
            body = body_of(world)
            assert name in body, sorted(body)
            assert fits(body[name]), body[name]

        self.line(words)(check)

    @property
    def cases(self) -> Any:
        return pytest.mark.parametrize("check", list(self._lines.values()), ids=list(self._lines))


def is_time(value: Any) -> bool:
    """ISO 8601 in UTC with a Z."""
    return isinstance(value, str) and value.endswith("Z") and datetime.fromisoformat(value).utcoffset() is not None


def like(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def either(*fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: any(fit(value) for fit in fits)


def is_null(value: Any) -> bool:
    return value is None

"""Numbers of documents are shown by their last characters until somebody asks for them (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

SHORTEST = 4
_PLAIN = re.compile(r"[^0-9A-Za-z]")


def is_number(path: str) -> bool:
    """Whether the field holds a number by which somebody could use the document."""
    return path == "number" or path.endswith((".number", "_number"))


def masked(value: str) -> str:
    """``D1234567`` → ``••••4567``: four characters of eight or more, two of a shorter one."""
    bare = _PLAIN.sub("", value)
    return f"••••{bare[-4:] if len(bare) >= 8 else bare[-2:] if len(bare) >= SHORTEST else ''}" if bare else ""


@dataclass(frozen=True)
class Mask:
    """Hides every number of ``numbers`` wherever it stands in a text, also with spaces, dashes or fillers between its characters."""

    numbers: frozenset[str]

    @classmethod
    def of(cls, values: Iterable[str]) -> Mask:
        bare = (_PLAIN.sub("", value) for value in values)
        return cls(frozenset(value for value in bare if len(value) >= SHORTEST))

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        ordered = sorted(self.numbers, key=lambda value: (-len(value), value))
        parts = [r"[\W_]*".join(map(re.escape, value)) for value in ordered]
        return re.compile("|".join(parts), re.I) if parts else None

    def text(self, value: str) -> str:
        return self._pattern.sub(lambda found: masked(found.group()), value) if self._pattern else value

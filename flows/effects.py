"""One change, one commit: what a request changes and what is remembered of it are written together or not at all.

A service that does slow work before its transaction opens that transaction with ``effect()``. Alone this is ``transaction.atomic()``. Inside a
``Unit`` the change stays open until the unit is committed, so that the front desk can write the answer beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from types import TracebackType

from django.db import connection, transaction


class Unit:
    """The transaction of one request, begun when the change begins. ``before`` is called first thing inside it and may refuse."""

    def __init__(self, before: Callable[[], None] | None = None) -> None:
        self._before = before
        self._stack = ExitStack()
        self._begun = False

    def begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        self._stack.enter_context(transaction.atomic())
        if self._before is not None:
            self._before()

    def commit(self) -> None:
        self._stack.close()

    def __enter__(self) -> Unit:
        self._token = _current.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _current.reset(self._token)
        self._stack.__exit__(kind, error, trace)


_current: ContextVar[Unit | None] = ContextVar("unit", default=None)


@contextmanager
def effect() -> Iterator[None]:
    """``transaction.atomic()`` that joins the running unit, if there is one."""
    unit = _current.get()
    if unit is not None:
        unit.begin()
    with transaction.atomic():
        yield


@contextmanager
def light_atomic() -> Iterator[None]:
    """A transaction that may be lost with the machine's power, though not with the process: nobody waits for the disk. For what is worth
    nothing without a later commit, which in the database's log cannot survive it."""
    vendor, alone = connection.vendor, not connection.in_atomic_block
    if vendor == "sqlite" and alone:
        _execute("PRAGMA synchronous=NORMAL")
    try:
        with transaction.atomic():
            if vendor == "postgresql" and alone:
                _execute("SET LOCAL synchronous_commit TO OFF")
            yield
    finally:
        if vendor == "sqlite" and alone:
            _execute("PRAGMA synchronous=FULL")


@contextmanager
def modest() -> Iterator[None]:
    """For questions to which the answer is mostly "nothing": PostgreSQL starts no parallel processes, which would take longer than the question."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            _execute("SET LOCAL max_parallel_workers_per_gather TO 0")
        yield


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)

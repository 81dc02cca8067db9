"""Many at once: the same act in as many threads, each with a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections

from flows.errors import Refused


def at_once(acts: list[Callable[[], str | None]]) -> list[str | None]:
    """What each said; a refusal by its code."""
    told: list[str | None] = []
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], str | None]) -> None:
        try:
            barrier.wait(30)
            told.append(act())
        except Refused as refusal:
            told.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return told

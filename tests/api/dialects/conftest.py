"""What the pages of the contracts are held against: one world per page, made once and rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from receiving import Receiver

from flows import catalogue
from flows.services import publish_flow
from verifications import destinations


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """``World(patch)`` of the test's module, in a transaction of its own; what a line changes is undone after it."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        begun = transaction.atomic()
        begun.__enter__()
        try:
            for definition in catalogue.definitions():
                publish_flow(definition=definition)
            yield request.module.World(patch)
        finally:
            transaction.set_rollback(True)
            begun.__exit__(None, None, None)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    found = Receiver()
    monkeypatch.setattr(destinations, "post", found.post)
    return found

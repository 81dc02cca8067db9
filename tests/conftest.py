"""What every test may ask for: three people, a client that speaks as them, and the outbox worked off in place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from codes import CONTRACT, OUTSIDE_THE_API, WITHOUT_AN_ENDPOINT
from django.core.cache import cache
from django.db import connection
from scripted import Script

import templates
from config.api import errors
from factories import Person, drawn, make_person
from flows import catalogue, datakeys
from flows.errors import Refused
from flows.services import publish_flow
from verifications import append_only

# A busy machine is no bug: how long an example takes is the benchmark's business.
hypothesis.settings.register_profile("steady", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("steady")

templates.open_shop()

ANSWERED: set[str] = set()
DEFINITIONS = tuple(catalogue.definitions())
_body_of = errors.body_of


def _noted(refusal: Refused) -> dict[str, Any]:
    ANSWERED.add(refusal.code)
    return _body_of(refusal)


errors.body_of = _noted


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """What a process of pytest-xdist was answered."""
    ANSWERED.update(getattr(node, "workeroutput", {}).get("codes", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Every code of the contract was answered, and no other; the first holds for a whole run only."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["codes"] = sorted(ANSWERED)
        return
    options = session.config.option
    whole = session.config.args_source.name == "TESTPATHS" and not (options.keyword or options.markexpr or options.collectonly)
    missing = CONTRACT - WITHOUT_AN_ENDPOINT - ANSWERED if whole and session.exitstatus == 0 else set()
    strange = ANSWERED - CONTRACT - OUTSIDE_THE_API
    if missing or strange:
        print(f"\nCodes that no test was answered: {sorted(missing)}; codes outside the contract: {sorted(strange)}")  # noqa: T201
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _clean_cache() -> None:
    cache.clear()
    datakeys.forget()


@pytest.fixture
def flows(db: None) -> None:
    for definition in DEFINITIONS:
        publish_flow(definition=definition)


@pytest.fixture
def alice(flows: None) -> Person:
    """Owner of a workspace; her token may do everything."""
    return make_person("alice", workspace="wonder")


@pytest.fixture
def bob(flows: None) -> Person:
    """In Alice's workspace, but his token may only read."""
    return make_person("bob", workspace="wonder", scopes=["verifications:read", "documents:read", "decisions:read", "flows:read"])


@pytest.fixture
def charlie(flows: None) -> Person:
    """In another workspace, with every scope there."""
    return make_person("charlie", workspace="factory")


@pytest.fixture
def picture() -> Callable[..., bytes]:
    return drawn


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Documents are read by a script instead of engines."""
    scripted = Script()
    monkeypatch.setattr("documents.reading.read", scripted.read)
    return scripted


@pytest.fixture
def racing() -> None:
    """For tests of threads that write at once: SQLite in memory refuses the second at once instead of letting it wait, as a file does."""
    if connection.vendor == "sqlite" and "memory" in str(connection.settings_dict["NAME"]):
        pytest.skip("on a SQLite file or PostgreSQL only: tests/test_production.py runs it on both")


@pytest.fixture
def emptied(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """For tests that commit: they are followed by emptying the tables, those that only grow, too. Comes before the database's own fixtures."""
    with django_db_blocker.unblock():
        append_only.remove(connection)
    yield
    with django_db_blocker.unblock():
        append_only.install(connection)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "TEST_DATABASE_URL" in os.environ:
        # Another database is what is asked about: what asks none would only say again what it says without.
        asked_of_none = [
            item for item in items if not {"db", "transactional_db"} & set(getattr(item, "fixturenames", ())) and not _uses_the_database(item)
        ]
        items[:] = [item for item in items if item not in asked_of_none]
        config.hook.pytest_deselected(items=asked_of_none)
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker and marker.kwargs.get("transaction") and isinstance(item, pytest.Function):
            item.fixturenames.insert(0, "emptied")
    # What waits for processes and servers of its own begins first, so that no worker is left alone with it in the end.
    items.sort(key=lambda item: (_uses_the_database(item) or item.get_closest_marker("service") is None, "test_production" not in item.nodeid))


def _uses_the_database(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None or "db" in getattr(item, "fixturenames", ())

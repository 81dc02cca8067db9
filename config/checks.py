"""`manage.py check` proves the wiring: flows name real types and rules, routes name real events and actors, production has no unsafe setting."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import dramatiq
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.module_loading import import_string

from config import pipeline
from decisions.rules import registry
from documents.models import Document
from documents.types import DOCUMENT_TYPES
from flows import catalogue
from flows.definition import FlowDefinition, InvalidFlow
from verifications.events import EVENTS
from verifications.models import Verification


@register()
def check_flows(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    try:
        definitions = list(catalogue.definitions())
    except InvalidFlow as error:
        return [Error(str(error), id="vouchbox.E001")]
    return [message for definition in definitions for message in flow_messages(definition)]


def flow_messages(definition: FlowDefinition) -> Iterator[CheckMessage]:
    """What is wrong with one flow's names."""
    for entry in definition.document_types:
        kind = DOCUMENT_TYPES.get(entry.id)
        if kind is None:
            yield Error(f"{definition.slug}: document type {entry.id} is not in documents/types.py", id="vouchbox.E002")
        elif kind.context not in definition.contexts:
            yield Error(f"{definition.slug}: document type {entry.id} is for {kind.context}, which the flow does not ask for", id="vouchbox.E003")
    known = registry.load()
    for name in definition.rules:
        rule = known.get(name)
        if rule is None:
            yield Error(f"{definition.slug}: there is no rule {name}", hint=f"Known: {', '.join(sorted(known))}", id="vouchbox.E004")
        elif unknown := sorted(set(definition.thresholds(name)) - set(rule.defaults)):
            yield Error(f"{definition.slug}: rule {name} has no threshold {', '.join(unknown)}", id="vouchbox.E005")


@register()
def check_pipeline(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    for event, actors in pipeline.ROUTES.items():
        if event not in EVENTS:
            messages.append(Error(f"ROUTES names an event that is not in the catalogue: {event}", id="vouchbox.E010"))
        for name in actors:
            messages += _actor_messages(name)
    for name in pipeline.PUBLIC_ROUTES:
        messages += _actor_messages(name)
    messages += [
        Error(f"AT_ONCE names an event that is not in the catalogue: {event}", id="vouchbox.E010")
        for event in pipeline.AT_ONCE
        if event not in EVENTS
    ]
    for name in [*pipeline.SCHEDULE, *pipeline.CALLBACKS.values(), *(name for names in pipeline.AT_ONCE.values() for name in names)]:
        if not callable(_resolved(name)):
            messages.append(Error(f"SCHEDULE, CALLBACKS or AT_ONCE names what is not there: {name}", id="vouchbox.E012"))
    return messages


def _actor_messages(name: str) -> Iterator[CheckMessage]:
    actor = _resolved(name)
    if not isinstance(actor, dramatiq.Actor):
        yield Error(f"ROUTES names what is no actor: {name}", id="vouchbox.E011")
    elif actor.queue_name not in pipeline.QUEUES:
        yield Error(f"{name} works on a queue that nobody serves: {actor.queue_name}", id="vouchbox.E013")


def _resolved(name: str) -> Any:
    try:
        return import_string(name)
    except ImportError:
        return None


@register()
def check_events(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    moves = {(move, kind.name) for kind in EVENTS.values() for move in kind.moves}
    known = {"verification": Verification, "document": Document}
    return [
        Error(f"Event {event} is caused by a move that does not exist: {move}", id="vouchbox.E014")
        for move, event in sorted(moves)
        if not hasattr(getattr(known.get(move.partition(".")[0]), move.partition(".")[2], None), "_django_fsm")
    ]


@register()
def check_keys(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    if not settings.KEY_WRAPPER:
        return []
    wrapper = _resolved(settings.KEY_WRAPPER)
    if all(hasattr(wrapper, name) for name in ("key_id", "wrap", "unwrap")):
        return []
    return [Error("KEY_WRAPPER: expected a class with key_id, wrap and unwrap that can be imported", id="vouchbox.E015")]


@register()
def check_sqlite(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Requests are counted by INSERT … RETURNING."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3") and sqlite3.sqlite_version_info < (3, 35):
        return [Error(f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or newer is needed.", id="vouchbox.E022")]
    return []


@register(Tags.security, deploy=True)
def check_production(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if settings.IS_LOCAL:
        return messages
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        messages.append(Warning("SQLite serves one machine; set DATABASE_URL to PostgreSQL for more.", id="vouchbox.W020"))
    if not settings.PUBLIC_URL.startswith("https://"):
        messages.append(Error("PUBLIC_URL must be https:// where others than localhost are served.", id="vouchbox.E021"))
    return messages

"""Traces: one upload is one trace from the request to the reading process, with nothing of a person in it; off, nothing of it is there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from scripted import Script

from documents import reading
from documents.extraction import Job
from documents.sandbox.parent import Answer, ReadingFailed
from factories import Person, start, upload, work_off
from flows import spans
from verifications.models import OutboxMessage

ROOT = Path(__file__).resolve().parent.parent
Picture = Callable[..., bytes]
CANARY = "Zyxwvut"


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    spans.configure(processor=SimpleSpanProcessor(exporter), service="test")
    yield exporter
    spans.switch_off()


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """In the place of the reading process: answers as a script does. ``failing`` is raised instead."""
    script = Script()
    script.fields["PROOF_OF_ADDRESS"] = {**script.fields["PROOF_OF_ADDRESS"], "person.surname": CANARY}
    held = SimpleNamespace(failing=None, jobs={})

    def read(order: dict[str, Any], blobs: list[bytes]) -> Answer:
        if held.failing is not None:
            raise held.failing
        found = script.read(held.job)
        return Answer(found.reading, list(found.renditions.values()), found.faces, 0)

    def remember(job: Job) -> None:
        held.job = job

    monkeypatch.setattr(reading, "_partner", remember)
    monkeypatch.setattr(reading, "sandbox", lambda: SimpleNamespace(read=read))
    return held


def _by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {one.name: one for one in exporter.get_finished_spans()}


def _all_words(exporter: InMemorySpanExporter) -> str:
    return " ".join(one.to_json() for one in exporter.get_finished_spans())


@pytest.mark.django_db
def test_one_upload_is_one_trace_with_nothing_of_a_person_in_it(
    alice: Person, picture: Picture, exported: InMemorySpanExporter, sandbox: SimpleNamespace
) -> None:
    case = start(alice, "address", expected_data={"person": {"first_name": "Homer", "last_name": CANARY}}, external_ref=CANARY, tags=[CANARY])
    exported.clear()
    upload(alice, case, "address", context="PROOF_OF_ADDRESS", type=24, front=picture())
    work_off(twice=False)
    found = _by_name(exported)
    request, actor = found["POST api/v1/<flow:flow>/documents"], found["documents.actors.extract_document"]
    process, reader = found["reading process"], found["reader ocr"]
    judged = found["decisions.actors.judge_verification"]
    chain = [(actor, request), (process, actor), (reader, process), (judged, actor)]
    for one, parent in chain:
        assert one.parent is not None
        assert one.parent.span_id == parent.context.span_id, one.name
    assert {one.context.trace_id for one in found.values()} == {request.context.trace_id}
    assert request.attributes["http.response.status_code"] == 201  # type: ignore[index]
    assert actor.attributes["vouchbox.queue"] == "reading"  # type: ignore[index]
    assert actor.attributes["vouchbox.waited"] >= 0  # type: ignore[index, operator]
    assert reader.end_time - reader.start_time == 5_000_000  # type: ignore[operator]
    words = _all_words(exported)
    assert CANARY.lower() not in words.lower()
    assert alice.secret not in words
    assert "Evergreen" not in words


@pytest.mark.django_db
def test_trouble_is_told_by_its_type(alice: Person, picture: Picture, exported: InMemorySpanExporter, sandbox: SimpleNamespace) -> None:
    sandbox.failing = ReadingFailed(f"the surname {CANARY}")
    upload(alice, start(alice, "address"), "address", context="PROOF_OF_ADDRESS", type=24, front=picture())
    work_off(twice=False)
    attempts = [one for one in exported.get_finished_spans() if one.name == "documents.actors.extract_document"]
    assert [one.attributes["vouchbox.attempt"] for one in attempts] == [1, 2, 3, 4]  # type: ignore[index]
    assert {one.attributes["error.type"] for one in attempts} == {"ReadingFailed"}  # type: ignore[index]
    assert CANARY not in _all_words(exported)


@pytest.mark.django_db
def test_a_clients_trace_is_taken_up_and_nonsense_is_not(alice: Person, exported: InMemorySpanExporter) -> None:
    theirs = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    alice.get("/flows", traceparent=theirs)
    alice.get("/flows", traceparent=f"00-{'0' * 32}-{CANARY}")
    alice.get("/nothing/at/all")
    first, second, third = exported.get_finished_spans()
    assert f"{first.context.trace_id:032x}" == theirs[3:35]
    assert second.parent is None
    assert third.attributes["http.response.status_code"] == 404  # type: ignore[index]
    assert CANARY not in _all_words(exported)


@pytest.mark.django_db
def test_off_nothing_is_kept_and_nothing_is_loaded(alice: Person) -> None:
    start(alice)
    assert set(OutboxMessage.objects.values_list("trace", flat=True)) <= {""}
    with spans.span("nothing") as one:
        assert one is None
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings_test'; import django; django.setup(); import config.urls;"
        "print(sorted(name for name in sys.modules if name.startswith('opentelemetry')))"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=clean, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_the_library_the_start_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['opentelemetry.exporter'] = None; import config.settings"
    clean = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "vouchbox[otel]" in done.stderr

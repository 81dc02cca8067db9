"""The reading process: what it answers, what it never gets, and that whatever a document does to it costs a worker nothing but time."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scripted import Script

from documents import reading
from documents.models import Document, DocumentStatus
from documents.sandbox import wire
from documents.sandbox.parent import Answer, Limits, ReadingFailed, ReadingKilled, Sandbox
from documents.specimens import draw
from documents.types import DOCUMENT_TYPES
from factories import Person, start, upload, work_off
from flows.errors import Refused
from verifications.models import OutboxMessage

ROOT = Path(__file__).resolve().parent.parent.parent
FAULTS = str(ROOT / "tests" / "faults")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", FAULTS)
        patch.setenv("SECRET_KEY", "never-in-the-child")
        made = Sandbox(ocr="rapidocr", faces="dlib", limits=Limits(seconds=20, memory_mb=2048))
        made.start()
        yield made
        made.close()


def _poison(word: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 120), "white").save(buffer, "JPEG", comment=word.encode())
    return buffer.getvalue()


def _ask(sandbox: Sandbox, image: bytes, **changes: Any) -> Answer:
    order = {"sides": ["front"], "type": 1, "country": "USA", "kinds": None, "max_pixels": 50_000_000, "partner": None}
    return sandbox.read(order | changes, [image])


@pytest.mark.engine
def test_it_answers_what_a_reading_in_this_process_answers(sandbox: Sandbox) -> None:
    image = draw("passport", seed=7).jpeg("front")
    apart, here = _ask(sandbox, image).reading, reading.read_sides({"front": image}, DOCUMENT_TYPES[1], "USA")
    assert apart.fields == here.fields
    parts = ("mrz", "barcodes", "aamva", "classified", "text", "faces", "quality")
    assert [getattr(apart, name) for name in parts] == json.loads(json.dumps([getattr(here, name) for name in parts], default=wire._plain))
    assert [(run.kind, run.engine, run.fields) for run in apart.runs] == [(run.kind, run.engine, run.fields) for run in here.runs]
    assert [(page.side, page.number, page.width, page.height) for page in apart.pages] == [
        (page.side, page.number, page.width, page.height) for page in here.pages
    ]


@pytest.mark.engine
def test_pages_come_back_as_pictures_and_two_faces_as_a_comparison(sandbox: Sandbox) -> None:
    order = {
        "sides": ["front"], "type": 1, "country": "USA", "kinds": ["face"], "max_pixels": 50_000_000,
        "partner": {"type": 61, "country": "USA"},
    }  # fmt: skip
    answer = sandbox.read(order, [draw(kind, seed=7).jpeg("front") for kind in ("passport", "selfie")])
    assert [Image.open(io.BytesIO(data)).format for data in answer.renditions] == ["JPEG"]
    assert answer.faces is not None
    assert (answer.faces.engine, answer.faces.level) == ("dlib", "strong")


@pytest.mark.engine
@pytest.mark.parametrize("word", ["POISON-CRASH", "POISON-MEMORY"])
def test_a_document_that_ends_native_code_ends_the_child_alone(sandbox: Sandbox, word: str) -> None:
    sandbox.start()
    before = sandbox.pid
    with pytest.raises(ReadingKilled):
        _ask(sandbox, _poison(word))
    assert _ask(sandbox, _poison("harmless")).reading.pages
    assert sandbox.pid != before


@pytest.mark.engine
def test_a_document_that_hangs_native_code_is_killed_in_time(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.start()
    hung = sandbox.pid
    monkeypatch.setattr(sandbox, "_limits", Limits(seconds=1, memory_mb=2048))
    begun = time.monotonic()
    with pytest.raises(ReadingKilled, match="TimeoutError"):
        _ask(sandbox, _poison("POISON-HANG"))
    assert time.monotonic() - begun < 5
    assert hung is not None
    assert not psutil.pid_exists(hung)


@pytest.mark.engine
def test_a_child_that_somebody_killed_between_two_documents_costs_no_attempt(sandbox: Sandbox) -> None:
    sandbox.start()
    assert sandbox.pid is not None
    psutil.Process(sandbox.pid).kill()
    time.sleep(0.2)
    assert _ask(sandbox, _poison("harmless")).reading.pages


@pytest.mark.engine
def test_refusals_come_back_as_they_are(sandbox: Sandbox) -> None:
    with pytest.raises(Refused) as refused:
        _ask(sandbox, b"no image at all")
    assert refused.value.code == "image_invalid"
    with pytest.raises(ReadingFailed, match="KeyError") as failed:
        _ask(sandbox, _poison("harmless"), type=9999)
    assert "9999" not in str(failed.value), "the type and the place, never the text"


@pytest.mark.engine
def test_the_child_has_no_secret_no_database_and_no_file_of_its_worker(sandbox: Sandbox) -> None:
    sandbox.start()
    child = psutil.Process(sandbox.pid)
    names = set(child.environ())
    assert "PATH" in names
    assert not {name for name in names if name.startswith(("SECRET", "FIELD_", "DATABASE", "REDIS", "AWS", "STORAGE", "DATA_DIR", "DJANGO"))}
    loaded = {Path(entry.path).name for entry in child.memory_maps()}
    assert not {name for name in loaded if name.startswith(("_psycopg", "libpq"))}


@pytest.mark.engine
def test_the_child_ends_with_its_worker_even_when_that_is_killed() -> None:
    code = (
        "from documents.sandbox.parent import *; import time; s = Sandbox(ocr='rapidocr', faces='off', limits=Limits(9, 2048)); s.start();"
        "print(s.pid, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], timeout=5)
    assert not psutil.pid_exists(child)


@given(st.binary(max_size=200))
def test_nonsense_from_a_child_is_a_wire_error(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.close()
        with pytest.raises(wire.WireError):
            wire.receive(ours, deadline=time.monotonic() + 5)


@given(st.lists(st.binary(max_size=50), max_size=4), st.dictionaries(st.text(max_size=5).filter(lambda name: name != "blobs"), st.integers()))
def test_what_is_sent_arrives(blobs: list[bytes], message: dict[str, Any]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(theirs, message, blobs)
        assert wire.receive(ours, deadline=time.monotonic() + 5) == (message, blobs)


def test_a_child_that_says_too_much_is_not_listened_to() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(wire._HEAD.pack(0xFFFFFFFF, 0xFFFFFFFF))
        with pytest.raises(wire.WireError, match="too long"):
            wire.receive(ours, deadline=time.monotonic() + 5)


def test_a_receiver_that_never_reads_is_waited_for_until_the_deadline() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        wire.send(ours, {}, [bytes(8 << 20)], deadline=time.monotonic() + 0.2)


@pytest.mark.parametrize("strange", [{}, {"reading": {}}, {"reading": {"pages": [{}]}}, {"reading": {"fields": 3, "pages": [], "runs": []}}])
def test_answers_that_are_none_count_as_a_killed_child(strange: dict[str, Any]) -> None:
    ours, theirs = socket.socketpair()
    made = Sandbox(ocr="rapidocr", faces="off", limits=Limits(5, 2048))
    made._process, made._end = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE), ours
    threading.Thread(target=lambda: (wire.receive(theirs), wire.send(theirs, strange)), daemon=True).start()
    with pytest.raises(ReadingKilled):
        made.read({}, [])
    theirs.close()


@pytest.mark.django_db
def test_a_document_that_kills_its_reader_twice_goes_to_a_person(alice: Person, picture: Callable[..., bytes], script: Script) -> None:
    script.fail = ReadingKilled("TimeoutError, exit code -9")
    document = upload(alice, start(alice), front=picture())
    work_off(twice=False)
    message = OutboxMessage.objects.get(actor="documents.actors.extract_document")
    assert (len(script.calls), message.attempts, message.last_error) == (2, 2, "reading_killed")
    assert Document.objects.get(pk=document["id"]).status == DocumentStatus.DOUBLE_CHECK
    work_off(twice=True)
    assert len(script.calls) == 2

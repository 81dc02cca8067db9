"""Idempotency keys: one effect and one answer per key and body, whoever repeats it, whatever dies meanwhile."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client, override_settings
from django.utils import timezone
from scripted import Script

from config.upkeep import run_schedule
from documents.models import Document
from factories import Person, make_person, start, upload, upload_body, work_off
from flows.errors import Refused
from flows.idempotency import LEASE, REMEMBERED, forget_answers
from flows.models import IdempotencyKey, IdempotencyState
from verifications.models import AuditEntry, Event, Verification

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
CASES = "/usps1583/verifications"
KEY = "3f1c-key"


def _created(response: Any) -> tuple[int, str, str]:
    body = response.json()
    return response.status_code, body.get("data", {}).get("id", "") or body.get("code", ""), response.get("Idempotency-Replayed", "")


def test_the_same_key_and_body_get_the_first_answer_again(alice: Person) -> None:
    first = alice.post(CASES, {"external_ref": "a", "tags": ["x"]}, idempotency_key=KEY)
    again = alice.post(CASES, {"tags": ["x"], "external_ref": "a"}, idempotency_key=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert (Verification.objects.count(), Event.objects.count()) == (1, 1)


def test_a_key_in_quotes_is_the_same_key_and_the_query_does_not_count(alice: Person) -> None:
    first = alice.post(CASES, {}, idempotency_key=KEY)
    again = alice.post(f"{CASES}?x=1", {}, idempotency_key=f'"{KEY}"')
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")


def test_the_answer_stays_the_first_one_when_the_thing_has_changed(alice: Person) -> None:
    first = alice.post(CASES, {}, idempotency_key=KEY)
    alice.post(f"{CASES}/{first.json()['data']['id']}/cancel")
    assert alice.post(CASES, {}, idempotency_key=KEY).json() == first.json()


def test_another_body_is_a_mismatch_and_changes_nothing(alice: Person) -> None:
    alice.post(CASES, {"external_ref": "a"}, idempotency_key=KEY)
    response = alice.post(CASES, {"external_ref": "b"}, idempotency_key=KEY)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_mismatch")
    assert Verification.objects.count() == 1


def test_a_key_belongs_to_workspace_environment_method_and_path(alice: Person, charlie: Person) -> None:
    live = make_person("live", workspace="wonder", environment="live")
    other = make_person("other", workspace="wonder")
    first = alice.post(CASES, {}, idempotency_key=KEY).json()["data"]["id"]
    assert other.post(CASES, {}, idempotency_key=KEY).json()["data"]["id"] == first
    answers = [
        charlie.post(CASES, {}, idempotency_key=KEY),
        live.post(CASES, {}, idempotency_key=KEY),
        alice.post("/identity/verifications", {}, idempotency_key=KEY),
        alice.patch(f"{CASES}/{first}", {}, idempotency_key=KEY),
        alice.post(f"{CASES}/{first}/hold", idempotency_key=KEY),
    ]
    assert ["Idempotency-Replayed" in answer for answer in answers] == [False] * 5
    assert [answer.status_code for answer in answers] == [201, 201, 201, 200, 200]


@pytest.mark.parametrize("key", ["", '""', "with space", "x" * 256, "ümlaut"])
def test_a_key_that_is_no_key_is_400(alice: Person, key: str) -> None:
    response = alice.post(CASES, {}, idempotency_key=key)
    assert (response.status_code, response.json()["code"], Verification.objects.count()) == (400, "invalid_idempotency_key", 0)


@pytest.mark.parametrize("key", ["x", "x" * 255, '"' + "x" * 255 + '"', "!~"])
def test_keys_of_1_to_255_visible_characters_are_taken(alice: Person, key: str) -> None:
    assert alice.post(CASES, {}, idempotency_key=key).status_code == 201


def test_reads_take_no_notice_of_a_key(alice: Person) -> None:
    assert alice.get("/flows", idempotency_key="").status_code == 200
    assert not IdempotencyKey.objects.exists()


def test_every_unsafe_method_is_repeated_safely(alice: Person, picture: Picture) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    one = f"/usps1583/documents/{document['id']}"
    for method, path, body, status in [
        ("patch", f"{CASES}/{case['id']}", {"tags": ["new"]}, 200),
        ("patch", one, {"verification": case["id"], "document": {"country": "CAN"}}, 200),
        ("post", f"{CASES}/{case['id']}/hold", None, 200),
        ("post", f"{CASES}/{case['id']}/resume", None, 200),
        ("delete", one, None, 204),
    ]:
        first = alice.call(method, path, body, idempotency_key=KEY)
        entries = AuditEntry.objects.count()
        again = alice.call(method, path, body, idempotency_key=KEY)
        assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (status, status, "true"), path
        assert AuditEntry.objects.count() == entries, path
        if path != one or status == 204:
            assert again.content == first.content


def test_an_upload_is_replayed_with_fresh_links(alice: Person, picture: Picture) -> None:
    body = upload_body(start(alice), front=picture())
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = alice.post("/usps1583/documents", body, idempotency_key=KEY).json()["data"]
        clock.shift(timedelta(hours=1))
        again = alice.post("/usps1583/documents", body, idempotency_key=KEY).json()["data"]
        assert Client().get(first["url_front"]).status_code == 410
        assert Client().get(again["url_front"]).status_code == 200
    assert {**again, "url_front": ""} == {**first, "url_front": ""}
    assert Document.objects.count() == 1


def test_a_clients_own_metadata_is_never_taken_for_a_link(alice: Person, picture: Picture) -> None:
    document = upload(alice, start(alice), front=picture())
    metadata = {"links": [[["data", "metadata", "a"], document["id"], "image/jpeg"]], "a": None, "url_front": "x"}
    first = alice.post(CASES, {"metadata": metadata}, idempotency_key=KEY)
    assert alice.post(CASES, {"metadata": metadata}, idempotency_key=KEY).json() == first.json()


def test_a_form_is_known_by_its_parts(alice: Person, picture: Picture) -> None:
    case = start(alice)

    def send(seed: int) -> Any:
        form = {"verification": case["id"], "document.context_type": "PHOTO_ID", "document.type": "1", "document.country": "USA"}
        file = SimpleUploadedFile(f"{seed}.jpg", picture(seed=seed))
        headers = {"Authorization": f"Bearer {alice.secret}", "Idempotency-Key": KEY}
        return Client().post("/api/v1/usps1583/documents", {**form, "document.front_side_data": file}, headers=headers)

    first, again, other = send(1), send(1), send(2)
    assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (201, 201, "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/nosuchflow/verifications", {}, 404, "flow_not_found"),
        (CASES, {"tags": "x"}, 422, "validation_failed"),
        (f"{CASES}/ver_nothing/hold", None, 404, "verification_not_found"),
    ],
)
def test_refusals_after_the_key_are_answers_too(alice: Person, path: str, body: Any, status: int, code: str) -> None:
    first, again = (alice.post(path, body, idempotency_key=KEY) for _ in range(2))
    assert (again.status_code, again.json()["code"], again["Idempotency-Replayed"]) == (status, code, "true")
    assert "Idempotency-Replayed" not in first
    assert {**again.json(), "request_id": ""} == {**first.json(), "request_id": ""}


def test_what_is_refused_before_the_key_is_not_remembered(alice: Person, bob: Person) -> None:
    assert bob.post(CASES, {}, idempotency_key=KEY).status_code == 403
    assert alice.call("post", CASES, {}, idempotency_key=KEY, authorization="Bearer nothing").status_code == 401
    with override_settings(RATE_LIMIT="1/day"):
        alice.get("/flows")
        assert alice.post(CASES, {}, idempotency_key=KEY).status_code == 429
    with override_settings(MAX_REQUEST_BYTES=1):
        assert alice.post(CASES, {}, idempotency_key=KEY).status_code == 413
    assert not IdempotencyKey.objects.exists()
    assert alice.post(CASES, {}, idempotency_key=KEY).status_code == 201


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_what_concerns_the_token_or_us_is_not_remembered(alice: Person, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    def refuse(**options: Any) -> None:
        raise Refused("missing_scope", "Not with this token.", status=status)

    with monkeypatch.context() as refusing:
        refusing.setattr("verifications.services.create_verification", refuse)
        assert alice.post(CASES, {}, idempotency_key=KEY).status_code == status
    assert not IdempotencyKey.objects.exists()
    assert alice.post(CASES, {}, idempotency_key=KEY).status_code == 201


def test_a_failure_of_ours_is_rolled_back_and_may_be_repeated(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("config.api.flow.verifications.verification_body", lambda *_: 1 / 0)
        assert alice.post(CASES, {}, idempotency_key=KEY).status_code == 500
    assert (Verification.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
    assert _created(alice.post(CASES, {}, idempotency_key=KEY))[::2] == (201, "")


class Killed(BaseException):
    """A process that dies: nothing is caught, transactions roll back."""


@pytest.mark.parametrize("step", ["config.api.flow.verifications.services.create_verification", "flows.idempotency.keep_answer"])
def test_a_holder_that_died_is_replaced_when_its_lease_ends(alice: Person, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def die(*args: Any, **options: Any) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(step, die)
        with pytest.raises(Killed):
            alice.post(CASES, {}, idempotency_key=KEY)
    assert Verification.objects.count() == 0
    waiting = alice.post(CASES, {}, idempotency_key=KEY)
    assert (waiting.status_code, waiting.json()["code"], waiting["Retry-After"]) == (409, "idempotency_in_progress", "1")
    with time_machine.travel(timezone.now() + LEASE + timedelta(seconds=1)):
        assert alice.post(CASES, {}, idempotency_key=KEY).status_code == 201
        assert alice.post(CASES, {}, idempotency_key=KEY)["Idempotency-Replayed"] == "true"
    assert Verification.objects.count() == 1


def test_a_holder_whose_process_is_gone_is_replaced_at_once(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web process that was killed, on the host that is asked again; of another host nothing is known, and its lease has to end."""

    def die(*args: Any, **options: Any) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr("verifications.services.create_verification", die)
        with pytest.raises(Killed):
            alice.post(CASES, {}, idempotency_key=KEY)
    gone = subprocess.Popen(["true"])
    gone.wait()
    token = IdempotencyKey.objects.get().lease_token
    for elsewhere in (f"{'0' * 8}{gone.pid:08x}{'0' * 16}", f"{token[:8]}{os.getppid():08x}{'0' * 16}", "of no form"):
        IdempotencyKey.objects.update(lease_token=elsewhere)
        assert alice.post(CASES, {}, idempotency_key=KEY).status_code == 409
    assert Verification.objects.count() == 0
    IdempotencyKey.objects.update(lease_token=f"{token[:8]}{gone.pid:08x}{'0' * 16}")
    assert alice.post(CASES, {}, idempotency_key=KEY).status_code == 201
    assert alice.post(CASES, {}, idempotency_key=KEY)["Idempotency-Replayed"] == "true"
    assert Verification.objects.count() == 1


def test_a_holder_that_lost_its_lease_undoes_its_effect(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from verifications import services

    original = services.create_verification

    def slowly(**options: Any) -> Verification:
        created = original(**options)
        IdempotencyKey.objects.update(lease_token="somebody else's")
        return created

    monkeypatch.setattr("verifications.services.create_verification", slowly)
    assert alice.post(CASES, {}, idempotency_key=KEY).status_code == 409
    assert Verification.objects.count() == 0


def test_a_key_is_free_again_after_a_day(alice: Person) -> None:
    first = alice.post(CASES, {}, idempotency_key=KEY).json()
    with time_machine.travel(timezone.now() + REMEMBERED - timedelta(minutes=1)):
        assert alice.post(CASES, {}, idempotency_key=KEY).json() == first
        assert run_schedule(everything=True)["flows.idempotency.forget_old_answers"] == 0
    with time_machine.travel(timezone.now() + REMEMBERED + timedelta(minutes=1)):
        assert _created(alice.post(CASES, {"external_ref": "other"}, idempotency_key=KEY))[::2] == (201, "")
    with time_machine.travel(timezone.now() + 2 * REMEMBERED + timedelta(minutes=2)):
        assert run_schedule(everything=True)["flows.idempotency.forget_old_answers"] == 1


def test_stored_answers_are_unreadable_in_the_database(alice: Person) -> None:
    body = {"expected_data": {"person": {"last_name": "Canaryname"}}, "external_ref": "Canaryname"}
    alice.post(CASES, body, idempotency_key="Canaryname")
    row = IdempotencyKey.objects.values().get()
    assert "Canaryname" not in repr({**row, "answer_sealed": bytes(row["answer_sealed"])})
    assert IdempotencyKey.objects.get().answer["data"]["data"]["external_ref"] == "Canaryname"


def test_answers_about_a_deleted_document_go_with_it(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    body = upload_body(case, front=picture())
    document = alice.post("/usps1583/documents", body, idempotency_key=KEY).json()["data"]
    work_off()
    correction = {"fields": {"person.surname": "Simpsons"}, "reason": "misread"}
    alice.patch(f"/usps1583/documents/{document['id']}/extracted-data", correction, idempotency_key=KEY)
    alice.delete(f"/usps1583/documents/{document['id']}", idempotency_key=KEY)
    assert Counter(IdempotencyKey.objects.values_list("state", flat=True)) == {IdempotencyState.ERASED: 2, IdempotencyState.DONE: 1}
    again = alice.post("/usps1583/documents", body, idempotency_key=KEY)
    assert (again.status_code, again.json()["code"], Document.objects.count()) == (404, "document_not_found", 0)
    assert alice.delete(f"/usps1583/documents/{document['id']}", idempotency_key=KEY).status_code == 204


def test_answers_about_a_redacted_verification_are_erased(alice: Person) -> None:
    case = alice.post(CASES, {"external_ref": "x"}, idempotency_key=KEY).json()["data"]
    forget_answers([case["id"]], code="redacted")
    assert IdempotencyKey.objects.get().answer is None
    again = alice.post(CASES, {"external_ref": "x"}, idempotency_key=KEY)
    assert (again.status_code, again.json()["code"], again["Idempotency-Replayed"]) == (400, "redacted", "true")


def test_an_extraction_is_answered_as_it_stood_when_the_wait_was_cut_off(alice: Person, picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    document = upload(alice, start(alice), front=picture())

    def die(*args: Any) -> None:
        raise Killed

    path = f"/usps1583/documents/{document['id']}/extract"
    with monkeypatch.context() as dying:
        dying.setattr("config.api.flow.documents._awaited", die)
        with pytest.raises(Killed):
            alice.post(path, {"types": ["ocr"], "wait_ms": 10}, idempotency_key=KEY)
    again = alice.post(path, {"types": ["ocr"], "wait_ms": 10}, idempotency_key=KEY)
    assert (again.status_code, again.json()["data"]["status"], again["Idempotency-Replayed"]) == (201, "pending", "true")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("racing")
def test_fifty_threads_with_one_key_cause_one_effect(alice: Person) -> None:
    answers: list[tuple[int, str, str]] = []
    barrier = threading.Barrier(50)

    def send() -> None:
        try:
            barrier.wait(30)
            answers.append(_created(alice.post(CASES, {"external_ref": "race"}, idempotency_key=KEY)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 50
    assert (Verification.objects.count(), Event.objects.count()) == (1, 1)
    created = Verification.objects.get().pk
    first = [answer for answer in answers if answer == (201, created, "")]
    others = [answer for answer in answers if answer in {(201, created, "true"), (409, "idempotency_in_progress", "")}]
    assert (len(first), len(first) + len(others)) == (1, 50)

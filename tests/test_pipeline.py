"""From an upload to a record through the outbox: every message delivered twice, a worker killed between any two steps, broken engines."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import dramatiq
import pytest
from django.utils import timezone
from scripted import Script

from config.pipeline import ROUTES
from decisions.models import Check, Decision, Record
from documents.models import Blob, BlobState, Document, DocumentStatus, Extraction, Page
from documents.storage import sweep
from documents.upkeep import wake_stuck
from factories import Person, start, upload, work_off
from flows.errors import Refused
from verifications.models import AuditEntry, Event, MessageState, OutboxMessage, Verification, VerificationStatus, WebhookSlot
from verifications.outbox import due, release_leases
from verifications.upkeep import mend_clock

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]


class Killed(BaseException):
    """What SIGKILL looks like from inside: no handler runs, transactions roll back."""


STEPS = [
    "documents.extraction.begin_reading",
    "documents.reading.read",
    "documents.reading.store_renditions",
    "documents.extraction.record_extraction",
    "verifications.outbox._finish",
    "decisions.services.judge_verification",
    "decisions.gather.gather_case",
    "decisions.records.prepare_records",
    "decisions.composition.verification_pdf",
    "documents.storage.put",
]


def _kill_at(monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool, times: int) -> Callable[[], int]:
    """Make ``step`` kill its process the first ``times`` it is called; returns how many processes died."""
    module, _, name = step.rpartition(".")
    original = getattr(__import__(module, fromlist=[name]), name)
    deaths: list[int] = []

    def step_and_die(*args: Any, **options: Any) -> Any:
        if len(deaths) < times and not after:
            deaths.append(1)
            raise Killed
        result = original(*args, **options)
        if len(deaths) < times:
            deaths.append(1)
            raise Killed
        return result

    monkeypatch.setattr(step, step_and_die)
    if step == "decisions.gather.gather_case":
        monkeypatch.setattr("decisions.services.gather_case", step_and_die)
    return lambda: len(deaths)


def _work_among_deaths() -> None:
    """Workers that are replaced when they die; leases of the dead end."""
    broker = dramatiq.get_broker()
    for _ in range(60):
        rows = list(OutboxMessage.objects.filter(state__in=(MessageState.PENDING, MessageState.RUNNING)).order_by("created_at", "id"))
        if not rows:
            return
        for row in rows:
            try:
                broker.actors[row.actor].fn(row.pk)
            except Killed:
                OutboxMessage.objects.filter(state=MessageState.RUNNING).update(lease_until=timezone.now())
    raise AssertionError("the outbox never emptied")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_between_any_two_steps_changes_nothing_but_the_time(
    alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    case = start(alice, "address")
    document = upload(alice, case, "address", context="PROOF_OF_ADDRESS", type=24, front=picture())
    deaths = _kill_at(monkeypatch, step, after=after, times=2)
    _work_among_deaths()
    assert Document.objects.get().status == DocumentStatus.EXTRACTED
    alice.post(f"/address/verifications/{case['id']}/submit")
    _work_among_deaths()
    assert 1 <= deaths() <= 2
    assert Verification.objects.get().status == VerificationStatus.APPROVED
    told = Counter(Event.objects.values_list("type", flat=True))
    assert told == Counter(
        ["verification.created", "document.uploaded", "document.extracted", "verification.submitted", "decision.made", "verification.finished"]
    )
    assert Counter(Extraction.objects.values_list("document_id", "kind")) == Counter([(document["id"], "ocr")])
    assert (Decision.objects.count(), Page.objects.count(), Record.objects.count()) == (1, 1, 2)
    assert Check.objects.filter(current=True).count() == Check.objects.filter(current=True).values("rule").distinct().count()


def test_what_a_killed_worker_left_in_the_storage_is_swept(alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    upload(alice, start(alice), front=picture())
    _kill_at(monkeypatch, "documents.reading.store_renditions", after=True, times=1)
    _work_among_deaths()
    orphans = Blob.objects.filter(state=BlobState.ARRIVING)
    assert orphans.count() == 1
    orphans.update(created_at=timezone.now() - timedelta(hours=2))
    assert sweep() == 1
    assert sweep() == 0
    assert Blob.objects.filter(state=BlobState.KEPT).count() == 2


def test_every_message_delivered_twice_has_one_effect(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice, "address")
    upload(alice, case, "address", context="PROOF_OF_ADDRESS", type=24, front=picture())
    work_off(twice=True)
    alice.post(f"/address/verifications/{case['id']}/submit")
    work_off(twice=True)
    assert (Extraction.objects.count(), Decision.objects.count(), Record.objects.count()) == (1, 1, 2)
    assert AuditEntry.objects.filter(action="document.finish_reading").count() == 1


def test_engine_trouble_is_tried_again_and_then_left_to_a_person(alice: Person, picture: Picture, script: Script) -> None:
    script.fail = RuntimeError("the engine is broken")
    document = upload(alice, start(alice), front=picture())
    message = OutboxMessage.objects.get(actor="documents.actors.extract_document")
    dramatiq.get_broker().actors[message.actor].fn(message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.last_error) == (MessageState.PENDING, 1, "RuntimeError")
    assert message.available_at > timezone.now()
    assert Document.objects.get().status == DocumentStatus.UPLOADED
    work_off(twice=False)
    assert (len(script.calls), Document.objects.get().status) == (4, DocumentStatus.DOUBLE_CHECK)
    assert OutboxMessage.objects.get(pk=message.pk).state == MessageState.DEAD
    assert Event.objects.filter(type="document.extraction_failed").count() == 1
    assert alice.get(f"/usps1583/documents/{document['id']}").json()["data"]["extracted_data"] == []


def test_trouble_that_heals_leaves_no_trace_in_the_result(alice: Person, picture: Picture, script: Script) -> None:
    script.fail = RuntimeError("once")
    upload(alice, start(alice), front=picture())
    message = OutboxMessage.objects.get(actor="documents.actors.extract_document")
    dramatiq.get_broker().actors[message.actor].fn(message.pk)
    script.fail = None
    OutboxMessage.objects.update(available_at=timezone.now())
    work_off()
    assert Document.objects.get().status == DocumentStatus.EXTRACTED


def test_a_refusal_is_not_tried_again(alice: Person, picture: Picture, script: Script) -> None:
    script.fail = Refused("image_invalid", "It cannot be opened after all.")
    upload(alice, start(alice), front=picture())
    work_off(twice=False)
    assert (len(script.calls), Document.objects.get().status) == (1, DocumentStatus.DOUBLE_CHECK)


def test_a_picture_that_kills_every_worker_ends_with_a_person(alice: Person, picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.reading.read", lambda job: (_ for _ in ()).throw(Killed()))
    upload(alice, start(alice), front=picture())
    _work_among_deaths()
    assert Document.objects.get().status == DocumentStatus.DOUBLE_CHECK


def test_two_workers_on_one_message_work_once(alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    upload(alice, start(alice), front=picture())
    message = OutboxMessage.objects.get(actor="documents.actors.extract_document")
    actor = dramatiq.get_broker().actors[message.actor]

    def meanwhile(job: Any) -> Any:
        actor.fn(message.pk)
        return script.read(job)

    monkeypatch.setattr("documents.reading.read", meanwhile)
    actor.fn(message.pk)
    assert len(script.calls) == 1
    assert Document.objects.get().status == DocumentStatus.EXTRACTED


def test_leases_of_a_dead_process_are_given_back_at_once(alice: Person, picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.reading.read", lambda job: (_ for _ in ()).throw(Killed()))
    upload(alice, start(alice), front=picture())
    message = OutboxMessage.objects.get(actor="documents.actors.extract_document")
    with pytest.raises(Killed):
        dramatiq.get_broker().actors[message.actor].fn(message.pk)
    assert release_leases(os.getpid() + 1) == 0
    assert release_leases(os.getpid()) == 1
    message.refresh_from_db()
    assert message.lease_until is not None
    assert message.lease_until <= timezone.now()


def test_a_document_deleted_while_it_is_read_stays_deleted(alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())

    def deleted_meanwhile(job: Any) -> Any:
        found = script.read(job)
        assert alice.delete(f"/usps1583/documents/{document['id']}").status_code == 204
        return found

    monkeypatch.setattr("documents.reading.read", deleted_meanwhile)
    work_off()
    assert not Document.objects.exists()
    assert not Extraction.objects.exists()


def test_every_route_leads_to_an_actor_of_a_served_queue() -> None:
    broker = dramatiq.get_broker()
    for actors in ROUTES.values():
        for name in actors:
            assert broker.actors[name].queue_name in {"reading", "decisions", "records", "webhooks"}


def test_a_case_whose_messages_were_given_up_is_tried_again(alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    case = start(alice, "address")
    upload(alice, case, "address", context="PROOF_OF_ADDRESS", type=24, front=picture())
    work_off()
    with monkeypatch.context() as broken:
        broken.setattr("decisions.services.gather_case", lambda *_: 1 / 0)
        alice.post(f"/address/verifications/{case['id']}/submit")
        work_off(twice=False)
    assert Verification.objects.get().status == VerificationStatus.SUBMITTED
    assert wake_stuck() == 0
    Verification.objects.update(submitted_at=timezone.now() - timedelta(minutes=11))
    assert (wake_stuck(), wake_stuck()) == (1, 0)
    work_off()
    assert Verification.objects.get().status == VerificationStatus.APPROVED


def test_a_document_left_in_progress_by_a_forgotten_reader_is_taken_over(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice, "identity")
    upload(alice, case, "identity", front=picture(seed=1))
    upload(alice, case, "identity", context="SELFIE", type=61, front=picture(seed=2))
    work_off()
    alice.post(f"/identity/verifications/{case['id']}/submit")
    OutboxMessage.objects.all().delete()
    Document.objects.filter(context="PHOTO_ID").update(status=DocumentStatus.IN_PROGRESS, reader="msg_that_is_gone")
    Verification.objects.update(submitted_at=timezone.now() - timedelta(minutes=11))
    assert wake_stuck() == 1
    work_off()
    assert set(Document.objects.values_list("status", flat=True)) == {DocumentStatus.APPROVED}


def test_work_of_a_time_when_the_clock_was_ahead_is_due_at_once(alice: Person, picture: Picture, script: Script) -> None:
    for seed in range(4):
        upload(alice, start(alice), front=picture(seed=seed))
    ahead = timezone.now() + timedelta(hours=2)
    rows = OutboxMessage.objects.order_by("pk")
    written, leased, retried, *others = rows.values_list("pk", flat=True)
    rows.filter(pk=written).update(available_at=ahead, created_at=ahead)
    rows.filter(pk=leased).update(state=MessageState.RUNNING, lease_until=ahead, lease_token="gone")
    rows.filter(pk=retried).update(queue="decisions", available_at=ahead)
    by_right = timezone.now() + timedelta(hours=5)
    waiting = OutboxMessage.objects.create(
        event="webhook.test", actor="verifications.actors.deliver_webhook", queue="webhooks", available_at=by_right
    )
    slot = WebhookSlot.objects.create(receiver="https://receiver.example", number=0, until=ahead, holder="gone")
    assert (mend_clock(), mend_clock()) == (4, 0)
    assert {row.pk for row in due()} == {written, leased, retried, *others}
    waiting.refresh_from_db()
    slot.refresh_from_db()
    assert waiting.available_at == by_right
    assert slot.until <= timezone.now()

"""Data that is deleted on request: what stays is a husk, and what was marked is found nowhere any more."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from canary import CANARY, files, found_in, stored, stored_envelopes
from django.core.cache import cache
from django.test import Client
from scripted import LEASE, PASSPORT, Script

from decisions.comments import add_comment
from decisions.models import Check, Fingerprint, Record
from decisions.review_models import Audience
from documents import storage
from documents.models import Blob, BlobState, Correction, Document, Extraction
from factories import Person, start, upload, work_off
from flows import datakeys, servicekeys
from flows.models import DataKey
from flows.vault import Destroyed
from verifications import destinations
from verifications.destinations import Attempt
from verifications.models import AuditEntry, Event, LegalHold, OutboxMessage, RedactionReceipt, Verification, VerificationStatus, WebhookDelivery
from verifications.redaction import forget_addresses

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
EXPECTED = {
    "person": {"first_name": "Homer", "last_name": CANARY, "date_of_birth": "1988-07-23"},
    "address": {"street": f"742 {CANARY} Terrace", "city": "Springfield", "state": "OR", "postal_code": "97477", "country": "USA"},
}
ALREADY = {"data": {"status": "already_redacted", "documents_removed": 0}}


def filled(person: Person, picture: Picture, script: Script) -> dict[str, Any]:
    """A decided case whose every personal value holds the canary: declared, read, corrected, noted."""
    names = {"person.surname": CANARY, "person.full_name": f"{CANARY} Homer"}
    script.fields["PHOTO_ID"] = {**PASSPORT, **names, "document.number": f"{CANARY}77"}
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, **names, "address.street": f"742 {CANARY} Terrace", "address.full": f"742 {CANARY} Terrace"}
    case = start(person, expected_data=EXPECTED, metadata={"note": CANARY}, tags=[CANARY], external_ref=f"{CANARY}-7",
                 webhook_url=f"https://hooks.example/{CANARY}", webhook_secret=f"{CANARY}{'s' * 32}")  # fmt: skip
    upload(person, case, type=1, front=picture(seed=1))
    lease = upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off()
    corrected = {"fields": {"address.street": f"743 {CANARY} Terrace"}, "reason": f"{CANARY} wrote it"}
    assert person.patch(f"/usps1583/documents/{lease['id']}/extracted-data", corrected).status_code == 200
    assert person.post(f"/usps1583/documents/{lease['id']}/compare", {"reference_document_id": other_than(case, lease)}).status_code == 201
    assert person.post(f"/usps1583/verifications/{case['id']}/submit").status_code == 200
    work_off()
    for document in Document.objects.filter(verification_id=case["id"]):
        for status in (5, 3):
            assert person.post("/usps1583/decisions", {"document": document.pk, "status": status, "note": f"{CANARY} it is"}).status_code == 201
    work_off()
    return shown(person, case)


def filled_besides(person: Person, case: dict[str, Any]) -> None:
    """Comments, the form, a legal hold that was lifted."""
    verification = f"/usps1583/verifications/{case['id']}"
    for audience in Audience.values:
        add_comment(caller=person.caller, flow="usps1583", verification_id=case["id"], audience=audience, text=f"{CANARY} called")
    form = {"applicant": {"name": {"last": CANARY}}, "additional_recipients": [{"name": f"{CANARY} junior"}]}
    assert person.patch(f"{verification}/form", form).status_code == 200
    assert person.post(f"{verification}/legal-hold", {"reason": f"{CANARY} against the state"}).status_code == 201
    assert person.delete(f"{verification}/legal-hold").status_code == 204


def other_than(case: dict[str, Any], document: dict[str, Any]) -> str:
    return str(Document.objects.filter(verification_id=case["id"]).exclude(pk=document["id"]).get().pk)


def shown(person: Person, case: dict[str, Any]) -> dict[str, Any]:
    return person.get(f"/usps1583/verifications/{case['id']}").json()["data"]  # type: ignore[no-any-return]


def redact(person: Person, case: dict[str, Any]) -> Any:
    return person.delete(f"/usps1583/verifications/{case['id']}/data")


def code_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


class TestTheAnswer:
    def test_data_goes_once_and_a_husk_stays(self, alice: Person, picture: Picture, script: Script) -> None:
        before = filled(alice, picture, script)
        assert redact(alice, before).json() == {"data": {"status": "redacted", "documents_removed": 2}}
        again = redact(alice, before)
        assert (again.status_code, again.json()) == (200, ALREADY)
        after = shown(alice, before)
        assert after["redacted_at"] is not None
        assert (after["expected_data"], after["metadata"], after["tags"], after["external_ref"]) == ({}, {}, [], None)
        kept = ("id", "flow", "flow_version", "status", "status_label", "attempt", "created_at", "submitted_at", "finished_at", "history")
        assert [after[name] for name in kept] == [before[name] for name in kept]
        assert [(row["id"], row["rule"], row["outcome"], row["reason_code"]) for row in after["checks"]] == [
            (row["id"], row["rule"], row["outcome"], row["reason_code"]) for row in before["checks"]
        ]
        assert [(row["id"], row["status"], row["note"]) for row in after["decisions"]] == [
            (row["id"], row["status"], None) for row in before["decisions"]
        ]

    def test_documents_answer_without_links_and_data(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        links = [document["url_front"].partition("testserver")[2] for document in case["documents"]]
        redact(alice, case)
        for path in (f"/usps1583/documents?verification={case['id']}", f"/usps1583/verifications/{case['id']}"):
            data = alice.get(path).json()["data"]
            for document in data if isinstance(data, list) else data["documents"]:
                assert (document["url_front"], document["url_back"], document["extracted_data"]) == (None, None, [])
        for document in case["documents"]:
            for row in alice.get(f"/usps1583/documents/{document['id']}/extractions").json()["data"]:
                assert (row["extracted_fields"], row["confidence_scores"], row["regions"], row["comparison_results"]) == ({}, {}, {}, None)
            read = alice.get(f"/usps1583/documents/{document['id']}/extracted-data").json()["data"]
            assert read == {"fields": {}, "extracted_data": []}
            for check in alice.get(f"/usps1583/documents/{document['id']}/checks").json()["data"]:
                assert (check["evidence"]["inputs"], check["evidence"]["expected"]) == ([], None)
        assert [(Client().get(link).status_code, Client().get(link).json()["code"]) for link in links] == [(410, "link_gone")] * 2

    def test_everything_that_needs_data_is_refused(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        redact(alice, case)
        one, of = f"/usps1583/verifications/{case['id']}", f"/usps1583/documents/{case['documents'][0]['id']}"
        before = (AuditEntry.objects.count(), Event.objects.count())
        refused = [
            alice.get(f"{one}/pdf"), alice.get(f"{of}/pdf"), alice.get(f"{one}/data"), alice.patch(one, {"tags": ["x"]}), alice.post(f"{one}/submit"),
            alice.post(f"{one}/resubmit"), alice.post(f"{one}/reprocess"), alice.patch(of, {"verification": case["id"]}), alice.delete(of),
            alice.post(f"{of}/extract"), alice.patch(f"{of}/extracted-data", {"fields": {"person.surname": "x"}, "reason": "x"}),
            alice.post("/usps1583/decisions", {"document": case["documents"][0]["id"], "status": 5, "note": "x"}),
            alice.post(f"{one}/legal-hold", {"reason": "x"}), alice.post(f"{one}/resume"),
        ]  # fmt: skip
        assert [code_of(response) for response in refused] == [(400, "redacted")] * len(refused)
        assert (AuditEntry.objects.count(), Event.objects.count()) == before

    def test_one_event_and_one_receipt(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        hashes = set(Blob.objects.filter(state=BlobState.KEPT, page__isnull=True).values_list("sha256", flat=True))
        redact(alice, case)
        redact(alice, case)
        events = Event.objects.filter(type="verification.redacted")
        assert [(event.data["verification_id"], event.data["status"]) for event in events] == [(case["id"], 3)]
        receipt = alice.get(f"/usps1583/verifications/{case['id']}/receipts").json()["data"]
        assert [(row["kind"], row["ground"], row["content"]["documents"]) for row in receipt] == [("all", "requested", 2)]
        assert set(receipt[0]["content"]["sha256"]) == hashes
        entry = AuditEntry.objects.get(action="verification.redacted")
        assert receipt[0]["content"]["audit"] == {"number": entry.number, "hash": entry.hash}
        assert servicekeys.verifies(servicekeys.canonical(receipt[0]["content"]), receipt[0]["signature"])
        assert not servicekeys.verifies(servicekeys.canonical({**receipt[0]["content"], "documents": 3}), receipt[0]["signature"])


class TestRefusals:
    def test_it_takes_the_scope(self, alice: Person, bob: Person) -> None:
        case = start(alice)
        assert code_of(redact(bob, case)) == (403, "missing_scope")
        assert Verification.objects.get().redacted_at is None

    def test_what_is_not_there_or_elsewhere(self, alice: Person, charlie: Person) -> None:
        case = start(alice)
        assert code_of(redact(charlie, case)) == (404, "verification_not_found")
        assert code_of(alice.delete(f"/identity/verifications/{case['id']}/data")) == (400, "flow_mismatch")
        assert code_of(alice.delete(f"/nothing/verifications/{case['id']}/data")) == (404, "flow_not_found")
        assert Verification.objects.get().redacted_at is None

    @pytest.mark.parametrize("status", VerificationStatus.values)
    def test_every_state_but_submitted(self, alice: Person, status: int) -> None:
        case = start(alice, expected_data=EXPECTED)
        Verification.objects.filter(pk=case["id"]).update(status=status, held_from=1)
        response = redact(alice, case)
        if status == VerificationStatus.SUBMITTED:
            assert code_of(response) == (400, "verification_not_finished")
            assert shown(alice, case)["expected_data"] == EXPECTED
        else:
            assert response.json()["data"]["status"] == "redacted"
            assert Verification.objects.get().status == status

    def test_a_legal_hold_keeps_everything(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        hold, before = f"/usps1583/verifications/{case['id']}/legal-hold", files()
        placed = alice.post(hold, {"reason": "Subpoena"})
        assert (placed.status_code, placed.json()["data"]["reason"]) == (201, "Subpoena")
        assert alice.post(hold, {"reason": "again"}).json()["data"] == placed.json()["data"]
        assert code_of(redact(alice, case)) == (409, "legal_hold")
        assert (files(), shown(alice, case)["expected_data"]) == (before, EXPECTED)
        assert alice.delete(hold).status_code == 204
        assert redact(alice, case).json()["data"]["status"] == "redacted"
        assert [row.action for row in AuditEntry.objects.filter(action__startswith="legal_hold")] == ["legal_hold.placed", "legal_hold.lifted"]
        assert LegalHold.objects.get().reason is None

    def test_a_held_document_is_not_deleted(self, alice: Person, picture: Picture) -> None:
        case = start(alice)
        document = upload(alice, case, front=picture())
        alice.post(f"/usps1583/verifications/{case['id']}/legal-hold", {"reason": "x"})
        assert code_of(alice.delete(f"/usps1583/documents/{document['id']}")) == (409, "legal_hold")
        assert Document.objects.count() == 1


class TestNothingIsLeft:
    def test_the_canary_is_found_nowhere(
        self, alice: Person, picture: Picture, script: Script, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
        django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        caplog.set_level(logging.DEBUG)
        case = filled(alice, picture, script)
        blobs = {blob.key: files()[f"{blob.key[-2:]}/{blob.key}"] for blob in Blob.objects.all()}
        filled_besides(alice, case)
        before = {place for place, value in stored() if found_in(value)}
        assert before >= {
            "Verification.expected", "Verification.metadata", "Verification.tags", "Verification.external_ref", "Verification.webhook_url",
            "Verification.webhook_secret", "Event.data", "Comment.text", "LegalHold.reason", "FormRecord.content", "Document.reading",
            "Extraction.result", "Correction.content", "Check.evidence", "StoredEvidence.content", "Decision.note",
        }  # fmt: skip
        backup = dict(stored_envelopes())
        assert len(backup) > 20
        assert Record.objects.count() == 3
        alice.get(f"/usps1583/verifications/{case['id']}/data")
        with django_capture_on_commit_callbacks(execute=True):
            redact(alice, case)
        assert {place.partition(".")[2] for place, value in stored() if found_in(value)} == {"webhook_url", "webhook_secret"}
        assert forget_addresses() == 0, "the address is told of the deletion first"
        monkeypatch.setattr(destinations, "post", lambda url, body, headers: Attempt(200, ""))
        work_off()
        assert WebhookDelivery.objects.filter(event__type="verification.redacted", endpoint=None, status="delivered").count() == 1
        assert (forget_addresses(), forget_addresses()) == (1, 0)
        assert [place for place, value in stored() if found_in(value)] == []
        assert files() == {}
        assert not found_in(str(getattr(cache, "_cache", "")))
        assert not found_in(caplog.text)
        assert not found_in("".join(capfd.readouterr()))
        broker: Any = dramatiq.get_broker()
        assert [name for name, queue in broker.queues.items() if found_in(list(queue.queue))] == []
        for place, envelope in {**backup, **blobs}.items():
            with pytest.raises(Destroyed):
                datakeys.unseal(envelope, place)

    def test_counts_and_hashes_are_what_is_left(self, alice: Person, picture: Picture, script: Script) -> None:
        data = picture(seed=1)
        case = filled(alice, picture, script)
        assert set(Fingerprint.objects.values_list("kind", flat=True)) == {"number", "image", "name", "birth_date", "declared"}
        prints = set(Fingerprint.objects.filter(kind="image").values_list("digest", flat=True))
        redact(alice, case)
        storage.sweep()
        assert set(Fingerprint.objects.values_list("digest", flat=True)) == prints
        assert hashlib.sha256(data).hexdigest() in prints
        assert Blob.objects.exclude(state=BlobState.DOOMED, erased_at__isnull=False).count() == 0
        assert (Correction.objects.count(), Record.objects.count()) == (0, 0)
        assert Extraction.objects.count() >= 4
        assert Check.objects.exclude(evidence_sealed=None).count() == 0
        assert DataKey.objects.filter(wrapped__isnull=True, destroyed_at__isnull=False).count() == 1

    def test_another_case_is_untouched(self, alice: Person, picture: Picture, script: Script) -> None:
        kept = start(alice, expected_data=EXPECTED, metadata={"a": 1})
        document = upload(alice, kept, front=picture(seed=9))
        redact(alice, filled(alice, picture, script))
        assert (shown(alice, kept)["expected_data"], shown(alice, kept)["metadata"]) == (EXPECTED, {"a": 1})
        assert Client().get(document["url_front"].partition("testserver")[2]).status_code == 200

    def test_a_reader_that_comes_late_brings_nothing_back(
        self, alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        case = start(alice)
        upload(alice, case, front=picture())
        read = script.read

        def redacted_meanwhile(job: Any) -> Any:
            redact(alice, case)
            return read(job)

        monkeypatch.setattr("documents.reading.read", redacted_meanwhile)
        work_off()
        document = Document.objects.get()
        assert (document.reading_sealed, Extraction.objects.count()) == (None, 0)
        assert not OutboxMessage.objects.filter(state=1).exists()
        storage.sweep()
        assert files() == {}

    def test_receipts_cannot_be_changed(self, alice: Person) -> None:
        redact(alice, start(alice))
        with pytest.raises(Exception, match="append-only"):
            RedactionReceipt.objects.update(ground="retention")


def test_the_data_of_a_person_is_exported(alice: Person, picture: Picture, script: Script) -> None:
    case = filled(alice, picture, script)
    data = alice.get(f"/usps1583/verifications/{case['id']}/data").json()["data"]
    assert data["verification"]["expected_data"] == EXPECTED
    street = next(row for row in data["documents"] if row["fields"].get("address.street"))["fields"]["address.street"]
    assert (street["value"], street["machine_value"], street["reason"]) == (f"743 {CANARY} Terrace", f"742 {CANARY} Terrace", f"{CANARY} wrote it")
    assert {row["id"] for row in data["decisions"]} == {row["id"] for row in case["decisions"]}
    assert AuditEntry.objects.filter(action="verification.data_exported", verification_ref=case["id"]).count() == 1

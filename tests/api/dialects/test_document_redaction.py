"""One document of a case that is forgotten: what was marked in it is found nowhere, and all else of the case is as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from canary import CANARY, files, found_in, stored
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client
from scripted import LEASE, PASSPORT, Script
from speaking import say

from decisions.apps import REVIEWERS
from decisions.comments import add_comment
from decisions.models import Check, Fingerprint, Record, StoredEvidence
from decisions.review_models import Audience
from documents import storage
from documents.models import Blob, Correction, Document, UploadedFile
from factories import Person, b64, make_person, start, submitted, upload, work_off
from flows import servicekeys
from verifications.models import AuditEntry, Event, RedactionReceipt, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
_S = VerificationStatus
PHOTO, PROOF = "PHOTO_ID", "PROOF_OF_ADDRESS"


def document(context: str = PHOTO) -> Document:
    return Document.objects.get(context=context, superseded_at=None, verification__standalone=False, verification__workspace__slug="wonder")


def redact(person: Person, context: str = PHOTO, **headers: str) -> Any:
    return say(person, "delete", f"/api/v1/documents/{document(context).pk}", **headers)


def filled(person: Person, picture: Picture, script: Script, *, decided: bool = True) -> dict[str, Any]:
    """A decided case whose photo ID holds the canary wherever something of it may be kept: read, corrected, compared, noted, answered."""
    alone = say(person, "post", "/api/v1/documents", {"document_type": "passport", "country": "USA", "file": b64(picture(seed=7))}).json()["id"]
    work_off()
    script.fields[PHOTO] = {
        **PASSPORT, "person.surname": CANARY, "person.full_name": f"{CANARY} Homer", "document.number": f"{CANARY}77",
        "document.issuing_entity": CANARY,
    }  # fmt: skip
    script.fields[PROOF] = {**LEASE, "person.full_name": "Simpson Homer"}
    say(person, "post", "/uploads", {"file": b64(picture(seed=1))})
    case = start(person, tags=["kept"])
    photo = upload(person, case, type=1, front=picture(seed=1))["id"]
    lease = upload(person, case, context=PROOF, type=24, front=picture(seed=2))["id"]
    work_off()
    native = f"/usps1583/documents/{photo}"
    say(person, "patch", f"/api/v1/documents/{photo}", {"tags": [CANARY], "metadata": {"note": CANARY}})
    fixed = person.patch(f"{native}/extracted-data", {"fields": {"person.surname": f"{CANARY}s"}, "reason": f"{CANARY} wrote it"})
    assert fixed.status_code == 200
    for one, other in ((photo, lease), (lease, photo), (alone, photo)):
        compared = say(person, "post", "/api/v1/documents/compare", {"document_id": one, "reference_document_id": other}, Idempotency_Key=one)
        assert compared.status_code == 200, compared.content
    sent = person.post(f"/usps1583/verifications/{case['id']}/submit", IDEMPOTENCY_KEY="s")
    assert sent.status_code == 200
    work_off()
    if decided:
        for pk, note in ((photo, f"{CANARY} it is"), (lease, "a lease it is")):
            for status in (5, 3):
                assert person.post("/usps1583/decisions", {"document": pk, "status": status, "note": note}).status_code == 201
        work_off()
        add_comment(
            caller=person.caller, flow="usps1583", verification_id=case["id"], audience=Audience.PRIVATE, text=f"{CANARY}?", document=document()
        )
    return shown(person, case)


def shown(person: Person, case: dict[str, Any]) -> dict[str, Any]:
    return person.get(f"/usps1583/verifications/{case['id']}").json()["data"]  # type: ignore[no-any-return]


def one_of(case: dict[str, Any], context: str) -> dict[str, Any]:
    pk = document(context).pk
    return next(entry for entry in case["documents"] if entry["id"] == pk)


def state() -> Any:
    return (
        list(Verification.objects.order_by("pk").values_list("pk", "status", "redacted_at", "images_redacted_at")),
        list(Document.objects.order_by("pk").values_list("pk", "status", "redacted_at", "images_redacted_at", "reading_sealed")),
        sorted(files()), AuditEntry.objects.count(), Event.objects.count(), RedactionReceipt.objects.count(),
    )  # fmt: skip


class TestWhatGoes:
    def test_the_canary_is_found_nowhere(
        self, alice: Person, picture: Picture, script: Script, django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        filled(alice, picture, script)
        before = {place for place, value in stored() if found_in(value)}
        assert before >= {
            "Document.reading", "Document.tags", "Document.metadata", "Extraction.result", "Correction.content", "Check.evidence",
            "StoredEvidence.content", "Decision.note", "Comment.text", "IdempotencyKey.answer",
        }  # fmt: skip
        photo = document()
        own = {image.blob_id for image in photo.images.all()} | {page.blob_id for image in photo.images.all() for page in image.page_images.all()}
        assert (len(own), UploadedFile.objects.count(), Record.objects.count()) == (2, 1, 3)
        kept = {page.blob_id for image in document(PROOF).images.all() for page in image.page_images.all()} | {
            image.blob_id for image in document(PROOF).images.all()
        }
        with django_capture_on_commit_callbacks(execute=True):
            assert redact(alice).json() == {"status": "deleted", "document_id": photo.pk}
        work_off()
        assert [place for place, value in stored() if found_in(value)] == []
        assert not found_in(caplog.text)
        assert not found_in(str(getattr(cache, "_cache", "")))
        left = {name.partition("/")[2] for name in files()}
        assert (left & own, kept - left, UploadedFile.objects.count()) == (set(), set(), 0)
        storage.sweep()
        assert kept <= {name.partition("/")[2] for name in files()}

    def test_a_husk_stays(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        before, links = one_of(case, PHOTO), [one_of(case, name)["url_front"].partition("testserver")[2] for name in (PHOTO, PROOF)]
        redact(alice)
        after = one_of(shown(alice, case), PHOTO)
        same = ("id", "status", "status_label", "document_type", "country", "created_at")
        assert [after[name] for name in same] == [before[name] for name in same]
        assert (after["url_front"], after["extracted_data"]) == (None, [])
        assert [(row["id"], row["reasons"], row["note"]) for row in after["decisions"]] == [
            (row["id"], row["reasons"], None) for row in before["decisions"]
        ]
        outcomes = [(row["id"], row["rule"], row["outcome"], row["reason_code"]) for row in before["checks"]]
        assert [(row["id"], row["rule"], row["outcome"], row["reason_code"]) for row in after["checks"]] == outcomes
        assert [(row["evidence"]["inputs"], row["evidence"]["computed"]) for row in after["checks"]] == [([], None)] * len(outcomes)
        assert [image.sha256 for image in document().images.all()] == [hashlib.sha256(picture(seed=1)).hexdigest()]
        assert set(Fingerprint.objects.filter(document=document()).values_list("kind", flat=True)) == {"image"}
        assert [(Client().get(link).status_code) for link in links] == [410, 200]
        told = say(alice, "get", f"/api/v1/documents/{after['id']}").json()
        assert (told["retention_status"], told["tags"], told["metadata"], told["sides"][0]["download_url"]) == ("redacted", [], {}, None)

    def test_the_others_stay_as_they_were(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        before = one_of(case, PROOF)
        redact(alice)
        after = shown(alice, case)
        lease = one_of(after, PROOF)
        untouched = ("status", "extracted_data", "document_type", "updated_at")
        assert [lease[name] for name in untouched] == [before[name] for name in untouched]
        assert [row["note"] for row in lease["decisions"]] == [row["note"] for row in before["decisions"]]
        assert (after["status"], after["redacted_at"], after["expected_data"], after["tags"]) == (case["status"], None, {}, ["kept"])
        alone = {row["rule"]: row for row in before["checks"] if not Check.objects.get(pk=row["id"]).cross_document and not found_in(row["evidence"])}
        assert len(alone) > 3
        assert {row["rule"]: row for row in lease["checks"] if row["rule"] in alone} == alone
        between = {row["rule"]: row["evidence"] for row in lease["checks"] if Check.objects.get(pk=row["id"]).cross_document}
        assert {entry["document"] for evidence in between.values() for entry in evidence["inputs"]} <= {None, lease["id"]}
        assert (Verification.objects.get(pk=case["id"]).images_redacted_at, Correction.objects.count()) == (None, 0)
        assert set(StoredEvidence.objects.values_list("content_sealed", flat=True)) == {None}

    def test_it_is_written_down_signed_and_told(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        photo = document().pk
        redact(alice)
        entry = AuditEntry.objects.get(action="document.redacted")
        receipt = RedactionReceipt.objects.get()
        content = receipt.content
        assert (entry.actor, entry.subject, receipt.kind, content["documents"], content["document_ids"]) == (
            alice.caller.name, photo, "document", 1, [photo],
        )  # fmt: skip
        assert hashlib.sha256(picture(seed=1)).hexdigest() in content["sha256"]
        assert servicekeys.verifies(servicekeys.canonical(content), receipt.signature)
        assert alice.get(f"/usps1583/verifications/{case['id']}/receipts").json()["data"][0]["kind"] == "document"
        events = Event.objects.filter(type="document.redacted")
        assert [(event.data["document_id"], event.data["status"], event.data["verification_id"]) for event in events] == [(photo, 3, case["id"])]

    def test_again_nothing_happens(self, alice: Person, picture: Picture, script: Script) -> None:
        filled(alice, picture, script)
        first = redact(alice, Idempotency_Key="k")
        before = state()
        for headers in ({}, {"Idempotency_Key": "k"}, {"Idempotency_Key": "l"}):
            again = redact(alice, **headers)
            wanted = first.json() if headers.get("Idempotency_Key") == "k" else {**first.json(), "status": "already_redacted"}
            assert (again.status_code, again.json(), state()) == (200, wanted, before)

    def test_the_whole_case_can_go_after_it(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        redact(alice)
        done = alice.delete(f"/usps1583/verifications/{case['id']}/data").json()["data"]
        assert (done["status"], redact(alice, PROOF).json()["status"]) == ("redacted", "already_redacted")
        assert not Document.objects.filter(verification_id=case["id"], redacted_at=None).exists()

    def test_an_answer_is_not_given_again(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        redact(alice)
        again = alice.post(f"/usps1583/verifications/{case['id']}/submit", IDEMPOTENCY_KEY="s")
        assert (again.status_code, again.json()["code"], again["Idempotency-Replayed"]) == (400, "redacted", "true")

    def test_a_reader_that_comes_late_brings_nothing_back(
        self, alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It reads the case anew, as a person asked for, when the document goes."""
        case = filled(alice, picture, script)
        alice.post("/usps1583/decisions", {"document": document(PROOF).pk, "status": 5, "note": "look again"})
        assert say(alice, "post", f"/api/v1/documents/{document().pk}/extract", {"types": ["ocr"]}).status_code == 200
        read = script.read

        def redacted_meanwhile(job: Any) -> Any:
            redact(alice)
            return read(job)

        monkeypatch.setattr("documents.reading.read", redacted_meanwhile)
        work_off()
        assert (document().reading_sealed, document().extractions.exclude(result_sealed=None).count()) == (None, 0)
        assert not found_in(shown(alice, case))


class TestWhatFollows:
    def test_records_are_made_without_it(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        redact(alice)
        assert Record.objects.count() == 0
        pdf = alice.get(f"/usps1583/verifications/{case['id']}/pdf", ACCEPT="application/pdf")
        assert (pdf.status_code, pdf.content[:4]) == (200, b"%PDF")
        lease, photo = (alice.get(f"/usps1583/documents/{document(name).pk}/pdf", ACCEPT="application/pdf") for name in (PROOF, PHOTO))
        assert (lease.status_code, photo.status_code, photo.json()["code"]) == (200, 400, "images_redacted")
        redact(alice, PROOF)
        assert alice.get(f"/usps1583/verifications/{case['id']}/pdf").json()["code"] == "images_redacted"

    def test_what_shows_the_case_goes_on(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        redact(alice)
        session = f"/api/v1/sessions/ses_{case['id'].partition('_')[2]}"
        uuid = say(alice, "get", "/verifications").json()["items"][0]["id"]
        places = [
            session, f"{session}/result", f"{session}/checks", f"{session}/risk", f"{session}/export", f"{session}/documents",
            f"/verifications/{uuid}", f"/api/v1/usps1583/verifications/{case['id']}/form", f"/api/v1/usps1583/verifications/{case['id']}/data",
        ]  # fmt: skip
        for place in places:
            answer = say(alice, "get", place)
            assert (answer.status_code, found_in(answer.content)) == (200, False), place
        bundle = say(alice, "get", f"/api/v1/usps1583/verifications/{case['id']}/bundle")
        assert bundle.status_code == 200
        user = User.objects.create_user("marge", password="x", is_staff=True)
        user.groups.add(Group.objects.get(name=REVIEWERS))
        client = Client()
        client.force_login(user)
        page = client.get(f"/admin/decisions/reviewcase/{case['id']}/change/")
        assert (page.status_code, found_in(page.content), document().pk in page.content.decode()) == (200, False, True)

    def test_what_needs_its_data_is_refused(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        alice.post("/usps1583/decisions", {"document": document(PROOF).pk, "status": 5, "note": "look again"})
        redact(alice)
        pk, lease, one = document().pk, document(PROOF).pk, f"/api/v1/usps1583/verifications/{case['id']}"
        about, native = f"/api/v1/documents/{pk}", f"/api/v1/usps1583/documents/{pk}"
        own = Check.objects.filter(document=pk, current=True).exclude(outcome="pass").first()
        before = state()
        refused = [
            say(alice, "post", f"{about}/extract"), say(alice, "post", f"{about}/classify"), say(alice, "patch", about, {"tags": ["x"]}),
            say(alice, "post", "/api/v1/fingerprints", {"document_id": pk}), say(alice, "post", f"{about}/flag-compromised", {}),
            say(alice, "post", "/api/v1/documents/compare", {"document_id": lease, "reference_document_id": pk}),
            say(alice, "patch", f"{native}/extracted-data", {"fields": {"person.surname": "x"}, "reason": "x"}),
            say(alice, "post", "/api/v1/usps1583/decisions", {"document": pk, "status": 5, "note": "x"}),
            say(alice, "post", f"{one}/reprocess"), say(alice, "post", f"{one}/reprocess", {"dry_run": True}),
            *([say(alice, "post", f"{one}/checks/{own.pk}/retry")] if own else []),
        ]  # fmt: skip
        assert [response.json().get("error") or response.json()["code"] for response in refused] == ["redacted"] * len(refused)
        assert (say(alice, "get", f"{about}/download").status_code, say(alice, "delete", native).json()["code"]) == (410, "document_locked")
        assert state() == before

    def test_a_person_can_reject_a_husk_and_not_approve_it(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        for context in (PHOTO, PROOF):
            alice.post("/usps1583/decisions", {"document": document(context).pk, "status": 5, "note": "look again"})
        redact(alice)
        approved = alice.post("/usps1583/decisions", {"document": document().pk, "status": 3})
        assert (approved.status_code, approved.json()["code"], document().status) == (400, "redacted", 5)
        assert alice.post("/usps1583/decisions", {"document": document(PROOF).pk, "status": 3}).status_code == 201
        assert alice.post("/usps1583/decisions", {"document": document().pk, "status": 4}).status_code == 201
        assert shown(alice, case)["status_label"] == "Rejected"

    def test_correcting_another_document_leaves_its_results(self, alice: Person, picture: Picture, script: Script) -> None:
        filled(alice, picture, script)
        for context in (PHOTO, PROOF):
            alice.post("/usps1583/decisions", {"document": document(context).pk, "status": 5, "note": "look again"})
        redact(alice)
        before = list(Check.objects.filter(document=document()).order_by("pk").values_list("pk", "outcome", "current"))
        fixed = alice.patch(f"/usps1583/documents/{document(PROOF).pk}/extracted-data", {"fields": {"address.zip": "97478"}, "reason": "misread"})
        work_off()
        assert fixed.status_code == 200
        assert list(Check.objects.filter(document=document()).order_by("pk").values_list("pk", "outcome", "current")) == before

    def test_asking_again_frees_its_place(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        alice.post("/usps1583/decisions", {"document": document(PROOF).pk, "status": 5, "note": "look again"})
        redact(alice)
        husk = document()
        assert (husk.status, alice.post(f"/usps1583/verifications/{case['id']}/resubmit", {}).status_code) == (3, 200)
        assert Document.objects.get(pk=husk.pk).superseded_at is not None
        upload(alice, case, type=1, front=picture(seed=4))
        assert redact(alice).json()["status"] == "deleted"
        assert Document.objects.filter(context=PHOTO, superseded_at=None, verification__pk=case["id"]).count() == 0


class TestRefusals:
    @pytest.mark.parametrize(("status", "held_from"), [
        (_S.SUBMITTED, None), (_S.HOLD, _S.STARTED), (_S.HOLD, _S.SUBMITTED), (_S.HOLD, _S.DOUBLE_CHECK), (_S.APPROVED, None), (_S.REJECTED, None),
        (_S.DOUBLE_CHECK, None), (_S.CANCELED, None),
    ])  # fmt: skip
    def test_what_is_being_decided_keeps_its_documents(
        self, alice: Person, picture: Picture, script: Script, status: int, held_from: int | None
    ) -> None:
        case = submitted(alice, picture)
        Verification.objects.filter(pk=case["id"]).update(status=status, held_from=held_from)
        before, answer = state(), redact(alice)
        if _S.SUBMITTED in (status, held_from) or held_from == _S.STARTED:
            assert (answer.status_code, answer.json()["error"], state()) == (400, "verification_not_finished", before)
        else:
            assert (answer.json()["status"], document().status, document().redacted_at is not None) == ("deleted", 3, True)

    @pytest.mark.parametrize("status", [_S.STARTED, _S.EXPIRED])
    def test_in_an_open_case_the_row_goes_too(self, alice: Person, picture: Picture, script: Script, status: int) -> None:
        case = start(alice)
        pk = upload(alice, case, front=picture())["id"]
        Verification.objects.update(status=status)
        place = f"/api/v1/documents/{pk}"
        assert [say(alice, "delete", place).status_code for _ in range(2)] == [200, 404]
        assert (Document.objects.count(), AuditEntry.objects.filter(action="document.redacted").count()) == (0, 0)

    def test_a_legal_hold_keeps_it(self, alice: Person, picture: Picture, script: Script) -> None:
        case = filled(alice, picture, script)
        hold = f"/usps1583/verifications/{case['id']}/legal-hold"
        alice.post(hold, {"reason": "Subpoena"})
        before, refused = state(), redact(alice)
        assert (refused.status_code, refused.json()["error"], state()) == (409, "legal_hold", before)
        alice.delete(hold)
        assert redact(alice).json()["status"] == "deleted"

    def test_it_takes_the_scope_of_redaction(self, alice: Person, bob: Person, charlie: Person, picture: Picture, script: Script) -> None:
        filled(alice, picture, script)
        clerk = make_person("clerk", workspace="wonder", scopes=["documents:read", "documents:write"])
        before = state()
        told = [(answer.status_code, answer.json()["error"]) for answer in (redact(bob), redact(clerk), redact(charlie))]
        assert (told, state()) == ([(403, "missing_scope"), (400, "document_locked"), (404, "document_not_found")], before)
        assert Blob.objects.filter(state=3).count() == 0

    def test_the_native_deletion_is_what_it_was(self, alice: Person, picture: Picture, script: Script) -> None:
        filled(alice, picture, script)
        before, refused = state(), alice.delete(f"/usps1583/documents/{document().pk}")
        assert (refused.status_code, refused.json()["code"], state()) == (400, "document_locked", before)

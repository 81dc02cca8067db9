"""Sessions and documents beyond the printed pages: what each address does, and what it refuses without changing anything."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from scripted import LEASE, Script
from speaking import say

from decisions.models import Decision, DecisionStatus, ListEntry
from documents.models import Document, DocumentStatus, Extraction
from factories import Person, b64, make_person, start, submitted, upload, work_off
from verifications.models import AuditEntry, Event, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
SESSIONS, DOCUMENTS = "/api/v1/sessions", "/api/v1/documents"


def session_of(case: Any) -> str:
    return f"{SESSIONS}/ses_{case['id'].partition('_')[2]}"


@pytest.fixture
def doubtful(alice: Person, picture: Picture, script: Script) -> dict[str, Any]:
    """A case that waits for a person."""
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    case = submitted(alice, picture)
    assert case["status"] == VerificationStatus.DOUBLE_CHECK
    return case


def test_statuses_follow_the_session(alice: Person, picture: Picture, script: Script) -> None:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    case = start(alice)
    told = [say(alice, "get", session_of(case)).json()["status"]]
    photo = upload(alice, case, type=1, front=picture(seed=1))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    told.append(say(alice, "get", session_of(case)).json()["status"])
    work_off()
    told.append(say(alice, "post", f"{session_of(case)}/submit").json()["status"])
    work_off()
    shown = say(alice, "get", session_of(case)).json()
    told.append(shown["status"])
    assert told == ["pending", "capturing", "processing", "under_review"]
    assert (shown["country"], shown["document_type"], shown["case_status"]) == ("USA", "passport", "open")
    assert say(alice, "get", f"{DOCUMENTS}/{photo['id']}").json()["status"] in ("approved", "under_review")


@pytest.mark.parametrize(("status", "number"), [("pending", 1), ("expired", 0)])
def test_lists_are_narrowed(alice: Person, status: str, number: int) -> None:
    say(alice, "post", SESSIONS, {"workflow_id": "usps1583", "external_ref": "a", "tags": ["x"]})
    found = say(alice, "get", f"{SESSIONS}?status={status}&external_ref=a&tag=x&limit=5").json()
    assert (len(found["data"]), found["pagination"]) == (number, {"total": number, "limit": 5, "offset": 0})


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=-1", "status=gone"])
def test_queries_out_of_range_are_422(alice: Person, query: str) -> None:
    assert say(alice, "get", f"{SESSIONS}?{query}").status_code == 422


def test_tags_are_added_removed_and_replaced(alice: Person) -> None:
    place = f"{SESSIONS}/{say(alice, 'post', SESSIONS, {'workflow_id': 'usps1583'}).json()['id']}/tags"
    calls: list[tuple[str, Any]] = [
        ("add", {"tag": "a"}),
        ("add", {"tag": "a"}),
        ("add", {"tags": ["b"]}),
        ("remove", {"tag": "a"}),
        ("set", {"tags": ["c"]}),
    ]
    assert [say(alice, "post", f"{place}/{name}", body).json()["tags"] for name, body in calls] == [["a"], ["a"], ["a", "b"], ["b"], ["c"]]
    many = say(alice, "post", f"{place}/add", {"tags": [f"t{number}" for number in range(50)]})
    long = say(alice, "post", f"{place}/add", {"tag": "x" * 65})
    assert (many.status_code, long.status_code, Verification.objects.get().tags) == (422, 422, ["c"])


def test_a_case_is_approved_by_a_person(alice: Person, doubtful: dict[str, Any]) -> None:
    place = session_of(doubtful)
    case = say(alice, "get", place).json()["case_id"]
    assert [entry["id"] for entry in say(alice, "get", "/api/v1/cases").json()["data"]] == [case]
    done = say(alice, "post", f"/api/v1/cases/{case}/approve", {"reason": "Seen in person"})
    again = say(alice, "post", f"/api/v1/cases/{case}/approve", {})
    assert (done.status_code, done.json()["status"], again.status_code) == (200, "completed", 200)
    result = say(alice, "get", f"{place}/result").json()
    assert (result["result"], len(result["documents"])) == ("approved", 2)
    assert say(alice, "get", f"/api/v1/cases/{case}").json()["status"] == "approved"
    assert say(alice, "get", f"{place}/report").content.startswith(b"%PDF")


def test_a_case_is_rejected_and_cannot_be_approved_then(alice: Person, doubtful: dict[str, Any]) -> None:
    place = session_of(doubtful)
    assert say(alice, "post", f"{place}/simulate", {"action": "reject"}).json()["status"] == "completed"
    refused = say(alice, "post", f"{place}/simulate", {"action": "approve"})
    assert (refused.status_code, refused.json()["error"], Verification.objects.get().status) == (
        400,
        "transition_not_allowed",
        VerificationStatus.REJECTED,
    )


@pytest.mark.parametrize(("action", "status"), [("approve", "completed"), ("expire", None), ("review", "under_review")])
def test_simulation_goes_where_it_could_really_go(alice: Person, doubtful: dict[str, Any], action: str, status: str | None) -> None:
    response = say(alice, "post", f"{session_of(doubtful)}/simulate", {"action": action})
    assert response.json().get("status") == status
    assert Verification.objects.get().status == (VerificationStatus.APPROVED if action == "approve" else VerificationStatus.DOUBLE_CHECK)


def unread(person: Person, picture: Picture, *, submit: bool = True) -> dict[str, Any]:
    """A session with two documents that no machine has looked at yet."""
    case = start(person)
    upload(person, case, type=1, front=picture(seed=1))
    upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    if submit:
        assert say(person, "post", f"{session_of(case)}/submit").json()["status"] == "processing"
    return case


def test_a_failure_is_simulated_by_the_doors_of_a_real_one(alice: Person, picture: Picture, script: Script) -> None:
    case = unread(alice, picture)
    place = session_of(case)
    done = say(alice, "post", f"{place}/simulate", {"action": "fail"})
    assert (done.status_code, done.json()["status"], done.json()["case_status"]) == (200, "failed", "open")
    assert [(row.status, row.extraction_failed) for row in Document.objects.all()] == [(DocumentStatus.DOUBLE_CHECK, True)] * 2
    assert set(Decision.objects.values_list("status", flat=True)) <= {DecisionStatus.DOUBLE_CHECK}, "a broken machine rejects nobody"
    kinds = Event.objects.order_by("sequence").values_list("type", flat=True)
    assert list(kinds)[-3:] == ["document.extraction_failed", "document.extraction_failed", "verification.review_required"]
    assert [(row.actor, row.data) for row in AuditEntry.objects.filter(action="verification.failure_simulated")] == [
        (alice.caller.name, '{"documents":2}')
    ]
    work_off()
    assert (say(alice, "get", place).json()["status"], script.calls) == ("failed", []), "a reader that comes late reads nothing"
    assert say(alice, "get", f"{SESSIONS}?status=failed").json()["pagination"]["total"] == 1
    before = state_of_everything()
    again = say(alice, "post", f"{place}/simulate", {"action": "fail"})
    assert (again.status_code, again.json()["error"], state_of_everything()) == (400, "transition_not_allowed", before)


def test_a_reader_at_work_comes_too_late_for_a_simulated_failure(
    alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = unread(alice, picture)
    read = script.read

    def failed_meanwhile(job: Any) -> Any:
        say(alice, "post", f"{session_of(case)}/simulate", {"action": "fail"})
        return read(job)

    monkeypatch.setattr("documents.reading.read", failed_meanwhile)
    work_off()
    assert say(alice, "get", session_of(case)).json()["status"] == "failed"
    assert set(Document.objects.values_list("reading_sealed", "extraction_failed")) == {(None, True)}


def test_a_reading_that_was_asked_for_fails_with_the_rest(alice: Person, picture: Picture, script: Script) -> None:
    case = unread(alice, picture)
    document = Document.objects.order_by("created_at").first()
    assert document is not None
    assert say(alice, "post", f"{DOCUMENTS}/{document.pk}/extract", {"types": ["ocr"]}).status_code == 200
    say(alice, "post", f"{session_of(case)}/simulate", {"action": "fail"})
    work_off()
    assert (set(Extraction.objects.values_list("status", flat=True)), script.calls) == ({"failed"}, [])


def test_a_failure_before_submission_shows_when_it_is_submitted(alice: Person, picture: Picture, script: Script) -> None:
    case = unread(alice, picture, submit=False)
    assert say(alice, "post", f"{session_of(case)}/simulate", {"action": "fail"}).json()["status"] == "capturing"
    say(alice, "post", f"{session_of(case)}/submit")
    work_off()
    assert say(alice, "get", session_of(case)).json()["status"] == "failed"


@pytest.mark.parametrize("what", ["nothing uploaded", "all is read", "decided", "over", "redacted"])
def test_where_nothing_could_fail_nothing_is_simulated(alice: Person, picture: Picture, script: Script, what: str) -> None:
    if what == "nothing uploaded":
        case = start(alice)
    elif what == "decided":
        case = submitted(alice, picture)
    else:
        case = unread(alice, picture, submit=False)
    if what == "all is read":
        work_off()
    elif what == "over":
        say(alice, "post", f"{session_of(case)}/expire")
    elif what == "redacted":
        say(alice, "delete", f"{session_of(case)}/data")
    before = state_of_everything()
    response = say(alice, "post", f"{session_of(case)}/simulate", {"action": "fail"})
    wanted = (422, "redacted") if what == "redacted" else (400, "transition_not_allowed")
    assert (response.status_code, response.json()["error"], state_of_everything()) == (*wanted, before)


def state_of_everything() -> Any:
    return (
        list(Verification.objects.values_list("pk", "status", "updated_at")), list(Document.objects.values_list("pk", "status", "extraction_failed")),
        Event.objects.count(), AuditEntry.objects.count(), Decision.objects.count(),
    )  # fmt: skip


@pytest.mark.parametrize("action", ["approve", "reject", "review", "expire", "fail"])
def test_live_keys_cannot_simulate(flows: None, action: str) -> None:
    live = make_person("lisa", workspace="wonder", environment="live")
    made = say(live, "post", SESSIONS, {"workflow_id": "usps1583"}).json()
    response = say(live, "post", f"{SESSIONS}/{made['id']}/simulate", {"action": action})
    assert (response.status_code, response.json()["error"], made["is_sandbox"], Verification.objects.get().status) == (403, "sandbox_only", False, 1)


def test_the_gate_decides_what_is_on_hold(alice: Person, doubtful: dict[str, Any]) -> None:
    place = session_of(doubtful)
    early = say(alice, "post", f"{place}/gate", {"decision": "approve"})
    assert (early.status_code, Verification.objects.get().status) == (400, VerificationStatus.DOUBLE_CHECK)
    alice.post(f"/usps1583/verifications/{doubtful['id']}/hold")
    assert say(alice, "get", place).json()["status"] == "awaiting_external"
    assert say(alice, "post", f"{place}/gate", {"decision": "approve", "reason": "ok"}).json()["status"] == "completed"


def test_expire_and_resume(alice: Person) -> None:
    place = f"{SESSIONS}/{say(alice, 'post', SESSIONS, {'workflow_id': 'usps1583'}).json()['id']}"
    told = [say(alice, "post", f"{place}/{name}").json().get("status") for name in ("expire", "expire", "resume")]
    assert told == ["expired", "expired", "pending"]
    first = say(alice, "get", place).json()["capture_url"]
    assert say(alice, "post", f"{place}/resume").json()["capture_url"] not in (None, first)
    alice.post(f"/usps1583/verifications/{Verification.objects.get().pk}/cancel")
    refused = say(alice, "post", f"{place}/expire")
    assert (refused.status_code, set(refused.json())) == (400, {"error", "detail", "status_code", "request_id", "from", "to"})


def test_many_sessions_are_redacted_each_for_itself(alice: Person, charlie: Person) -> None:
    mine = [say(alice, "post", SESSIONS, {"workflow_id": "usps1583"}).json()["id"] for _ in range(2)]
    theirs = say(charlie, "post", SESSIONS, {"workflow_id": "usps1583"}).json()["id"]
    say(alice, "delete", f"{SESSIONS}/{mine[0]}/data")
    found = say(alice, "post", f"{SESSIONS}/bulk-redact", {"session_ids": [*mine, theirs, mine[0]]}).json()
    told = [(entry["session_id"], entry["status"], entry.get("error")) for entry in found["results"]]
    assert told == [(mine[0], "already_redacted", None), (mine[1], "redacted", None), (theirs, "failed", "verification_not_found")]
    assert Verification.objects.filter(redacted_at__isnull=True).count() == 1
    assert say(alice, "get", f"{SESSIONS}/{mine[1]}").json()["retention_status"] == "redacted"


def test_what_is_known_of_a_session_is_shown(alice: Person, doubtful: dict[str, Any]) -> None:
    place = session_of(doubtful)
    checks = say(alice, "get", f"{place}/checks").json()["data"]
    risk = say(alice, "get", f"{place}/risk").json()
    doubts = [check for check in checks if check["status"] in ("failed", "review")]
    assert (risk["level"], len(risk["signals"])) == ("high" if any(check["status"] == "failed" for check in doubts) else "medium", len(doubts))
    assert risk["score"] == min(100, sum(40 if check["status"] == "failed" else 15 for check in doubts)) > 0
    retried = say(alice, "post", f"{place}/checks/{doubts[0]['id']}/retry")
    assert (retried.status_code, retried.json()["name"]) == (202, doubts[0]["name"])
    attempts = say(alice, "get", f"{place}/attempts").json()["data"]
    assert [(entry["attempt"], len(entry["documents"])) for entry in attempts] == [(1, 2)]
    assert say(alice, "get", f"{place}/export").json()["data"]["verification"]["id"] == doubtful["id"]
    assert "changes" in say(alice, "post", f"{place}/reprocess", {"dry_run": True}).json()
    assert say(alice, "post", f"{place}/reprocess", {}).status_code == 202
    assert say(alice, "get", f"{place}/webhook-deliveries").json()["data"] == []
    assert say(alice, "get", f"{SESSIONS}/ses_x/result").status_code == 404


def test_a_session_without_an_outcome_has_no_result(alice: Person) -> None:
    place = f"{SESSIONS}/{say(alice, 'post', SESSIONS, {'workflow_id': 'usps1583'}).json()['id']}/result"
    assert (say(alice, "get", place).status_code, say(alice, "get", place).json()["error"]) == (404, "result_not_ready")


def test_a_standalone_document_is_read_and_in_no_list_of_sessions(alice: Person, picture: Picture, script: Script) -> None:
    body = {"document_type": "passport", "country": "USA", "file": b64(picture())}
    made = say(alice, "post", DOCUMENTS, body)
    assert (made.status_code, made.json()["session_id"]) == (201, None)
    work_off()
    place = f"{DOCUMENTS}/{made.json()['id']}"
    assert say(alice, "get", place).json()["status"] == "extracted"
    assert (say(alice, "get", SESSIONS).json()["data"], alice.get("/verifications").json()["data"]) == ([], [])
    assert say(alice, "get", f"{SESSIONS}/{Document.objects.get().verification_id}").status_code == 404
    assert alice.post(f"/usps1583/verifications/{Document.objects.get().verification_id}/submit").status_code == 404
    assert say(alice, "get", f"{place}/extractions").json()["pagination"]["total"] >= 1
    assert say(alice, "post", f"{place}/classify").json()["predicted_type"] == "passport"
    assert say(alice, "delete", place).json() == {"status": "deleted", "document_id": made.json()["id"]}
    assert say(alice, "get", place).status_code == 404


@pytest.mark.parametrize("change", [{"document_type": "moon_passport"}, {"country": "XXX"}, {"file": 5}, {"file": "bm8="}])
def test_a_standalone_document_that_will_not_do_leaves_nothing(alice: Person, picture: Picture, change: dict[str, Any]) -> None:
    response = say(alice, "post", DOCUMENTS, {"document_type": "passport", "country": "USA", "file": b64(picture()), **change})
    assert (response.status_code, Document.objects.count(), Verification.objects.count()) == (422, 0, 0)


def test_files_come_as_forms_too(alice: Person, picture: Picture) -> None:
    made = say(alice, "post", SESSIONS, {"workflow_id": "usps1583"}).json()
    file = io.BytesIO(picture())
    file.name = "front.jpg"
    form = {"document_type": "passport", "country": "USA", "file": file}
    response = Client().post(f"{SESSIONS}/{made['id']}/documents", form, headers={"X-API-Key": alice.secret})
    assert (response.status_code, response.json()["sides"][0]["content_type"]) == (201, "image/jpeg")


def test_files_are_downloaded_by_signed_links(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    place = f"{DOCUMENTS}/{document['id']}"
    away = say(alice, "get", f"{place}/download")
    opened = Client().get(away["Location"].removeprefix("http://testserver"))
    assert (away.status_code, "/api/v1/files/" in away["Location"], opened.status_code, opened.content) == (302, True, 200, picture())
    assert Client().get(away["Location"] + "x").status_code == 403
    assert say(alice, "get", f"{place}/download?side=back").status_code == 404
    assert say(alice, "get", f"{place}/pages/1/preview").status_code == 404
    work_off()
    shown = say(alice, "get", f"{place}/pages/1/preview?width=100")
    assert (shown["Content-Type"], Image.open(io.BytesIO(shown.content)).size[0], shown["Cache-Control"]) == ("image/jpeg", 100, "private, no-store")
    assert [say(alice, "get", f"{place}/pages/{page}/preview").status_code for page in ("2", "0")] == [404, 404]
    assert say(alice, "get", f"{place}/pages/1/preview?width=2001").status_code == 422
    say(alice, "delete", f"{session_of(case)}/data")
    assert [say(alice, "get", f"{place}/{name}").status_code for name in ("download", "pages/1/preview")] == [410, 410]


def test_metadata_of_a_document_changes_while_it_can(alice: Person, picture: Picture) -> None:
    case = start(alice, "identity")
    place = f"{DOCUMENTS}/{upload(alice, case, 'identity', front=picture())['id']}"
    assert say(alice, "patch", place, {"country": "CAN"}).json()["country"] == "CAN"
    labelled = say(alice, "patch", place, {"tags": ["x"], "metadata": {"plan": "family", "old": 1}}).json()
    merged = say(alice, "patch", place, {"metadata": {"old": None}}).json()
    assert (labelled["tags"], labelled["country"], merged["metadata"]) == (["x"], "CAN", {"plan": "family"})
    alice.post(f"/identity/verifications/{case['id']}/cancel")
    assert (say(alice, "patch", place, {"country": "USA"}).status_code, Document.objects.get().country) == (422, "CAN")


def test_two_documents_are_compared(alice: Person, doubtful: dict[str, Any]) -> None:
    one, other = (entry["id"] for entry in doubtful["documents"])
    found = say(alice, "post", f"{DOCUMENTS}/compare", {"document_id": one, "reference_document_id": other}).json()
    assert (found["reference_document_id"], found["comparison_results"]["person.surname"]["match"]) == (other, True)
    assert say(alice, "post", f"{DOCUMENTS}/compare", {"document_id": one, "reference_document_id": one}).status_code == 422


def test_many_documents_each_for_itself(alice: Person, charlie: Person, doubtful: dict[str, Any]) -> None:
    ids = [doubtful["documents"][0]["id"], "doc_nothing"]
    for name, status in (("extract", "pending"), ("classify", "completed"), ("verify", "completed")):
        found = say(alice, "post", f"{DOCUMENTS}/bulk-{name}", {"document_ids": ids})
        told = [(entry["status"], entry.get("error")) for entry in found.json()["results"]]
        assert (found.status_code, told) == (202, [(status, None), ("failed", "document_not_found")]), name
        theirs = say(charlie, "post", f"{DOCUMENTS}/bulk-{name}", {"document_ids": ids[:1]}).json()["results"]
        assert [entry["error"] for entry in theirs] == ["document_not_found"]


def test_a_compromised_document_is_found_out_when_it_is_shown_again(alice: Person, picture: Picture, script: Script) -> None:
    case = submitted(alice, picture)
    photo = next(entry for entry in case["documents"] if entry["document_type"]["id"] == 1)
    place = f"{DOCUMENTS}/{photo['id']}"
    first, again = (say(alice, "post", f"{place}/flag-compromised", {"reason": "stolen"}) for _ in range(2))
    assert (first.status_code, again.json(), ListEntry.objects.count()) == (200, first.json(), 1)
    marks = say(alice, "get", f"{place}/fingerprints").json()["data"]
    assert first.json()["fingerprint_id"] in [mark["id"] for mark in marks]
    later = submitted(alice, picture)
    checks = say(alice, "get", f"{session_of(later)}/checks").json()["data"]
    blocked = {check["status"] for check in checks if check["name"] == "document_not_blocked"}
    assert "failed" in blocked


def test_what_was_not_read_cannot_be_flagged(alice: Person, picture: Picture) -> None:
    document = upload(alice, start(alice), front=picture())
    response = say(alice, "post", f"{DOCUMENTS}/{document['id']}/flag-compromised", {})
    assert (response.status_code, response.json()["error"], ListEntry.objects.count()) == (422, "not_extracted", 0)


def test_verify_tells_what_the_rules_say(alice: Person, picture: Picture, script: Script) -> None:
    document = upload(alice, start(alice), front=picture())
    place = f"{DOCUMENTS}/{document['id']}/verify"
    assert say(alice, "post", place).json() == {"document_id": document["id"], "status": "pending", "checks": []}
    work_off()
    assert say(alice, "post", place).json()["status"] == "completed"


def test_both_dialects_show_a_document_at_one_address(alice: Person, picture: Picture) -> None:
    place = f"{DOCUMENTS}/{upload(alice, start(alice), front=picture())['id']}"
    assert "document_type" in say(alice, "get", place).json()
    for headers in ({"Accept": "application/vnd.api+json"}, {"Persona-Version": "2023-01-05"}):
        assert say(alice, "get", place, **headers).json()["data"]["type"] == "document/government-id"


@pytest.mark.parametrize("body", [
    {"workflow_id": "usps1583", "external_ref": "r-1"}, {"workflow-id": "usps1583", "external-ref": "r-1", "unknown": 1},
    {"workflowId": "usps1583", "externalRef": "r-1"}, {"inquiry-template-id": "usps1583", "reference-id": "r-1"},
    {"data": {"type": "inquiry", "attributes": {"inquiry-template-id": "usps1583", "reference-id": "r-1"}}},
], ids=["snake", "kebab", "camel", "other names", "JSON:API"])  # fmt: skip
def test_a_session_is_created_in_any_spelling(alice: Person, body: dict[str, Any]) -> None:
    made = say(alice, "post", SESSIONS, body)
    assert (made.status_code, made.json()["workflow_id"], made.json()["external_ref"]) == (201, "usps1583", "r-1")


def test_what_is_held_by_law_is_not_deleted(alice: Person, picture: Picture) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())["id"]
    assert alice.post(f"/usps1583/verifications/{case['id']}/legal-hold", {"reason": "court"}).status_code == 201
    for path in (f"{DOCUMENTS}/{document}", f"{session_of(case)}/data"):
        refused = say(alice, "delete", path)
        assert (refused.status_code, refused.json()["error"]) == (409, "legal_hold")
    assert (Document.objects.count(), Verification.objects.get().redacted_at) == (1, None)

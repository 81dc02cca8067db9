"""What tokens decide: the dialect at shared addresses, who may see pictures; and what documents are compared and listed with."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from scripted import PASSPORT, Script
from speaking import JSON_API, say

from decisions.models import Fingerprint, ListEntry
from documents.models import Document, Extraction
from factories import Person, b64, make_person, start, submitted, upload, work_off
from flows.errors import Refused
from flows.models import ApiLog, ApiToken
from flows.services import issue_token
from verifications.models import AuditEntry

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
FINGERPRINTS = "/api/v1/fingerprints"
SHARED = ["/api/v1/cases", "/api/v1/lists", "/api/v1/events"]


@pytest.fixture
def paula(flows: None, alice: Person) -> Person:
    """In Alice's workspace, with a token for JSON:API."""
    issued = issue_token(workspace=alice.token.workspace, name="paula", dialect="persona")
    return Person("paula", issued.secret, issued.token)


def test_a_token_chooses_where_two_dialects_meet(alice: Person, paula: Person, picture: Picture) -> None:
    place = f"/api/v1/documents/{upload(alice, start(alice), front=picture())['id']}"
    assert "document_type" in say(alice, "get", place).json()
    assert say(paula, "get", place).json()["data"]["type"] == "document/government-id"
    assert "document_type" in say(paula, "get", place, Verifa_Version="2026-02-01").json()
    assert say(alice, "get", place, **JSON_API).json()["data"]["type"] == "document/government-id"


@pytest.mark.parametrize("path", SHARED)
def test_shared_lists_follow_the_token(alice: Person, paula: Person, path: str) -> None:
    start(alice)
    alice.post("/lists", {"kind": "blocked_name", "value": "Ned Flanders", "reason": "x"})
    theirs = say(paula, "get", path).json()
    assert (set(theirs), set(theirs["links"])) == ({"data", "links"}, {"prev", "next"})
    assert set(say(alice, "get", path).json()) != set(theirs) or "prev" not in say(alice, "get", path).json()["links"]


def test_choosing_by_the_token_takes_no_more_queries(alice: Person, picture: Picture) -> None:
    place = f"/api/v1/documents/{upload(alice, start(alice), front=picture())['id']}"
    counted = []
    for headers in ({}, {"Verifa_Version": "2026-02-01"}):
        with CaptureQueriesContext(connection) as queries:
            assert say(alice, "get", place, **headers).status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_dialect_that_is_none_makes_no_token(alice: Person) -> None:
    before = ApiToken.objects.count()
    with pytest.raises(Refused):
        issue_token(workspace=alice.token.workspace, name="x", dialect="moon")
    with pytest.raises(CommandError):
        call_command("issue_token", "x", "--dialect", "moon")
    assert ApiToken.objects.count() == before
    call_command("issue_token", "x", "--dialect", "persona")
    assert ApiToken.objects.latest("created_at").dialect == "persona"


def test_pictures_are_for_those_who_may_see_personal_data(alice: Person, picture: Picture) -> None:
    document = upload(alice, start(alice), front=picture())["id"]
    clerk = make_person("clark", workspace="wonder", scopes=["documents:read"])
    shown = [say(person, "get", f"/api/v1/documents/{document}").json()["sides"][0]["download_url"] is not None for person in (alice, clerk)]
    refused = say(clerk, "get", f"/api/v1/documents/{document}/download")
    assert (shown, refused.status_code, refused.json()["error"]) == ([True, False], 403, "missing_scope")


def alone(person: Person, picture: Picture, seed: int = 7) -> str:
    body = {"document_type": "passport", "country": "USA", "file": b64(picture(seed=seed))}
    pk = say(person, "post", "/api/v1/documents", body).json()["id"]
    work_off()
    return str(pk)


def test_a_document_is_compared_with_an_identity_and_with_nothing_else(alice: Person, charlie: Person, picture: Picture, script: Script) -> None:
    case = submitted(alice, picture)
    script.fields["PHOTO_ID"] = {**PASSPORT, "person.surname": "Flanders"}
    document = alone(alice, picture)
    place = f"/api/v1/documents/{document}/compare-identity"
    found = say(alice, "post", place, {"session_id": f"ses_{case['id'].partition('_')[2]}"}).json()
    results = found["comparison_results"]
    assert (results["person.surname"]["match"], results["person.given_names"]["match"], results["document.number"]["match"]) == (False, True, True)
    assert (results["address.zip"]["match"], results["address.zip"]["reference"]) == (None, "97477")
    assert found["reference_document_id"] == next(entry["id"] for entry in case["documents"] if entry["document_type"]["id"] == 1)
    assert AuditEntry.objects.filter(action="document.compared").count() == 1
    before = Extraction.objects.count()
    refused = [
        (document, {"verification_id": "ver_nothing"}, 404), (document, {"verification_id": start(charlie)["id"]}, 404),
        (document, {"verification_id": start(alice)["id"]}, 400), (found["reference_document_id"], {"verification_id": case["id"]}, 422),
        (document, {}, 422), (document, {"verification_id": case["id"], "identity_id": case["id"]}, 422),
    ]  # fmt: skip
    for pk, body, status in refused:
        assert say(alice, "post", f"/api/v1/documents/{pk}/compare-identity", body).status_code == status, body
    assert Extraction.objects.count() == before


def test_a_fingerprint_is_made_of_what_was_read(alice: Person, picture: Picture, script: Script) -> None:
    unread = upload(alice, start(alice), front=picture(seed=9))["id"]
    of_image = say(alice, "post", "/api/v1/fingerprints", {"document_id": unread})
    assert (of_image.status_code, of_image.json()["kind"]) == (201, "image")
    document = alone(alice, picture)
    first, again = (say(alice, "post", "/api/v1/fingerprints", {"document_id": document}) for _ in range(2))
    assert (first.status_code, first.json()["kind"], again.json()) == (201, "number", first.json())


def test_a_file_is_blocked_by_the_hash_of_its_bytes(alice: Person, picture: Picture, script: Script) -> None:
    """As the file is uploaded, in whatever way: nothing of it is changed before it is hashed."""
    data = picture(seed=2)
    sha256 = hashlib.sha256(data).hexdigest()
    first, again = (say(alice, "post", FINGERPRINTS, {"hash": sent, "label": "Sold on a forum"}) for sent in (sha256.upper(), sha256))
    mark = first.json()
    assert (first.status_code, again.status_code, again.json()) == (201, 200, mark)
    assert mark == {"id": mark["id"], "document_id": None, "kind": "file", "fingerprint_hash": sha256, "created_at": mark["created_at"]}
    entry = alice.get(f"/lists/{mark['id']}").json()["data"]
    assert (entry["kind"], entry["value"], entry["reason"], ListEntry.objects.count()) == ("blocked_file", sha256, "Sold on a forum", 1)
    rows = repr([(row.digest, bytes(row.content_sealed)) for row in ListEntry.objects.all()])
    assert sha256 not in rows
    assert sha256 not in repr(list(AuditEntry.objects.filter(action__startswith="list_entry").values()))
    case = submitted(alice, picture)
    worst = {check["reason_code"] for document in case["documents"] for check in document["checks"] if check["outcome"] == "error"}
    lease, photo = (next(entry for entry in case["documents"] if entry["document_type"]["id"] == kind) for kind in (24, 1))
    assert (case["status_label"], lease["status_label"], photo["status_label"], worst) == ("Rejected", "Rejected", "Approved", {"document_blocked"})
    file = io.BytesIO(data)
    file.name = "selfie.jpg"
    form = {"file": file, "document_type": "selfie", "country": "USA"}
    sent = Client().post("/api/v1/documents", form, headers={"X-API-Key": alice.secret})
    work_off()
    checks = say(alice, "get", f"/api/v1/documents/{sent.json()['id']}/checks").json()["data"]
    assert {check["name"]: check["status"] for check in checks}["document_not_blocked"] == "failed"


def test_files_that_are_blocked_are_listed_and_unblocked(alice: Person, picture: Picture, script: Script) -> None:
    document = alone(alice, picture)
    say(alice, "post", FINGERPRINTS, {"document_id": document})
    mark = say(alice, "post", FINGERPRINTS, {"hash": "ab" * 32}).json()
    alice.post("/lists", {"kind": "blocked_document_number", "value": "L898902C3", "reason": "x"})
    listed = say(alice, "get", FINGERPRINTS).json()
    assert (listed["data"][0], listed["pagination"]["total"]) == (mark, Fingerprint.objects.count() + 1)
    assert {entry["document_id"] for entry in listed["data"][1:]} == {document}
    assert say(alice, "get", f"{FINGERPRINTS}?limit=1&offset=1").json()["data"] == listed["data"][1:2]
    place = f"{FINGERPRINTS}/{mark['id']}"
    assert [say(alice, "delete", place).status_code for _ in range(2)] == [204, 404]
    assert list(ListEntry.objects.values_list("kind", flat=True)) == ["blocked_document_number"]
    case = submitted(alice, picture)
    assert "document_blocked" not in str(case["checks"])


@pytest.mark.parametrize("value", ["ab" * 31, "zz" * 32, "", "sha256:" + "ab" * 32, "ab" * 64, 7, None])
def test_what_is_no_sha256_is_422(alice: Person, value: Any) -> None:
    response = say(alice, "post", FINGERPRINTS, {"hash": value})
    assert (response.status_code, [entry["field"] for entry in response.json()["errors"]]) == (422, ["hash"])
    assert (ListEntry.objects.count(), AuditEntry.objects.filter(action="list_entry.added").count()) == (0, 0)
    native = alice.post("/lists", {"kind": "blocked_file", "value": value, "reason": "x"})
    assert (native.status_code, list(native.json()["errors"]), ListEntry.objects.count()) == (422, ["value"], 0)


def test_blocking_a_file_takes_the_scopes_of_lists(alice: Person, charlie: Person) -> None:
    clerk = make_person("clerk", workspace="wonder", scopes=["documents:read", "documents:write"])
    refused = say(clerk, "post", FINGERPRINTS, {"hash": "ab" * 32})
    assert (refused.status_code, refused.json()["error"], ListEntry.objects.count()) == (403, "missing_scope", 0)
    mark = say(alice, "post", FINGERPRINTS, {"hash": "ab" * 32}).json()
    for person in (clerk, charlie):
        assert say(person, "get", FINGERPRINTS).json()["data"] == []
        assert say(person, "delete", f"{FINGERPRINTS}/{mark['id']}").status_code == 404
    assert ListEntry.objects.count() == 1


def test_a_block_that_ended_is_put_on_anew(alice: Person) -> None:
    ended = say(alice, "post", FINGERPRINTS, {"hash": "ab" * 32}).json()
    ListEntry.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    anew = say(alice, "post", FINGERPRINTS, {"hash": "ab" * 32})
    assert (anew.status_code, anew.json()["id"] != ended["id"], ListEntry.objects.count()) == (201, True, 1)


def test_documents_of_a_blocked_country_are_found_out(alice: Person, picture: Picture, script: Script) -> None:
    add = {"data": {"attributes": {"value": "USA"}}}
    assert say(alice, "post", "/api/v1/list-item/countries", add).status_code == 201
    assert say(alice, "post", "/api/v1/list-item/countries", add).status_code == 422
    assert say(alice, "post", "/api/v1/list-item/countries", {"data": {"attributes": {"value": "XX"}}}).status_code == 422
    document = alone(alice, picture)
    checks = {check["name"]: check["status"] for check in say(alice, "get", f"/api/v1/documents/{document}/checks").json()["data"]}
    # Declared alone it rejects nobody.
    assert (checks["document_not_blocked"], ListEntry.objects.count()) == ("review", 1)
    script.fields["PHOTO_ID"] = {**PASSPORT, "document.country_code": "USA"}
    read = alone(alice, picture, seed=8)
    checks = {check["name"]: check["status"] for check in say(alice, "get", f"/api/v1/documents/{read}/checks").json()["data"]}
    assert checks["document_not_blocked"] == "failed"


def test_an_archived_list_counts_no_more(alice: Person, picture: Picture, script: Script) -> None:
    made = say(alice, "post", "/api/v1/list/government-id-numbers", {"data": {"attributes": {"name": "Stolen"}}}).json()["data"]["id"]
    say(alice, "post", "/api/v1/list-item/government-id-numbers", {"data": {"attributes": {"list-id": made, "value": "L898902C3"}}})
    checks = say(alice, "get", f"/api/v1/documents/{alone(alice, picture)}/checks").json()["data"]
    assert next(check["status"] for check in checks if check["name"] == "document_not_blocked") == "failed"
    say(alice, "delete", f"/api/v1/lists/{made}", **JSON_API)
    checks = say(alice, "get", f"/api/v1/documents/{alone(alice, picture, seed=8)}/checks").json()["data"]
    assert next(check["status"] for check in checks if check["name"] == "document_not_blocked") == "passed"


def test_lists_of_another_workspace_do_not_exist(alice: Person, charlie: Person) -> None:
    made = say(alice, "post", "/api/v1/list/names", {"data": {"attributes": {"name": "Ours"}}}).json()["data"]["id"]
    item = {"data": {"attributes": {"list-id": made, "name-first": "Ned", "name-last": "Flanders"}}}
    file = {"data": {"attributes": {"list-id": made, "file": {"data": b64(b"name_first,name_last\nNed,Flanders\n")}}}}
    told = [
        say(charlie, "get", f"/api/v1/lists/{made}", **JSON_API).status_code, say(charlie, "delete", f"/api/v1/lists/{made}", **JSON_API).status_code,
        say(charlie, "post", "/api/v1/list-item/names", item).status_code,
        say(charlie, "post", "/api/v1/importer/list-item/names", file).status_code,
        say(alice, "post", "/api/v1/importer/list-item/government-id-numbers", file).status_code,
    ]  # fmt: skip
    assert (told[:4], told[4] in (404, 422), ListEntry.objects.count()) == ([404] * 4, True, 0)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"", b"colour\nred\n", b'"value\n'], ids=["no text", "empty", "another header", "no CSV"])
def test_a_file_that_will_not_do_adds_nothing(alice: Person, data: bytes) -> None:
    made = say(alice, "post", "/api/v1/list/government-id-numbers", {"data": {"attributes": {"name": "Ours"}}}).json()["data"]["id"]
    body = {"data": {"attributes": {"list-id": made, "file": {"data": b64(data)}}}}
    refused = say(alice, "post", "/api/v1/importer/list-item/government-id-numbers", body)
    assert (refused.status_code, ListEntry.objects.count()) == (422, 0)


def test_requests_are_listed_only_where_they_are_to_be(alice: Person, charlie: Person, settings: Any) -> None:
    alice.get("/usps1583/verifications")
    assert ApiLog.objects.count() == 0
    settings.API_LOG_DAYS = 1
    alice.get("/usps1583/verifications?q=Homer")
    alice.get("/usps1583/verifications/Homer%20Simpson")
    assert list(ApiLog.objects.order_by("id").values_list("path", "status", "token")) == [
        ("/api/v1/<flow:flow>/verifications", 200, alice.token.prefix),
        ("/api/v1/<flow:flow>/verifications/<str:verification>", 404, alice.token.prefix),
    ]
    assert say(charlie, "get", "/api/v1/api-logs").json()["data"] == []


def test_tags_of_a_document_change_in_any_state(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())["id"]
    work_off(twice=False)
    for name, tag, tags in (("add-tag", "a", ["a"]), ("add-tag", "a", ["a"]), ("set-tags", ["b", "c"], ["b", "c"]), ("remove-tag", "b", ["c"])):
        done = say(alice, "post", f"/api/v1/documents/{document}/{name}", {"meta": {"tag-name": tag}})
        assert (done.status_code, done.json()["meta"], Document.objects.get(pk=document).tags) == (200, {"tags": tags}, tags)
    long = say(alice, "patch", f"/api/v1/documents/{document}", {"metadata": {"k": "x" * 16384}})
    assert (long.status_code, Document.objects.get(pk=document).metadata) == (422, {})
    say(alice, "delete", f"/api/v1/sessions/{case['id']}/data")
    refused = say(alice, "post", f"/api/v1/documents/{document}/add-tag", {"meta": {"tag-name": "late"}})
    assert (refused.status_code, Document.objects.get(pk=document).tags) == (422, [])

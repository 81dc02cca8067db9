"""Inquiries, documents and list items beyond the printed page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from scripted import LEASE, Script
from speaking import JSON_API, say

from decisions.models import ListEntry
from documents.models import Document
from factories import Person, b64, submitted, work_off
from verifications.models import Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
INQUIRIES, GENERICS, IDS = "/api/v1/inquiries", "/api/v1/document/generics", "/api/v1/document/government-ids"


def sent(**attributes: Any) -> dict[str, Any]:
    return {"data": {"attributes": {name.replace("_", "-"): value for name, value in attributes.items()}}}


def inquiry(person: Person, **attributes: Any) -> str:
    made = say(person, "post", INQUIRIES, sent(inquiry_template_id="usps1583", **attributes))
    assert made.status_code == 201, made.content
    return f"{INQUIRIES}/{made.json()['data']['id']}"


def generic(person: Person, **attributes: Any) -> Any:
    return say(person, "post", GENERICS, sent(**{"kind": "utility_bill", "country_code": "USA", **attributes}))


def test_a_page_begins_after_or_before_an_object(alice: Person) -> None:
    made = [inquiry(alice).rpartition("/")[2] for _ in range(5)]
    newest = say(alice, "get", f"{INQUIRIES}?page[size]=2").json()
    assert ([entry["id"] for entry in newest["data"]], newest["links"]["prev"]) == ([made[4], made[3]], None)
    middle = say(alice, "get", newest["links"]["next"]).json()
    assert [entry["id"] for entry in middle["data"]] == [made[2], made[1]]
    assert [entry["id"] for entry in say(alice, "get", middle["links"]["prev"]).json()["data"]] == [made[4], made[3]]
    last = say(alice, "get", middle["links"]["next"]).json()
    assert ([entry["id"] for entry in last["data"]], last["links"]["next"]) == ([made[0]], None)


@pytest.mark.parametrize("query", ["page[size]=0", "page[size]=101", "page[after]=inq_nothing", "filter[status]=gone", "include=everything"])
def test_queries_out_of_range_are_422(alice: Person, query: str) -> None:
    path = inquiry(alice) if "include" in query else INQUIRIES
    response = say(alice, "get", f"{path}?{query}")
    assert (response.status_code, "pointer" in response.json()["errors"][0]["source"]) == (422, True)


def test_another_workspaces_inquiry_is_no_place_in_a_list(alice: Person, charlie: Person) -> None:
    assert say(charlie, "get", f"{INQUIRIES}?page[after]={inquiry(alice).rpartition('/')[2]}").status_code == 422


def test_an_inquiry_from_its_creation_to_its_approval(alice: Person, picture: Picture, script: Script) -> None:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    fields = {"name-first": "Homer", "name-last": "Simpson"}
    place = inquiry(alice, reference_id="r-1", tags=["new"], fields=fields)
    pk = place.rpartition("/")[2]
    told = [say(alice, "get", place).json()["data"]["attributes"]["status"]]
    photo = say(alice, "post", IDS, sent(id_class="pp", country_code="USA", inquiry_id=pk, front_photo={"data": b64(picture(seed=1))})).json()["data"]
    proof = generic(alice, kind="proof_of_address", document_type="lease", inquiry_id=pk, files=[{"data": b64(picture(seed=2))}]).json()["data"]
    for path in (f"{IDS}/{photo['id']}/submit", f"{GENERICS}/{proof['id']}/submit"):
        assert say(alice, "post", path).status_code == 200
    told.append(say(alice, "get", place).json()["data"]["attributes"]["status"])
    work_off()
    told.append(say(alice, "post", f"{place}/submit").json()["data"]["attributes"]["status"])
    work_off()
    told.append(say(alice, "get", place).json()["data"]["attributes"]["status"])
    case = say(alice, "get", "/api/v1/cases", **JSON_API).json()["data"][0]
    assert case["relationships"]["inquiries"]["data"] == [{"type": "inquiry", "id": pk}]
    told.append(say(alice, "post", f"{place}/approve", {"meta": {"comment": "Seen"}}).json()["data"]["attributes"]["status"])
    assert told == ["created", "pending", "completed", "needs_review", "approved"]
    shown = say(alice, "get", f"{place}?include=documents").json()
    assert {entry["attributes"]["status"] for entry in shown["included"]} == {"processed"}
    read = next(entry["attributes"] for entry in shown["included"] if entry["type"] == "document/government-id")
    assert (read["name-last"], read["birthdate"], read["identification-number"], read["id-class"]) == ("Simpson", "1988-07-23", "L898902C3", "pp")
    assert read["processed-at"] is not None
    refused = say(alice, "post", f"{place}/decline")
    assert (refused.status_code, refused.json()["errors"][0]["code"], Verification.objects.get().status) == (422, "transition_not_allowed", 3)


def test_declined(alice: Person, picture: Picture, script: Script) -> None:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    pk = submitted(alice, picture)["id"]
    done = say(alice, "post", f"{INQUIRIES}/{pk}/decline", {})
    assert (done.json()["data"]["attributes"]["status"], Verification.objects.get().status) == ("declined", VerificationStatus.REJECTED)


def test_an_inquiry_is_updated_tagged_resumed_and_redacted(alice: Person) -> None:
    place = inquiry(alice)
    updated = say(alice, "patch", place, sent(reference_id="r-2")).json()["data"]["attributes"]
    calls: list[tuple[str, Any]] = [("add-tag", "a"), ("add-tag", "a"), ("set-tags", ["b", "c"]), ("remove-tag", "b")]
    told = [say(alice, "post", f"{place}/{name}", {"meta": {"tag-name": tag}}).json()["data"]["attributes"]["tags"] for name, tag in calls]
    assert (updated["reference-id"], told) == ("r-2", [["a"], ["a"], ["b", "c"], ["c"]])
    assert say(alice, "post", f"{place}/resume").status_code == 422
    gone = say(alice, "delete", place).json()["data"]["attributes"]
    assert (gone["redacted-at"] is not None, gone["tags"]) == (True, [])
    assert (say(alice, "patch", place, sent(reference_id="late")).status_code, Verification.objects.get().external_ref) == (422, "")


def test_a_document_changes_while_it_is_initiated(alice: Person, picture: Picture) -> None:
    place = f"{GENERICS}/{generic(alice).json()['data']['id']}"
    changed = say(alice, "patch", place, sent(kind="bank_statement", files=[{"filename": "private name.png", "data": b64(picture("PNG"))}]))
    assert [file["filename"] for file in changed.json()["data"]["attributes"]["files"]] == ["front.png"]
    assert Document.objects.get().type_id == 42
    assert say(alice, "post", f"{place}/submit").json()["data"]["attributes"]["status"] == "submitted"
    refused = say(alice, "patch", place, sent(kind="utility_bill"))
    assert (refused.status_code, Document.objects.get().type_id) == (422, 42)


def test_a_file_opens_at_its_address(alice: Person, picture: Picture) -> None:
    url = generic(alice, files=[{"data": b64(picture())}]).json()["data"]["attributes"]["files"][0]["url"]
    assert Client().get(url.removeprefix("http://testserver")).content == picture()


@pytest.mark.parametrize(
    "attributes",
    [
        {"kind": "proof_of_address"}, {"kind": "passport"}, {"kind": "poem"}, {"country_code": "XX"}, {"files": [{"data": 5}]}, {"files": [{}]},
        {"inquiry_id": 5},
    ],
    ids=["no type", "government id", "unknown", "country", "number", "no data", "inquiry"],
)  # fmt: skip
def test_what_is_no_document_leaves_nothing(alice: Person, attributes: dict[str, Any]) -> None:
    response = generic(alice, **attributes)
    assert (response.status_code, Document.objects.count(), Verification.objects.count()) == (422, 0, 0)
    assert response.json()["errors"][0]["source"]["pointer"].startswith("/data/attributes/")


def test_one_document_of_a_kind_per_inquiry(alice: Person) -> None:
    pk = inquiry(alice).rpartition("/")[2]
    assert [generic(alice, inquiry_id=pk).status_code for _ in range(2)] == [201, 409]
    assert Document.objects.count() == 1


def test_a_document_of_the_other_kind_is_not_found(alice: Person) -> None:
    pk = generic(alice).json()["data"]["id"]
    assert (say(alice, "post", f"{IDS}/{pk}/submit").status_code, Document.objects.get().draft) == (404, True)


@pytest.mark.parametrize(("path", "attributes", "shown"), [
    ("government-id-numbers", {"value": "L898902C3"}, "L898902C3"), ("names", {"name_first": "Ned", "name_last": "Flanders"}, "Ned Flanders"),
])  # fmt: skip
def test_items_go_onto_a_list_and_off_it(alice: Person, path: str, attributes: dict[str, Any], shown: str) -> None:
    made = say(alice, "post", f"/api/v1/list-item/{path}", sent(**attributes))
    item = made.json()["data"]
    assert (made.status_code, item["attributes"]["value"], ListEntry.objects.count()) == (201, shown, 1)
    assert say(alice, "post", f"/api/v1/list-item/{path}", sent(**attributes)).status_code == 422
    other = "names" if path != "names" else "government-id-numbers"
    assert (say(alice, "delete", f"/api/v1/list-item/{other}/{item['id']}").status_code, ListEntry.objects.count()) == (404, 1)
    assert say(alice, "delete", f"/api/v1/list-item/{path}/{item['id']}").json()["data"]["attributes"]["status"] == "archived"
    assert ListEntry.objects.count() == 0


def test_the_media_type_of_json_api_is_taken(alice: Person) -> None:
    body = '{"data": {"attributes": {"inquiry-template-id": "usps1583"}}}'
    made = Client().post(INQUIRIES, data=body, content_type="application/vnd.api+json", headers={"X-API-Key": alice.secret})
    assert made.status_code == 201
    assert Client().post(INQUIRIES, data=body, content_type="text/plain", headers={"X-API-Key": alice.secret}).status_code == 415

"""The printed page "Submit a Generic Document" and the whole sidebar of its API, line by line."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings
from printed import Page, is_null, is_time, like
from scripted import LEASE, Script
from speaking import JSON_API, say

from documents.models import Document
from factories import b64, make_person, submitted, work_off
from factories import drawn as picture
from tests.conformance.kit import is_object, is_text

pytestmark = pytest.mark.django_db
GENERICS, IDS, INQUIRIES = "/api/v1/document/generics", "/api/v1/document/government-ids", "/api/v1/inquiries"


def sent(**attributes: Any) -> dict[str, Any]:
    return {"data": {"attributes": {name.replace("_", "-"): value for name, value in attributes.items()}}}


class World:
    """An inquiry with a generic document that was submitted (``answer`` is the printed call's), and one that waits for a person."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        script = Script()
        script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
        patch.setattr("documents.reading.read", script.read)
        self.alice = make_person("alice", workspace="wonder")
        self.doubtful = f"inq_{submitted(self.alice, picture)['id'].partition('_')[2]}"
        self.inquiry = self.call("post", INQUIRIES, sent(inquiry_template_id="usps1583", reference_id="r-1")).json()["data"]["id"]
        self.document = self.new()
        self.answer = self.submit(self.document, Idempotency_Key="k-1")

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return say(self.alice, method, path, body, **{**JSON_API, **headers})

    def new(self, *, files: bool = True, inquiry: bool = True, seed: int = 5) -> str:
        more = {"files": [{"filename": "multipage_example.pdf", "data": b64(picture(seed=seed))}]} if files else {}
        owner = {"inquiry_id": self.inquiry} if inquiry else {}
        made = self.call("post", GENERICS, sent(kind="proof_of_address", document_type="lease", country_code="USA", **more, **owner))
        assert made.status_code == 201, made.content
        return str(made.json()["data"]["id"])

    def submit(self, document: str, **headers: str) -> Any:
        return self.call("post", f"{GENERICS}/{document}/submit", **headers)

    @property
    def data(self) -> dict[str, Any]:
        return self.answer.json()["data"]  # type: ignore[no-any-return]

    @property
    def file(self) -> dict[str, Any]:
        return self.data["attributes"]["files"][0]  # type: ignore[no-any-return]

    @property
    def case(self) -> str:
        return f"case_{self.doubtful.partition('_')[2]}"


PAGE = Page()
PAGE.says("POST /api/v1/document/generics/:document-id/submit", lambda w: w.answer.status_code == 200)
PAGE.says("Authorization: API Key authentication via header", lambda w: Client().get(
    f"{INQUIRIES}/{w.inquiry}", headers={"Authorization": f"Bearer {w.alice.secret}"}
).status_code == 200)  # fmt: skip
PAGE.says("without Authorization", lambda w: Client().post(f"{GENERICS}/{w.document}/submit").status_code == 401)
PAGE.says("the answer has data and nothing else", lambda w: set(w.answer.json()) == {"data"})
PAGE.members("data", lambda w: w.data, {
    "type": lambda value: value == "document/generic", "id": like("doc_.+"), "attributes": is_object, "relationships": is_object,
})  # fmt: skip
PAGE.members("data.attributes", lambda w: w.data["attributes"], {
    "kind": lambda value: value == "proof_of_address", "status": lambda value: value == "submitted", "created-at": is_time, "processed-at": is_null,
    "files": lambda value: len(value) == 1,
})  # fmt: skip
PAGE.says("created-at has milliseconds", lambda w: like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")(w.data["attributes"]["created-at"]))
PAGE.says("attributes: no others", lambda w: set(w.data["attributes"]) == {"kind", "status", "created-at", "processed-at", "files"})
PAGE.says("files.filename", lambda w: is_text(w.file["filename"]))
PAGE.says("files.url: /api/v1/files/…/filename", lambda w: like(rf"http://testserver/api/v1/files/[^/]+/{w.file['filename']}")(w.file["url"]))
PAGE.says("files: no others", lambda w: set(w.file) == {"filename", "url"})
PAGE.says("relationships.inquiry.data.type", lambda w: w.data["relationships"]["inquiry"]["data"]["type"] == "inquiry")
PAGE.says("relationships.inquiry.data.id", lambda w: w.data["relationships"]["inquiry"]["data"]["id"] == w.inquiry)
PAGE.says("relationships: no others", lambda w: set(w.data["relationships"]) == {"inquiry"})
PAGE.says("document-id is required", lambda w: w.call("post", f"{GENERICS}//submit").status_code == 404)
PAGE.says("an unknown document-id", lambda w: w.submit("doc_nothing").status_code == 404)


@PAGE.line("Submit a generic document for processing")
def _(w: World) -> None:
    alone = w.new(inquiry=False)
    assert w.submit(alone).status_code == 200
    work_off()
    shown = w.call("get", f"/api/v1/documents/{alone}").json()["data"]["attributes"]
    assert (shown["status"], is_time(shown["processed-at"])) == ("processed", True)


@PAGE.line("Can only submit initiated documents")
def _(w: World) -> None:
    again = w.submit(w.document)
    assert (again.status_code, again.json()["errors"][0]["code"], Document.objects.get(pk=w.document).draft) == (422, "not_draft", False)


@PAGE.line("with files attached")
def _(w: World) -> None:
    empty = w.new(files=False, inquiry=False)
    refused = w.submit(empty)
    assert (refused.status_code, set(refused.json()["errors"][0]), Document.objects.get(pk=empty).draft) == (422, {"title", "details", "code"}, True)


PAGE.says(
    "Key-Inflection: casing for the API response",
    lambda w: "createdAt" in w.submit(w.new(inquiry=False), Key_Inflection="camel").json()["data"]["attributes"],
)
PAGE.says("Key-Inflection: snake", lambda w: "created_at" in w.submit(w.new(inquiry=False), Key_Inflection="snake").json()["data"]["attributes"])
PAGE.says("Key-Inflection is optional: kebab", lambda w: "created-at" in w.data["attributes"])


@PAGE.line("Idempotency-Key: Ensures the request is idempotent")
def _(w: World) -> None:
    again = w.submit(w.document, Idempotency_Key="k-1")
    assert (again.status_code, again.json()["data"]["attributes"]["status"], again["Idempotency-Replayed"]) == (200, "submitted", "true")


PAGE.says("response 200: data, object", lambda w: isinstance(w.answer.json()["data"], dict))


@PAGE.line("Download a File: the filename must be the token's")
def _(w: World) -> None:
    address = w.file["url"].removeprefix("http://testserver")
    assert Client().get(address).content == picture(seed=5)
    assert Client().get(address.rpartition("/")[0] + "/other.jpg").status_code == 403


def sidebar(words: str, method: str, path: str, body: Any = None, *, status: int = 200) -> None:
    """``path`` may name {inquiry}, {doubtful}, {document}, {case} and {item}; a function as body is given the world."""

    def check(w: World) -> None:
        names = {"inquiry": w.inquiry, "doubtful": w.doubtful, "document": w.document, "case": w.case}
        response = w.call(method, path.format(**names), body(w) if callable(body) else body)
        assert response.status_code == status, response.content[:300]
        assert "data" in response.json() if status < 300 else response.json()["errors"][0]["code"] == "not_offered", response.content[:300]

    PAGE.line(f"sidebar: {method.upper()} {words}")(check)


TAG = {"meta": {"tag-name": "vip"}}
TAGS = {"meta": {"tag-name": ["vip"]}}
sidebar("Retrieve an Inquiry", "get", f"{INQUIRIES}/{{inquiry}}")
sidebar("Redact an Inquiry", "delete", f"{INQUIRIES}/{{inquiry}}")
sidebar("Update an Inquiry", "patch", f"{INQUIRIES}/{{inquiry}}", sent(reference_id="r-2"))
sidebar("Approve an Inquiry", "post", f"{INQUIRIES}/{{doubtful}}/approve", {})
sidebar("Decline an Inquiry", "post", f"{INQUIRIES}/{{doubtful}}/decline", {})
sidebar("List all Inquiries", "get", INQUIRIES)
sidebar("Create an Inquiry", "post", INQUIRIES, sent(inquiry_template_id="usps1583"), status=201)
sidebar("Retrieve a Report", "get", "/api/v1/reports/rep_1", status=501)
sidebar("List all Reports", "get", "/api/v1/reports", status=501)
sidebar("Create a Report", "post", "/api/v1/reports", {}, status=501)
sidebar("Retrieve an Account", "get", "/api/v1/accounts/act_1", status=501)
sidebar("Redact an Account", "delete", "/api/v1/accounts/act_1", status=501)
sidebar("Update an Account", "patch", "/api/v1/accounts/act_1", {}, status=501)
sidebar("List all Accounts", "get", "/api/v1/accounts", status=501)
sidebar("Create an Account", "post", "/api/v1/accounts", {}, status=501)
sidebar("Consolidate Accounts", "post", "/api/v1/accounts/act_1/consolidate", {}, status=501)
sidebar("Import Accounts", "post", "/api/v1/importer/accounts", {}, status=501)
sidebar("Retrieve an Importer", "get", "/api/v1/importers/imp_1", status=501)
sidebar("Create a Generic Document", "post", GENERICS, sent(kind="utility_bill"), status=201)
sidebar("Retrieve a Document", "get", "/api/v1/documents/{document}")
sidebar("Create a Phone Number Verification", "post", "/api/v1/verification/phone-numbers", {}, status=501)
sidebar("Create a Database Verification", "post", "/api/v1/verification/databases", {}, status=501)
sidebar("List all Events", "get", "/api/v1/events")
sidebar("Retrieve Case", "get", "/api/v1/cases/{case}")
sidebar("List all Cases", "get", "/api/v1/cases")
sidebar("Add a tag", "post", f"{INQUIRIES}/{{inquiry}}/add-tag", TAG)
sidebar("Remove a tag", "post", f"{INQUIRIES}/{{inquiry}}/remove-tag", TAG)
sidebar("Set all tags", "post", f"{INQUIRIES}/{{inquiry}}/set-tags", TAGS)
sidebar("Add a tag (the second time)", "post", "/api/v1/accounts/act_1/add-tag", TAG, status=501)
sidebar("Remove a tag (the second time)", "post", "/api/v1/accounts/act_1/remove-tag", TAG, status=501)
sidebar("Set all tags (the second time)", "post", "/api/v1/accounts/act_1/set-tags", TAGS, status=501)
for _words, _place in (("case", "/api/v1/cases/{case}"), ("document", "/api/v1/documents/{document}")):
    sidebar(f"Add a tag to a {_words}", "post", f"{_place}/add-tag", TAG)
    sidebar(f"Remove a tag from a {_words}", "post", f"{_place}/remove-tag", TAG)
    sidebar(f"Set all tags of a {_words}", "post", f"{_place}/set-tags", TAGS)
OURS = {"Government ID Number": "government-id-numbers", "Name": "names", "Country": "countries"}
SIGNALS = {
    "Browser Fingerprint": "browser-fingerprints", "Email Address": "email-addresses", "Geolocation": "geolocations", "IP Address": "ip-addresses",
    "Phone Number": "phone-numbers",
}  # fmt: skip
ITEMS = {"government-id-numbers": {"value": "L898902C3"}, "names": {"name_first": "Ned", "name_last": "Flanders"}, "countries": {"value": "PRK"}}
FILES = {"government-id-numbers": "value\nL898902C3\nX1234567\nL898902C3\n12\n", "names": "name_first,name_last\nNed,Flanders\nMoe,Szyslak\n"}
for _words, _path in SIGNALS.items():
    sidebar(f"Create a(n) {_words} List", "post", f"/api/v1/list/{_path}", {}, status=501)
    sidebar(f"Create a(n) {_words} List Item", "post", f"/api/v1/list-item/{_path}", {}, status=501)
    sidebar(f"Archive a(n) {_words} List Item", "delete", f"/api/v1/list-item/{_path}/lit_1", status=501)
    if _words != "Browser Fingerprint":
        sidebar(f"Import {_words} Lists", "post", f"/api/v1/importer/list-item/{_path}", {}, status=501)
for _words, _path in OURS.items():
    sidebar(f"Create a {_words} List", "post", f"/api/v1/list/{_path}", sent(name="Ours"), status=201)
    sidebar(f"Create a {_words} List Item", "post", f"/api/v1/list-item/{_path}", sent(**ITEMS[_path]), status=201)


def a_list(w: World, path: str) -> str:
    made = w.call("post", f"/api/v1/list/{path}", sent(name="Ours"))
    assert (made.status_code, made.json()["data"]["attributes"]["name"]) == (201, "Ours")
    return str(made.json()["data"]["id"])


@pytest.mark.parametrize("path", list(ITEMS))
def test_an_item_goes_on_a_list_and_off_it(world: World, path: str) -> None:
    """sidebar: DEL Archive a Country / Name / Government ID Number List Item"""
    made = world.call("post", f"/api/v1/list-item/{path}", sent(list_id=a_list(world, path), **ITEMS[path])).json()["data"]
    assert made["relationships"]["list"]["data"]["id"].startswith("lis_")
    place = f"/api/v1/list-item/{path}/{made['id']}"
    assert world.call("delete", place).json()["data"]["attributes"]["status"] == "archived"
    assert world.call("delete", place).status_code == 404


@pytest.mark.parametrize(("path", "counts"), [("government-id-numbers", [2, 1, 1]), ("names", [2, 0, 0])])
def test_a_file_goes_on_a_list(world: World, path: str, counts: list[int]) -> None:
    """sidebar: POST Import Government ID Number Lists / Import Name Lists"""
    body = sent(list_id=a_list(world, path), file={"data": b64(FILES[path].encode()), "filename": "list.csv"})
    first, again = (world.call("post", f"/api/v1/importer/list-item/{path}", body) for _ in range(2))
    names = ("successful-count", "duplicate-count", "errored-count")
    assert first.status_code == 201, first.content
    assert [first.json()["data"]["attributes"][name] for name in names] == counts
    assert again.json()["data"]["attributes"]["successful-count"] == 0


@PAGE.line("sidebar: GET Retrieve a List, GET List all Lists, DEL Archive a List")
def _(w: World) -> None:
    pk = a_list(w, "names")
    w.call("post", "/api/v1/list-item/names", sent(list_id=pk, **ITEMS["names"]))
    assert w.call("get", f"/api/v1/lists/{pk}").json()["data"]["attributes"]["item-count"] == 1
    assert [row["id"] for row in w.call("get", "/api/v1/lists").json()["data"]] == [pk]
    gone = [w.call("delete", f"/api/v1/lists/{pk}").json()["data"]["attributes"] for _ in range(2)]
    assert [(row["status"], row["item-count"]) for row in gone] == [("archived", 0)] * 2
    assert w.call("post", "/api/v1/list-item/names", sent(list_id=pk, **ITEMS["names"])).status_code == 404


@PAGE.line("sidebar: GET Retrieve an Event")
def _(w: World) -> None:
    events = w.call("get", "/api/v1/events?page[size]=100").json()["data"]
    names = {event["attributes"]["name"] for event in events}
    assert {"inquiry.created", "inquiry.completed", "inquiry.marked-for-review", "document.submitted"} <= names
    one = w.call("get", f"/api/v1/events/{events[0]['id']}").json()["data"]
    assert (one, set(one["attributes"]["payload"]["data"]) >= {"type", "id", "attributes"}) == (events[0], True)
    assert "Simpson" not in str(events)
    assert w.call("get", "/api/v1/events/evt_nothing").status_code == 404


@PAGE.line("sidebar: GET List all API Logs, GET Retrieve an API Log")
def _(w: World) -> None:
    refused = w.call("get", "/api/v1/api-logs")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (501, "not_offered")
    with override_settings(API_LOG_DAYS=7):
        w.call("get", f"{INQUIRIES}/{w.inquiry}?include=documents")
        w.call("get", f"{INQUIRIES}/Homer Simpson")
        rows = w.call("get", "/api/v1/api-logs").json()["data"]
        told = [(row["attributes"]["method"], row["attributes"]["path"], row["attributes"]["status"]) for row in rows]
        assert told[0][1:] == ("/api/v1/inquiries/<str:verification>", 404)
        assert told[1] == ("GET", f"/api/v1/inquiries/{w.inquiry}", 200)
        assert w.call("get", f"/api/v1/api-logs/{rows[0]['id']}").json()["data"]["id"] == rows[0]["id"]


@PAGE.line("sidebar: POST Resume an Inquiry")
def _(w: World) -> None:
    w.alice.post(f"/usps1583/verifications/ver_{w.inquiry.partition('_')[2]}/expire")
    assert w.call("post", f"{INQUIRIES}/{w.inquiry}/resume").status_code == 200


@PAGE.line("sidebar: PATCH Update a Generic Document")
def _(w: World) -> None:
    draft = w.new(inquiry=False)
    assert w.call("patch", f"{GENERICS}/{draft}", sent(kind="bank_statement")).status_code == 200
    assert w.call("patch", f"{GENERICS}/{w.document}", sent(kind="bank_statement")).status_code == 422


@PAGE.line("sidebar: POST Create, PATCH Update, POST Submit a Government ID Document")
def _(w: World) -> None:
    made = w.call("post", IDS, sent(id_class="pp", country_code="USA", front_photo={"data": b64(picture(seed=3))}))
    place = f"{IDS}/{made.json()['data']['id']}"
    told = [made.status_code, w.call("patch", place, sent(country_code="CAN")).status_code, w.call("post", f"{place}/submit").status_code]
    assert told == [201, 200, 200]


@PAGE.line("sidebar: POST Create, PATCH Update, POST Submit a Government ID Verification, GET Retrieve a Verification")
def _(w: World) -> None:
    place = "/api/v1/verification/government-ids"
    made = w.call("post", place, sent(id_class="pp", country_code="USA", front_photo={"data": b64(picture(seed=3))}))
    pk = made.json()["data"]["id"]
    assert (made.status_code, made.json()["data"]["attributes"]["status"], pk[:4]) == (201, "initiated", "ver_")
    assert w.call("patch", f"{place}/{pk}", sent(country_code="CAN")).json()["data"]["attributes"]["country-code"] == "CAN"
    assert w.call("patch", f"{place}/{pk}", sent(country_code="USA")).status_code == 200
    assert w.call("post", f"{place}/{pk}/submit").json()["data"]["attributes"]["status"] == "submitted"
    work_off()
    shown = w.call("get", f"/api/v1/verifications/{pk}").json()["data"]
    assert (shown["type"], shown["attributes"]["status"]) == ("verification/government-id", "passed")
    assert {check["status"] for check in shown["attributes"]["checks"]} <= {"passed", "not_applicable"}
    assert w.call("patch", f"{place}/{pk}", sent(country_code="CAN")).status_code == 422


@PAGE.line("sidebar: POST Create, POST Submit, GET Retrieve a Document Verification")
def _(w: World) -> None:
    place = "/api/v1/verification/documents"
    made = w.call("post", place, sent(kind="lease", files=[{"data": b64(picture(seed=4))}]))
    pk = made.json()["data"]["id"]
    assert (made.status_code, w.call("post", f"{place}/{pk}/submit").status_code) == (201, 200)
    work_off()
    shown = w.call("get", f"{place}/{pk}").json()["data"]
    assert (shown["type"], shown["attributes"]["status"] in ("passed", "failed"), shown["attributes"]["checks"] != []) == (
        "verification/document", True, True,
    )  # fmt: skip
    assert w.call("get", f"/api/v1/verification/selfies/{pk}").status_code == 404


@PAGE.line("sidebar: POST Create, POST Submit a Selfie Verification")
def _(w: World) -> None:
    place = "/api/v1/verification/selfies"
    owner = w.call("post", INQUIRIES, sent(inquiry_template_id="identity")).json()["data"]["id"]
    made = w.call("post", place, sent(inquiry_id=owner, center_photo={"data": b64(picture(seed=4))}))
    assert made.status_code == 201, made.content
    assert w.call("post", f"{place}/{made.json()['data']['id']}/submit").json()["data"]["attributes"]["status"] == "submitted"
    with override_settings(FACE_ENGINE="off"):
        refused = w.call("post", place, sent(inquiry_id=owner, center_photo={"data": b64(picture(seed=4))}))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (501, "engine_not_configured")


@PAGE.cases
def test_it_answers_as_printed(world: World, check: Any) -> None:
    check(world)

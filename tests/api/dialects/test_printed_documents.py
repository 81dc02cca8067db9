"""The printed page "Documents API", which is the native API's own, line by line."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone
from printed import Page, either, is_null, like
from scripted import Script

from documents.models import Document, DocumentStatus
from factories import b64, make_person, start, submitted, upload_body, work_off
from factories import drawn as picture
from tests.conformance.kit import is_text
from verifications.models import Event, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
MOMENT = like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
URL = like(r"https?://.+")
DOCUMENTS = "/usps1583/documents"


class World:
    """A started verification with a document just uploaded (``made``), and one that was approved (``read`` is its photo ID)."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.script = Script()
        patch.setattr("documents.reading.read", self.script.read)
        self.alice = make_person("alice", workspace="wonder")
        self.approved = submitted(self.alice, picture)
        photo = next(entry for entry in self.approved["documents"] if entry["document_type"]["id"] == 1)
        self.read_place = f"{DOCUMENTS}/{photo['id']}"
        self.read = self.alice.get(self.read_place).json()["data"]
        self.case = start(self.alice)
        self.answer = self.create(type=5)
        self.made = self.answer.json()["data"]
        self.place = f"{DOCUMENTS}/{self.made['id']}"

    def create(self, flow: str = "usps1583", case: Any = None, **options: Any) -> Any:
        return self.alice.post(f"/{flow}/documents", upload_body(case or self.case, **{"front": picture(), **options}))

    def change(self, document: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.alice.patch(self.place, {"verification": self.case["id"], **({"document": document} if document is not None else {}), **more})

    @property
    def row(self) -> Document:
        return Document.objects.get(pk=self.made["id"])

    def uploads(self) -> int:
        return Event.objects.filter(verification=self.case["id"], type="document.uploaded").count()


PAGE = Page()
PAGE.says("Context PHOTO_ID: Photo ID", lambda w: w.made["document_type"]["type_label"] == "Photo ID")
PAGE.says(
    "Context PROOF_OF_ADDRESS: Proof of Address",
    lambda w: w.create(context="PROOF_OF_ADDRESS", type=24).json()["data"]["document_type"]["type_label"] == "Proof of Address",
)
PAGE.says(
    "Context SELFIE: Selfie",
    lambda w: w.create("identity", start(w.alice, "identity"), context="SELFIE", type=61).json()["data"]["document_type"]["type_label"] == "Selfie",
)
for _number, _label in enumerate(("Uploaded", "In progress", "Approved", "Rejected", "Double check", "Canceled", "Extracted"), 1):

    def _status(w: World, number: int = _number, label: str = _label) -> None:
        Document.objects.filter(pk=w.made["id"]).update(status=number)
        shown = w.alice.get(w.place).json()["data"]
        assert (shown["status"], shown["status_label"]) == (number, label)

    PAGE.line(f"Status {_number}: {_label}")(_status)
PAGE.says(
    "images are returned via temporary signed URLs",
    lambda w: Client().get(w.made["url_front"].removeprefix("http://testserver")).content == picture(),
)

# Create Document
PAGE.says("POST /api/v1/{flow}/documents: 201 Created", lambda w: w.answer.status_code == 201)
PAGE.members("created", lambda w: w.made, {
    "id": like("doc_.+"), "url_front": URL, "url_back": either(URL, is_null), "status_label": lambda value: value == "Uploaded",
    "verification_id": like("ver_.+"),
    "document_type": lambda value: value == {"id": 5, "name": "Uniformed Service ID", "type_label": "Photo ID"},
    "country": lambda value: value == {"name": "United States of America", "iso2": "US", "iso3": "USA"}, "created_at": MOMENT, "updated_at": MOMENT,
    "extracted_data": lambda value: value == [],
})  # fmt: skip
PAGE.says(
    "Authorization: Bearer {token}",
    lambda w: Client().get(f"/api/v1{w.place}", headers={"Authorization": f"Bearer {w.alice.secret}"}).status_code == 200,
)


def body_without(w: World, name: str) -> Any:
    body = upload_body(start(w.alice), type=1, front=picture())
    holder, _, member = name.rpartition(".")
    (body["document"] if holder else body).pop(member)
    return w.alice.post(DOCUMENTS, body)


def required(name: str, status: int) -> None:
    def check(w: World) -> None:
        before = Document.objects.count()
        assert (body_without(w, name).status_code, Document.objects.count()) == (status, before)

    PAGE.line(f"{name}: required")(check)


for _name in ("verification", "document", "document.context_type", "document.type", "document.country"):
    required(_name, 422)
required("document.front_side_data", 400)
PAGE.says("document.type: integer", lambda w: w.create(case=start(w.alice), type="1").status_code == 422)
PAGE.says("document.country: ISO3 country code", lambda w: w.create(case=start(w.alice), country="US").status_code == 422)
PAGE.says("document.context_type: One of", lambda w: w.create(case=start(w.alice), context="POEM").status_code == 422)


@PAGE.line("document.back_side_data: Excluded for single-sided document types")
def _(w: World) -> None:
    made = w.create(case=start(w.alice), type=1, back=b"no picture at all").json()["data"]
    assert (made["url_back"], Document.objects.get(pk=made["id"]).images.count()) == (None, 1)


@PAGE.line("document.back_side_data: url_back of a double-sided type")
def _(w: World) -> None:
    case = start(w.alice)
    assert w.create(case=case, type=2).status_code == 400
    assert URL(w.create(case=case, type=2, back=picture(seed=2)).json()["data"]["url_back"])


def refused(words: str, status: int, code: str, call: Any) -> None:
    """Nothing changes by it."""

    def check(w: World) -> None:
        response, before = call(w)
        assert (response.status_code, response.json()["code"]) == (status, code), response.content
        assert before() == before.kept

    PAGE.line(words)(check)


class Kept:
    """What a refusal must leave as it was."""

    def __init__(self) -> None:
        self.kept = self()

    def __call__(self) -> Any:
        return (
            sorted(Document.objects.values_list("pk", "status", "type_id", "country", "updated_at")),
            sorted(Verification.objects.values_list("pk", "status")), Event.objects.count(),
        )  # fmt: skip


def after(prepare: Any, call: Any) -> Any:
    def run(w: World) -> tuple[Any, Kept]:
        given = prepare(w)
        kept = Kept()
        return call(w, given), kept

    return run


def at(status: VerificationStatus) -> Any:
    def prepare(w: World) -> Any:
        case = start(w.alice)
        held = {"held_from": 1} if status == VerificationStatus.HOLD else {}
        Verification.objects.filter(pk=case["id"]).update(status=status, **held)
        return case

    return prepare


refused("create 400: Flow mismatch", 400, "flow_mismatch", after(lambda w: start(w.alice, "identity"), lambda w, case: w.create(case=case)))
refused(
    "create 400: verification canceled", 400, "verification_canceled", after(at(VerificationStatus.CANCELED), lambda w, case: w.create(case=case))
)
refused(
    "create 400: not in Started status", 400, "verification_not_started", after(at(VerificationStatus.SUBMITTED), lambda w, case: w.create(case=case))
)
refused(
    "create 400: document type not allowed for flow",
    400,
    "document_type_not_allowed",
    after(lambda w: start(w.alice), lambda w, case: w.create(case=case, type=61)),
)
refused("create 400: duplicate document type", 400, "document_type_taken", after(lambda w: w.case, lambda w, case: w.create(case=case, type=1)))
refused("create 400: missing image data", 400, "image_missing", after(lambda w: start(w.alice), lambda w, case: w.create(case=case, front=b"")))
refused(
    "create 400: invalid image data", 400, "image_invalid", after(lambda w: start(w.alice), lambda w, case: w.create(case=case, front=b"no image"))
)
refused("create: Image data must be valid base64", 400, "image_invalid", after(lambda w: start(w.alice), lambda w, case: w.alice.post(
    DOCUMENTS, {**(body := upload_body(case)), "document": {**body["document"], "front_side_data": "%%%"}}
)))  # fmt: skip
refused(
    "create 404: Verification not found", 404, "verification_not_found", after(lambda w: {"id": "ver_nothing"}, lambda w, case: w.create(case=case))
)
refused("create 422: Validation error", 422, "validation_failed", after(lambda w: start(w.alice), lambda w, case: w.create(case=case, type=None)))
PAGE.says("create 401: Missing or invalid authentication", lambda w: Client().post(f"/api/v1{DOCUMENTS}").status_code == 401)
PAGE.says("On success, a DocumentUploaded event is fired", lambda w: w.uploads() == 1)


@PAGE.line("to begin processing")
def _(w: World) -> None:
    work_off()
    assert w.made["id"] in w.script.calls


# Get Document
PAGE.says("GET /api/v1/{flow}/documents/{document}", lambda w: w.alice.get(w.place).status_code == 200)
PAGE.members("got", lambda w: w.read, {
    "id": like("doc_.+"), "url_front": URL, "url_back": either(URL, is_null), "status_label": is_text, "verification_id": like("ver_.+"),
    "created_at": MOMENT, "updated_at": MOMENT, "extracted_data": lambda value: set(value) >= {"person", "document"},
    "decisions": lambda value: len(value) == 1,
})  # fmt: skip
PAGE.members("extracted_data.person", lambda w: w.read["extracted_data"]["person"], {
    "surname": lambda value: value == "Simpson", "full_name": lambda value: value == "Simpson Homer", "given_names": lambda value: value == "Homer",
    "date_of_birth": lambda value: value == "1988-07-23",
})  # fmt: skip
PAGE.members("extracted_data.document", lambda w: w.read["extracted_data"]["document"], {
    "type": lambda value: value == "Passport", "number": is_text, "has_selfie": lambda value: value in ("0", "1"),
    "identified": lambda value: value == "United States of America - Passport", "country_code": lambda value: value == "USA",
    "country_name": lambda value: value == "United States of America", "issuing_entity": is_text, "expiration_date": like(r"\d{4}-\d\d-\d\d"),
    "selfie_comparison": like(r"\d*"),
})  # fmt: skip
PAGE.members("extracted_data.address", lambda w: next(
    entry for entry in w.alice.get(f"{DOCUMENTS}?verification={w.approved['id']}").json()["data"] if "address" in entry["extracted_data"]
)["extracted_data"]["address"], {
    "zip": lambda value: value == "97477", "city": is_text, "full": is_text, "state": is_text, "street": is_text,
    "country": lambda value: value == "USA",
})  # fmt: skip
PAGE.members("decisions[0]", lambda w: w.read["decisions"][0], {
    "id": like("dec_.+"), "status_label": lambda value: value == "Approved", "validation_workflow": lambda value: value == "Automatic",
    "created_at": MOMENT, "updated_at": MOMENT,
})  # fmt: skip
PAGE.says(
    "get 400: Document's verification does not belong to the specified flow",
    lambda w: w.alice.get(f"/identity/documents/{w.made['id']}").json()["code"] == "flow_mismatch",
)
PAGE.says("get 401", lambda w: Client().get(f"/api/v1{w.place}").status_code == 401)
PAGE.says("get 404: Document not found", lambda w: w.alice.get(f"{DOCUMENTS}/doc_nothing").status_code == 404)


@PAGE.line("Document images are served via temporary signed URLs (30-minute expiry)")
def _(w: World) -> None:
    address = w.alice.get(w.place).json()["data"]["url_front"].removeprefix("http://testserver")
    assert (settings.SIGNED_URL_SECONDS, Client().get(address).status_code) == (1800, 200)
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert Client().get(address).status_code == 410


PAGE.says(
    "Extracted data is only available after the document has been processed",
    lambda w: (w.made["extracted_data"], w.read["extracted_data"] != []) == ([], True),
)
PAGE.says(
    "Decisions are only available after a decision has been made",
    lambda w: (w.alice.get(w.place).json()["data"]["decisions"], len(w.read["decisions"])) == ([], 1),
)

# Update Document
PAGE.says("PATCH /api/v1/{flow}/documents/{document}", lambda w: w.change({"type": 1}).status_code == 200)
_EXAMPLE = {"context_type": "PHOTO_ID", "type": 5, "country": "USA", "front_side_data": b64(picture(seed=2))}
PAGE.members("updated", lambda w: w.change(_EXAMPLE).json()["data"], {
    "id": like("doc_.+"), "url_front": URL, "url_back": either(URL, is_null), "status_label": lambda value: value == "Uploaded",
    "verification_id": like("ver_.+"), "created_at": MOMENT, "updated_at": MOMENT, "extracted_data": lambda value: value == [],
})  # fmt: skip
PAGE.says("update: verification is required", lambda w: w.alice.patch(w.place, {"document": {"type": 1}}).status_code == 422)
PAGE.says("update: status (1–7)", lambda w: w.change(status=8).status_code == 422)
PAGE.says("update: status, only valid when current status is Uploaded", lambda w: w.change(status=6).json()["data"]["status_label"] == "Canceled")


@PAGE.line("Only provided fields are updated; omitted fields retain their current values")
def _(w: World) -> None:
    sha = w.row.images.get().sha256
    w.change({"type": 1})
    assert (w.row.type_id, w.row.country, w.row.images.get().sha256) == (1, "USA", sha)


@PAGE.line("document.country: update")
def _(w: World) -> None:
    w.change({"type": 1})
    assert w.change({"country": "CAN"}).json()["data"]["country"]["iso3"] == "CAN"


@PAGE.line("document.context_type and type: update")
def _(w: World) -> None:
    changed = w.change({"context_type": "PROOF_OF_ADDRESS", "type": 24}).json()["data"]["document_type"]
    assert (changed["id"], changed["type_label"]) == (24, "Proof of Address")


@PAGE.line("document.front_side_data replaces the front image")
def _(w: World) -> None:
    changed = w.change({"front_side_data": b64(picture(seed=2))}).json()["data"]
    assert Client().get(changed["url_front"].removeprefix("http://testserver")).content == picture(seed=2)
    assert w.row.images.count() == 1


@PAGE.line("document.back_side_data replaces the back image")
def _(w: World) -> None:
    assert w.change({"type": 2, "back_side_data": b64(picture(seed=3))}).status_code == 200
    changed = w.change({"back_side_data": b64(picture(seed=4))}).json()["data"]
    assert Client().get(changed["url_back"].removeprefix("http://testserver")).content == picture(seed=4)


def other(status: DocumentStatus) -> Any:
    return lambda w: Document.objects.filter(pk=w.made["id"]).update(status=status)


def moved(status: VerificationStatus) -> Any:
    return lambda w: Verification.objects.filter(pk=w.case["id"]).update(status=status)


refused("update 400: Flow mismatch", 400, "flow_mismatch", after(lambda w: None, lambda w, _: w.alice.patch(
    f"/identity/documents/{w.made['id']}", {"verification": w.case["id"], "document": {"type": 1}}
)))  # fmt: skip
refused(
    "update 400: document already verified (not in Uploaded status)",
    400,
    "document_not_uploaded",
    after(other(DocumentStatus.EXTRACTED), lambda w, _: w.change({"type": 1})),
)
refused(
    "documents that have entered the extraction pipeline cannot be modified",
    400,
    "document_not_uploaded",
    after(other(DocumentStatus.IN_PROGRESS), lambda w, _: w.change({"type": 1})),
)
refused(
    "update 400: parent verification not in Started status",
    400,
    "verification_not_started",
    after(moved(VerificationStatus.SUBMITTED), lambda w, _: w.change({"type": 1})),
)
refused("update 400: document type not allowed", 400, "document_type_not_allowed", after(lambda w: None, lambda w, _: w.change({"type": 61})))
refused("update 404: Document not found", 404, "document_not_found", after(lambda w: None, lambda w, _: w.alice.patch(
    f"{DOCUMENTS}/doc_nothing", {"verification": w.case["id"], "document": {"type": 1}}
)))  # fmt: skip
refused("update 422: Validation error", 422, "validation_failed", after(lambda w: None, lambda w, _: w.change({"type": "one"})))
PAGE.says("update 401", lambda w: Client().patch(f"/api/v1{w.place}").status_code == 401)


@PAGE.line("update: On success, a DocumentUploaded event is fired")
def _(w: World) -> None:
    w.change({"front_side_data": b64(picture(seed=2))})
    assert w.uploads() == 2


# Delete Document
@PAGE.line("DELETE /api/v1/{flow}/documents/{document}: 204 No Content, no response body")
def _(w: World) -> None:
    gone = w.alice.delete(w.place)
    assert (gone.status_code, gone.content, w.alice.get(w.place).status_code) == (204, b"", 404)


@PAGE.line("After deletion, a new document of the same type can be uploaded")
def _(w: World) -> None:
    w.alice.delete(w.place)
    assert w.create(type=5).status_code == 201


refused("delete 400: Document's verification does not belong to the specified flow", 400, "flow_mismatch", after(
    lambda w: None, lambda w, _: w.alice.delete(f"/identity/documents/{w.made['id']}")
))  # fmt: skip
refused("delete 404: Document not found", 404, "document_not_found", after(lambda w: None, lambda w, _: w.alice.delete(f"{DOCUMENTS}/doc_nothing")))
PAGE.says("delete 401", lambda w: Client().delete(f"/api/v1{w.place}").status_code == 401)

# Download Document PDF
PAGE.says("GET /api/v1/{flow}/documents/{document}/pdf: data is a PDF as base64, not a binary stream", lambda w: base64.b64decode(
    w.alice.get(f"{w.read_place}/pdf").json()["data"], validate=True
).startswith(b"%PDF"))  # fmt: skip
PAGE.says("pdf: the example's first characters", lambda w: w.alice.get(f"{w.read_place}/pdf").json()["data"].startswith("JVBERi0x"))
PAGE.says("pdf 400: the flow", lambda w: w.alice.get(f"/identity/documents/{w.read['id']}/pdf").json()["code"] == "flow_mismatch")
PAGE.says(
    "pdf 400: The verification is not in Approved status",
    lambda w: (w.alice.get(f"{w.place}/pdf").status_code, w.alice.get(f"{w.place}/pdf").json()["code"]) == (400, "verification_not_approved"),
)
PAGE.says("pdf 401", lambda w: Client().get(f"/api/v1{w.read_place}/pdf").status_code == 401)
PAGE.says("pdf 404: Document not found", lambda w: w.alice.get(f"{DOCUMENTS}/doc_nothing/pdf").status_code == 404)
PAGE.says("Documents are scoped to a flow via their parent verification", lambda w: w.alice.get("/identity/documents").json()["data"] == [])
PAGE.says("At most one document per document type per verification", lambda w: w.create(type=5).json()["code"] == "document_type_taken")


@PAGE.cases
def test_it_answers_as_printed(world: World, check: Any) -> None:
    check(world)

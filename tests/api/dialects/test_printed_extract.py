"""The printed page "Trigger document extraction" and its sidebar "Documents", line by line."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from printed import Page, either, is_null, is_time, like
from scripted import Script
from speaking import say

from documents.models import Extraction
from factories import b64, make_person, submitted, work_off
from factories import drawn as picture
from tests.conformance.kit import is_object, is_scores, is_text

pytestmark = pytest.mark.django_db
STATUSES = ("pending", "processing", "completed", "failed")


class World:
    """A session with passport and lease, read and judged; ``answer`` is the printed call's."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        script = Script()
        patch.setattr("documents.reading.read", script.read)
        self.alice = make_person("alice", workspace="wonder")
        self.reader = make_person("rea", workspace="wonder", scopes=["documents:read"])
        self.case = submitted(self.alice, picture)
        self.photo, self.lease = (entry["id"] for entry in self.case["documents"])
        self.session = f"/api/v1/sessions/{self.case['id']}"
        body = {"document_type": "lease", "country": "USA", "file": b64(picture(seed=7))}
        self.alone = say(self.alice, "post", "/api/v1/documents", body).json()["id"]
        work_off()
        self.before = list(Extraction.objects.filter(document=self.alone).values_list("pk", flat=True))
        self.answer = say(self.alice, "post", self.place("extract"))
        work_off()

    def place(self, word: str) -> str:
        return f"/api/v1/documents/{self.alone}/{word}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return say(self.alice, method, path, body, **headers)

    @property
    def body(self) -> dict[str, Any]:
        return self.answer.json()  # type: ignore[no-any-return]

    @property
    def done(self) -> dict[str, Any]:
        """The record that the call made, when its reading is over."""
        rows = self.call("get", self.place("extractions")).json()["data"]
        return next(row for row in rows if row["id"] == self.body["id"])

    @property
    def compared(self) -> dict[str, Any]:
        found = self.call("post", "/api/v1/documents/compare", {"document_id": self.photo, "reference_document_id": self.lease})
        return found.json()  # type: ignore[no-any-return]


PAGE = Page()
PAGE.says("POST /api/v1/documents/:document_id/extract", lambda w: w.answer.status_code == 200)
PAGE.members(
    "example",
    lambda w: w.body,
    {
        "id": like("ext_.+"), "document_id": is_text, "extraction_type": is_text, "status": lambda value: value == "pending", "created_at": is_time,
        "extracted_fields": lambda value: value == {}, "confidence_scores": lambda value: value == {}, "reference_document_id": is_null,
        "comparison_results": is_null,
    },
)  # fmt: skip
PAGE.says("the example's members, no others, in this order", lambda w: list(w.body) == [
    "id", "document_id", "extraction_type", "status", "created_at", "extracted_fields", "confidence_scores", "reference_document_id",
    "comparison_results",
])  # fmt: skip
PAGE.says("curl sends X-API-Key and no body", lambda w: Client().post(w.place("extract"), headers={"X-API-Key": w.alice.secret}).status_code == 200)
PAGE.says(
    "Runs OCR and field extraction on the document", lambda w: w.done["status"] == "completed" and "person.surname" in w.done["extracted_fields"]
)
PAGE.says("Creates a new DocumentExtraction record", lambda w: w.body["id"] not in w.before and Extraction.objects.filter(pk=w.body["id"]).exists())
PAGE.says("with the extracted fields", lambda w: w.done["extracted_fields"]["address.zip"] == "97477")
PAGE.says("and confidence scores", lambda w: set(w.done["confidence_scores"]) == set(w.done["extracted_fields"]))
PAGE.says("Required scope: documents:write", lambda w: say(w.reader, "post", w.place("extract")).status_code == 403)
PAGE.says("Keys are prefixed with vk_sandbox_ (sandbox)", lambda w: w.alice.secret.startswith("vk_sandbox_"))
PAGE.says("and vk_live_ (production)", lambda w: make_person("lisa", workspace="wonder", environment="live").secret.startswith("vk_live_"))
PAGE.says("document_id: Document ID (doc_*)", lambda w: w.alone.startswith("doc_") and w.body["document_id"] == w.alone)
PAGE.says(
    "Verifa-Version: API version date string (e.g. 2026-02-01)",
    lambda w: w.call("get", w.place("checks"), Verifa_Version="2026-02-01").status_code == 200,
)
PAGE.says("Verifa-Version: a date", lambda w: w.call("post", w.place("extract"), Verifa_Version="soon").status_code == 400)
PAGE.says("If omitted, the version pinned to your API key is used", lambda w: w.answer["Verifa-Version"] == w.alice.token.api_version)
PAGE.members(
    "response",
    lambda w: w.done,
    {
        "id": like("ext_.+"), "document_id": like("doc_.+"), "extraction_type": lambda value: value in ("ocr", "barcode", "mrz"),
        "status": lambda value: value in STATUSES, "created_at": is_time, "extracted_fields": is_object, "confidence_scores": is_scores,
        "reference_document_id": either(is_text, is_null), "comparison_results": either(is_object, is_null),
    },
)  # fmt: skip
PAGE.says("Reference document used for comparison, if any", lambda w: w.compared["reference_document_id"] == w.lease)
PAGE.says(
    "Field-by-field comparison results when comparing two documents", lambda w: w.compared["comparison_results"]["person.surname"]["match"] is True
)
PAGE.says("401 Unauthorized Error", lambda w: Client().post(w.place("extract")).status_code == 401)
PAGE.says("404 Not Found Error", lambda w: w.call("post", "/api/v1/documents/doc_nothing/extract").status_code == 404)


@PAGE.line("422 Unprocessable Entity Error")
def _(w: World) -> None:
    gone = w.call("post", "/api/v1/documents", {"document_type": "passport", "country": "USA", "file": b64(picture(seed=9))}).json()["id"]
    session = w.call("post", "/api/v1/sessions", {"workflow_id": "usps1583"}).json()["id"]
    inside = w.call("post", f"/api/v1/sessions/{session}/documents", {"document_type": "passport", "country": "USA", "file": b64(picture(seed=8))})
    w.call("delete", f"/api/v1/sessions/{session}/data")
    before = Extraction.objects.count()
    assert w.call("post", f"/api/v1/documents/{inside.json()['id']}/extract").status_code == 422
    assert w.call("post", f"/api/v1/documents/{gone}/extract", {"types": ["poem"]}).status_code == 422
    assert Extraction.objects.count() == before


def sidebar(words: str, method: str, path: str, body: Any = None, *, status: int = 200) -> None:
    """``path`` may name {session}, {photo}, {lease} and {alone}."""

    def check(w: World) -> None:
        place = path.format(session=w.session, photo=w.photo, lease=w.lease, alone=w.alone)
        sent = body(w) if callable(body) else body
        response = w.call(method, place, sent)
        assert response.status_code == status, response.content[:300]

    PAGE.line(f"sidebar: {method.upper()} {words}")(check)


sidebar("List session documents", "get", "{session}/documents")
sidebar("Download a document", "get", "/api/v1/documents/{alone}/download", status=302)
sidebar("List documents", "get", "/api/v1/documents")
sidebar("Get document metadata", "get", "/api/v1/documents/{alone}")
sidebar("Update document metadata", "patch", "/api/v1/documents/{alone}", {"tags": ["x"], "metadata": {"a": 1}})
sidebar("Preview a document page as JPEG", "get", "/api/v1/documents/{alone}/pages/1/preview")
sidebar("List document extractions", "get", "/api/v1/documents/{alone}/extractions")
sidebar("List document checks", "get", "/api/v1/documents/{alone}/checks")
sidebar("Trigger document classification", "post", "/api/v1/documents/{alone}/classify")
sidebar("Trigger document extraction", "post", "/api/v1/documents/{alone}/extract")
sidebar("Run verification checks on a document", "post", "/api/v1/documents/{alone}/verify")
sidebar("Compare two documents", "post", "/api/v1/documents/compare", lambda w: {"document_id": w.photo, "reference_document_id": w.lease})
sidebar("Bulk classify documents", "post", "/api/v1/documents/bulk-classify", lambda w: {"document_ids": [w.photo, w.lease]}, status=202)
sidebar("Bulk extract documents", "post", "/api/v1/documents/bulk-extract", lambda w: {"document_ids": [w.alone]}, status=202)
sidebar("Bulk verify documents", "post", "/api/v1/documents/bulk-verify", lambda w: {"document_ids": [w.photo]}, status=202)
sidebar("List document fingerprints", "get", "/api/v1/documents/{photo}/fingerprints")
sidebar("Create a document fingerprint", "post", "/api/v1/fingerprints", lambda w: {"document_id": w.photo}, status=201)
sidebar("Flag a document as compromised", "post", "/api/v1/documents/{photo}/flag-compromised", {"reason": "stolen"})
sidebar(
    "Compare a document to a verified identity", "post", "/api/v1/documents/{alone}/compare-identity", lambda w: {"verification_id": w.case["id"]}
)
sidebar("Run AI-powered document insights", "post", "/api/v1/documents/{alone}/insights", status=501)


@PAGE.line("sidebar: POST Upload a document to a session")
def _(w: World) -> None:
    session = w.call("post", "/api/v1/sessions", {"workflow_id": "usps1583"}).json()["id"]
    body = {"document_type": "passport", "country": "USA", "file": b64(picture(seed=5))}
    made = w.call("post", f"/api/v1/sessions/{session}/documents", body)
    assert (made.status_code, made.json()["session_id"]) == (201, session)


@PAGE.line("sidebar: POST Upload a standalone document, and DEL Redact a document")
def _(w: World) -> None:
    made = w.call("post", "/api/v1/documents", {"document_type": "passport", "country": "USA", "file": b64(picture(seed=6))})
    assert (made.status_code, made.json()["session_id"]) == (201, None)
    place = f"/api/v1/documents/{made.json()['id']}"
    assert (w.call("delete", place).json()["status"], w.call("get", place).status_code) == ("deleted", 404)


@PAGE.line("sidebar: GET Download a document via signed URL")
def _(w: World) -> None:
    away = w.call("get", w.place("download"))["Location"].removeprefix("http://testserver")
    assert away.startswith("/api/v1/files/")
    assert Client().get(away).content == picture(seed=7)


@PAGE.line("sidebar: DEL Delete a document fingerprint")
def _(w: World) -> None:
    marks = f"/api/v1/documents/{w.lease}/fingerprints"
    first = w.call("get", marks).json()["data"][0]["id"]
    assert w.call("delete", f"/api/v1/fingerprints/{first}").status_code == 204
    assert first not in [mark["id"] for mark in w.call("get", marks).json()["data"]]
    assert w.call("delete", f"/api/v1/fingerprints/{first}").status_code == 404


@PAGE.cases
def test_it_answers_as_printed(world: World, check: Any) -> None:
    check(world)

"""The printed page "Create verification", line by line."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from django.test import Client
from printed import Page, either, is_null, is_time
from scripted import LEASE, Script
from speaking import say

from documents.models import Document
from factories import b64, make_person, work_off
from factories import drawn as picture
from tests.conformance.kit import is_number, is_object, is_text, is_uuid, is_whole
from verifications import destinations
from verifications.destinations import Attempt
from verifications.models import Verification

pytestmark = pytest.mark.django_db
STATUSES = (
    "DRAFT", "IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "NEED_REVIEW", "FRAUD_DETECTED", "PARTIALLY_COMPLETED",
    "PARTIALLY_FAILED",
)  # fmt: skip
OUTPUTS = ("VERIFIED", "NOT_VERIFIED", "PARTIALLY_NOT_VERIFIED")
GROUP = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


class World:
    """A verification as it was created (``body``) and when it was over (``done``); ``posts`` are what its webhook was sent."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.script = Script()
        patch.setattr("documents.reading.read", self.script.read)
        self.posts: list[tuple[bytes, dict[str, str]]] = []
        patch.setattr(destinations, "post", self._post)
        self.alice = make_person("alice", workspace="wonder")
        services = self.call("get", "/services").json()["items"]
        self.service = next(entry for entry in services if entry["verification_types"][0] == "PHOTO_ID_SELFIE")
        self.usps = next(entry["id"] for entry in services if entry["verification_types"][0] == "PHOTO_ID_PROOF_OF_ADDRESS")
        self.folder = self.call("post", "/folders", {"name": "June"}).json()["id"]
        self.answer = self.create()
        work_off()
        self.done = self.call("get", f"/verifications/{self.body['id']}").json()

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Attempt:
        self.posts.append((body, headers))
        return Attempt(200, "")

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return say(self.alice, method, path, body, **headers)

    def uploaded(self, seed: int) -> str:
        return str(self.call("post", "/uploads", {"file": b64(picture(seed=seed))}).json()["path"])

    def wanted(self, **more: Any) -> dict[str, Any]:
        configuration = {
            "verification_type": "PHOTO_ID_SELFIE", "fraud_detection": False, "photo_id_type": "passport", "photo_id_country": "USA",
            "files": {"photo_id_file": [self.uploaded(1)], "selfie_file": [self.uploaded(2)]},
        }  # fmt: skip
        hook = {"webhook_url": "https://your-app.example/webhook", "webhook_metadata": {"order": 7, "webhook_secret": "your-signing-secret"}}
        return {
            "service_id": self.service["id"], "folder_id": self.folder, "result_id": GROUP, "configuration": configuration, **hook, **more,
        }  # fmt: skip

    def create(self, *, without: str = "", **more: Any) -> Any:
        return self.call("post", "/verifications", {name: value for name, value in self.wanted(**more).items() if name != without})

    @property
    def body(self) -> dict[str, Any]:
        return self.answer.json()  # type: ignore[no-any-return]


PAGE = Page()
PAGE.says("POST verifications: Verification created", lambda w: w.answer.status_code == 201)
PAGE.says("X-API-Key: string, header, required", lambda w: Client().get("/verifications").status_code == 401)
PAGE.says("X-API-Key: API key for service-to-service authentication", lambda w: Client().get(
    "/verifications", headers={"X-API-Key": w.alice.secret}
).status_code == 200)  # fmt: skip
PAGE.says("Body: application/json", lambda w: Client().post(
    "/verifications", data="service_id=1", content_type="text/plain", headers={"X-API-Key": w.alice.secret}
).json()["error_code"] == "INVALID_REQUEST")  # fmt: skip


def refused(words: str, **change: Any) -> None:
    """A body changed so is 400, and makes nothing."""

    def check(w: World) -> None:
        before = (Verification.objects.count(), Document.objects.count())
        response = w.create(**change)
        assert (response.status_code, response.json()["error_code"]) == (400, "INVALID_REQUEST"), response.content
        assert {"field", "message"} <= set(response.json()["errors"][0])
        assert (Verification.objects.count(), Document.objects.count()) == before

    PAGE.line(words)(check)


for _name in ("service_id", "folder_id", "configuration"):
    refused(f"{_name}: required", without=_name)
refused("service_id: string<uuid>", service_id="your-service")
refused("folder_id: string<uuid>", folder_id="your-folder-uuid")
refused("configuration: object", configuration=[])
refused("result_id: string<uuid>", result_id="group")
refused("webhook_url: string<uri>", webhook_url="your-app")
refused("webhook_metadata: object", webhook_metadata="secret")
PAGE.says("service_id: Service ID obtained from GET /services", lambda w: w.body["service"]["id"] == w.service["id"])
PAGE.says("folder_id: Folder to organize verification", lambda w: w.call("get", f"/verifications?folder_id={w.folder}").json()["total"] == 1)
PAGE.says("Keys and required fields differ per service", lambda w: {entry["name"] for entry in w.service["fields"]} >= {"files.photo_id_file"})
PAGE.says("first upload via POST /uploads", lambda w: w.uploaded(9).startswith("/uploads/"))
PAGE.says("and pass the returned path inside a files object keyed by the field name", lambda w: w.body["total_files"] == 2)


@PAGE.line("an unknown path in files")
def _(w: World) -> None:
    body = w.wanted()
    body["configuration"]["files"]["selfie_file"] = ["/uploads/upl_01jd8x3m5k7n9p1r3t5v7x9z1b"]
    response = w.call("post", "/verifications", body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "configuration.files.selfie_file")


@PAGE.line("the example's KTP_PEP is of another country's registers: not offered, and told so")
def _(w: World) -> None:
    body = w.wanted()
    body["configuration"]["verification_type"] = "KTP_PEP"
    response = w.call("post", "/verifications", body)
    assert (response.status_code, response.json()["error_code"]) == (501, "NOT_OFFERED")


PAGE.says("result_id: Optional result ID to group verifications", lambda w: w.call("get", f"/verifications?result_id={GROUP}").json()["total"] == 1)
PAGE.says("result_id is optional", lambda w: is_uuid(w.create(without="result_id").json()["result_id"]))
PAGE.says("webhook_url: null", lambda w: w.create(webhook_url=None).json()["webhook_url"] is None)
PAGE.says("webhook_url: real-time status updates on each status change", lambda w: [json.loads(body)["status"] for body, _ in w.posts] == [
    "DRAFT", "IN_QUEUE", "COMPLETED",
])  # fmt: skip


@PAGE.line("AnyCheck will POST a signed payload")
def _(w: World) -> None:
    for body, headers in w.posts:
        stamp, signature = (part.partition("=")[2] for part in headers["X-Webhook-Signature"].split(","))
        assert signature == hmac.new(b"your-signing-secret", f"{stamp}.{body.decode()}".encode(), hashlib.sha256).hexdigest()


@PAGE.line("webhook_secret: If omitted, the payload is still sent but without HMAC signing")
def _(w: World) -> None:
    w.posts.clear()
    w.create(webhook_metadata={"order": 8})
    work_off()
    assert w.posts
    assert not any("X-Webhook-Signature" in headers for _, headers in w.posts)


PAGE.says("webhook_metadata: Custom metadata for webhook", lambda w: w.body["webhook_metadata"] == {"order": 7})
PAGE.says("the secret is not told again", lambda w: "your-signing-secret" not in w.answer.content.decode())
PRINTED = {
    "id": is_uuid, "service": is_object, "user_id": either(is_uuid, is_null), "api_key": either(is_text, is_null), "folder_id": is_uuid,
    "result_id": is_uuid, "execution_time": is_number, "status": lambda value: value in STATUSES, "start_date": either(is_time, is_null),
    "end_date": either(is_time, is_null), "input_config": is_object, "input_file_url": is_object, "output": is_object,
    "output_file_url": either(is_text, is_null), "output_status": lambda value: value is None or value in OUTPUTS, "external_job_id": is_object,
    "webhook_url": either(is_text, is_null), "webhook_metadata": is_object, "export_file_url": either(is_text, is_null), "credit_used": is_whole,
    "total_files": is_whole, "total_pages": is_whole, "created_at": is_time, "updated_at": is_time,
}  # fmt: skip
PAGE.members("created", lambda w: w.body, PRINTED)
PAGE.members("completed", lambda w: w.done, PRINTED)
PAGE.says("no other members", lambda w: set(w.body) == set(PRINTED) == set(w.done))
PAGE.says("service: id and name", lambda w: (is_uuid(w.body["service"]["id"]), is_text(w.body["service"]["name"])) == (True, True))
PAGE.says("folder_id: Folder containing this verification", lambda w: w.body["folder_id"] == w.folder)
PAGE.says("result_id: Result group identifier", lambda w: w.body["result_id"] == GROUP)
PAGE.says("execution_time: Processing time in seconds", lambda w: w.body["execution_time"] == 0 < w.done["execution_time"])
PAGE.says("status: COMPLETED", lambda w: w.done["status"] == "COMPLETED")
PAGE.says("start_date: Processing start time", lambda w: is_time(w.done["start_date"]))
PAGE.says("end_date: Processing end time", lambda w: (w.body["end_date"], is_time(w.done["end_date"])) == (None, True))
PAGE.says(
    "input_config: verification_type, files, fraud_detection",
    lambda w: {"verification_type", "files", "fraud_detection"} <= set(w.done["input_config"]),
)
PAGE.says("input_config.files: paths by field", lambda w: w.done["input_config"]["files"]["selfie_file"][0].startswith("/uploads/"))
PAGE.says("input_file_url: URLs of input files organized by file type", lambda w: set(w.done["input_file_url"]) == {"photo_id_file", "selfie_file"})


@PAGE.line("input_file_url opens the file")
def _(w: World) -> None:
    address = w.done["input_file_url"]["selfie_file"][0].removeprefix("http://testserver")
    assert Client().get(address).content == picture(seed=2)


PAGE.says("output: extracted data", lambda w: w.done["output"]["extracted_data"]["photo_id"]["person"]["surname"] == "Simpson")
PAGE.says("output.face_match_confidence_level", lambda w: w.done["output"]["face_match_confidence_level"] in ("LOW", "MEDIUM", "HIGH"))
PAGE.says("output.face_match_confidence_score", lambda w: is_number(w.done["output"]["face_match_confidence_score"]))
PAGE.says("output.is_match_face", lambda w: w.done["output"]["is_match_face"] is True)
PAGE.says("output_status: VERIFIED", lambda w: (w.body["output_status"], w.done["output_status"]) == (None, "VERIFIED"))
PAGE.says("external_job_id: lists of ids by job", lambda w: set(w.done["external_job_id"]) == {"ocr_job_id", "fraud_job_id"})
PAGE.says(
    "external_job_id.ocr_job_id",
    lambda w: bool(w.done["external_job_id"]["ocr_job_id"]) and all(map(is_uuid, w.done["external_job_id"]["ocr_job_id"])),
)
PAGE.says("total_files: Number of files processed", lambda w: w.done["total_files"] == 2)
PAGE.says("total_pages: Number of pages processed", lambda w: w.done["total_pages"] == 2)
PAGE.says("created_at before updated_at", lambda w: w.done["created_at"] < w.done["updated_at"])


@PAGE.line("output_status: NOT_VERIFIED, PARTIALLY_NOT_VERIFIED")
def _(w: World) -> None:
    w.script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    configuration = {
        "photo_id_type": "passport", "photo_id_country": "USA", "proof_of_address_type": "lease", "proof_of_address_country": "USA",
        "files": {"photo_id_file": [w.uploaded(3)], "proof_of_address_file": [w.uploaded(4)]},
    }  # fmt: skip
    made = w.create(service_id=w.usps, configuration=configuration).json()["id"]
    work_off()
    assert w.call("get", f"/verifications/{made}").json()["status"] == "NEED_REVIEW"
    w.call("post", f"/api/v1/cases/{Verification.objects.get(flow='usps1583').pk}/reject", {})
    assert w.call("get", f"/verifications/{made}").json()["output_status"] in ("NOT_VERIFIED", "PARTIALLY_NOT_VERIFIED")


@PAGE.cases
def test_it_answers_as_printed(world: World, check: Any) -> None:
    check(world)

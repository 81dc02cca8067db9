"""The printed page "Update a session" and its sidebar "Sessions", line by line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.utils import timezone
from printed import Page, either, is_null, is_time, like
from scripted import LEASE, Script
from speaking import say

from factories import b64, make_person, submitted, work_off
from factories import drawn as picture
from flows.idempotency import forget_old_answers
from flows.models import ApiToken
from tests.conformance.kit import is_flag, is_object, is_text, is_texts, is_whole
from verifications.models import Verification

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/sessions"
STATUSES = ("pending", "capturing", "processing", "completed", "expired", "failed", "awaiting_external", "under_review", "sandbox_pending")
MEMBERS = (
    "id", "status", "is_sandbox", "environment", "created_at", "updated_at", "external_ref", "metadata", "country", "checks", "workflow_id",
    "document_type", "retention_status", "processing_attempts", "consent_ip", "capture_url", "token_expires_at", "case_id", "case_status", "tags",
)  # fmt: skip


class World:
    """A new session, and one that waits for a person; ``answer`` is the printed call's."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        script = Script()
        script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
        patch.setattr("documents.reading.read", script.read)
        self.alice = make_person("alice", workspace="wonder")
        self.doubtful = f"{SESSIONS}/ses_{submitted(self.alice, picture)['id'].partition('_')[2]}"
        made = self.call("post", SESSIONS, {"workflow_id": "usps1583", "metadata": {"kept": 1, "old": "x"}, "tags": ["vip"]})
        self.created, self.place = made, f"{SESSIONS}/{made.json()['id']}"
        self.answer = self.call("patch", self.place, {})

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return say(self.alice, method, path, body, **headers)

    def new(self) -> str:
        return f"{SESSIONS}/{self.call('post', SESSIONS, {'workflow_id': 'usps1583'}).json()['id']}"

    @property
    def body(self) -> dict[str, Any]:
        return self.answer.json()  # type: ignore[no-any-return]

    @property
    def waiting(self) -> dict[str, Any]:
        return self.call("get", self.doubtful).json()  # type: ignore[no-any-return]

    def sent(self, body: Any, **headers: str) -> Any:
        return self.call("patch", self.place, body, **headers)


PAGE = Page()
PAGE.says("PATCH /api/v1/sessions/:session_id, with the body {}", lambda w: w.answer.status_code == 200)
PAGE.says("the example's members, no others, in this order", lambda w: tuple(w.body) == MEMBERS)
PAGE.members(
    "response",
    lambda w: w.body,
    {
        "id": like("ses_.+"), "status": lambda value: value in STATUSES, "is_sandbox": is_flag, "environment": is_text, "created_at": is_time,
        "updated_at": is_time, "external_ref": either(is_text, is_null), "metadata": is_object, "country": either(is_text, is_null),
        "checks": either(is_texts, is_null), "workflow_id": either(is_text, is_null), "document_type": either(is_text, is_null),
        "retention_status": either(is_text, is_null), "processing_attempts": either(is_whole, is_null), "consent_ip": either(is_text, is_null),
        "capture_url": either(is_text, is_null), "token_expires_at": either(is_time, is_null), "case_id": either(is_text, is_null),
        "case_status": either(is_text, is_null), "tags": is_texts,
    },
)  # fmt: skip
PAGE.says("Only external_ref and metadata can be changed", lambda w: {
    name: value for name, value in w.sent({"status": "completed", "workflow_id": "identity", "tags": ["no"], "country": "CAN"}).json().items()
    if name not in ("updated_at",)
} == {name: value for name, value in w.body.items() if name != "updated_at"})  # fmt: skip


@PAGE.line("Sessions that have been redacted cannot be updated")
def _(w: World) -> None:
    w.call("delete", f"{w.place}/data")
    refused = w.sent({"external_ref": "late"})
    assert (refused.status_code, refused.json()["error"], Verification.objects.filter(external_ref="late").count()) == (422, "redacted", 0)


PAGE.says("X-API-Key: Organization API key", lambda w: Client().get(w.place, headers={"X-API-Key": w.alice.secret}).status_code == 200)
PAGE.says("Keys are prefixed with vk_live_ or vk_sandbox_", lambda w: w.alice.secret.startswith("vk_sandbox_"))
PAGE.says("session_id: Session ID (ses_*)", lambda w: w.call("get", f"{SESSIONS}/{w.body['id']}").json()["id"] == w.body["id"])
PAGE.says("Verifa-Version: date string", lambda w: w.sent({}, Verifa_Version="2026-02-01")["Verifa-Version"] == "2026-02-01")
PAGE.says("Verifa-Version that is no date", lambda w: w.sent({}, Verifa_Version="2026-13-01").status_code == 400)


@PAGE.line("If omitted, the version pinned to your API key is used")
def _(w: World) -> None:
    ApiToken.objects.filter(pk=w.alice.token.pk).update(api_version="2026-02-01")
    assert w.sent({})["Verifa-Version"] == "2026-02-01"


PAGE.says("Key-Inflection: Response key casing", lambda w: "externalRef" in w.sent({}, Key_Inflection="camel").json())
PAGE.says("Key-Inflection: kebab", lambda w: "external-ref" in w.sent({}, Key_Inflection="kebab").json())
PAGE.says("Defaults to snake", lambda w: w.sent({}, Key_Inflection="snake").json().keys() == w.body.keys())
PAGE.says("Key-Inflection: Allowed values", lambda w: w.sent({}, Key_Inflection="shout").status_code == 400)
PAGE.says("Idempotency-Key of 255 characters", lambda w: w.sent({}, Idempotency_Key="k" * 255).status_code == 200)
PAGE.says("Idempotency-Key of 256 characters", lambda w: w.sent({}, Idempotency_Key="k" * 256).status_code == 400)


@PAGE.line("Unique key for idempotent requests")
def _(w: World) -> None:
    first = w.sent({"external_ref": "a"}, Idempotency_Key="k")
    w.sent({"external_ref": "b"})
    again = w.sent({"external_ref": "a"}, Idempotency_Key="k")
    assert (again.json(), w.call("get", w.place).json()["external_ref"]) == (first.json(), "b")


@PAGE.line("Cached for 24 hours")
def _(w: World) -> None:
    w.sent({"external_ref": "a"}, Idempotency_Key="k")
    with time_machine.travel(timezone.now() + timedelta(hours=23, minutes=59)):
        forget_old_answers()
        assert w.sent({"external_ref": "a"}, Idempotency_Key="k")["Idempotency-Replayed"] == "true"
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1)):
        forget_old_answers()
        assert "Idempotency-Replayed" not in w.sent({"external_ref": "a"}, Idempotency_Key="k")


@PAGE.line("Sending the same key with different parameters returns 422")
def _(w: World) -> None:
    w.sent({"external_ref": "a"}, Idempotency_Key="k")
    other = w.sent({"external_ref": "b"}, Idempotency_Key="k")
    assert (other.status_code, other.json()["error"], w.call("get", w.place).json()["external_ref"]) == (422, "idempotency_mismatch", "a")


PAGE.says("This endpoint expects an object", lambda w: w.sent(["external_ref"]).status_code == 422)
PAGE.says("external_ref: Update the external reference", lambda w: w.sent({"external_ref": "order-7"}).json()["external_ref"] == "order-7")
PAGE.says("external_ref: optional", lambda w: w.sent({"metadata": {}}).json()["external_ref"] == w.body["external_ref"])
PAGE.says("external_ref of 255 characters", lambda w: w.sent({"external_ref": "x" * 255}).status_code == 200)
PAGE.says("external_ref of 256 characters", lambda w: w.sent({"external_ref": "x" * 256}).status_code == 422)
PAGE.says("metadata: Merge keys", lambda w: w.sent({"metadata": {"new": [1]}}).json()["metadata"] == {"kept": 1, "old": "x", "new": [1]})
PAGE.says("Existing keys not included are preserved", lambda w: w.sent({"metadata": {"old": "y"}}).json()["metadata"]["kept"] == 1)
PAGE.says("Set a key to null to remove it", lambda w: w.sent({"metadata": {"old": None}}).json()["metadata"] == {"kept": 1})


@PAGE.line("Each value is capped at 16 KB of serialized UTF-8")
def _(w: World) -> None:
    # Two quotes go round a text.
    assert w.sent({"metadata": {"fits": "é" * (8 * 1024 - 1)}}).status_code == 200
    over = w.sent({"metadata": {"over": "é" * 8 * 1024}})
    assert (over.status_code, "over" in w.call("get", w.place).json()["metadata"]) == (422, False)


PAGE.says("is_sandbox", lambda w: w.body["is_sandbox"] is True)
PAGE.says("environment: Environment ID for this session", lambda w: w.body["environment"] == "sandbox")
PAGE.says("workflow_id: Workflow used for this session", lambda w: w.body["workflow_id"] == "usps1583")
PAGE.says("checks", lambda w: "document_unexpired" in w.body["checks"])
PAGE.says("country", lambda w: w.waiting["country"] == "USA")
PAGE.says("document_type: Detected or specified document type", lambda w: w.waiting["document_type"] == "passport")
PAGE.says("retention_status: active", lambda w: w.body["retention_status"] == "active")


@PAGE.line("retention_status: sensitive_redacted, redacted")
def _(w: World) -> None:
    Verification.objects.filter(pk__endswith=w.place.rpartition("_")[2]).update(images_redacted_at=timezone.now())
    assert w.call("get", w.place).json()["retention_status"] == "sensitive_redacted"
    w.call("delete", f"{w.place}/data")
    assert w.call("get", w.place).json()["retention_status"] == "redacted"


PAGE.says("processing_attempts: Number of processing attempts", lambda w: w.body["processing_attempts"] == 1)
PAGE.says("capture_url: Capture URL", lambda w: like(r"http://testserver/capture/[\w-]{43}")(w.body["capture_url"]))
PAGE.says("only present while session is pending/capturing", lambda w: w.waiting["capture_url"] is None)
PAGE.says("token_expires_at: When the capture token expires", lambda w: w.body["token_expires_at"] > w.body["created_at"])


def opened(w: World) -> Client:
    """A browser on the session's page, with consent given."""
    person = Client(REMOTE_ADDR="203.0.113.7")
    page = person.get(w.body["capture_url"].removeprefix("http://testserver"))["Location"]
    assert person.post(f"{page}/consent", {"agree": "yes", "version": "1"}).status_code == 303
    return person


@PAGE.line("consent_ip: IP address from which consent was given")
def _(w: World) -> None:
    assert w.body["consent_ip"] is None
    opened(w)
    assert w.call("get", w.place).json()["consent_ip"] == "203.0.113.7"


PAGE.says("status: pending", lambda w: w.body["status"] == "pending")


@PAGE.line("status: capturing")
def _(w: World) -> None:
    opened(w)
    shown = w.call("get", w.place).json()
    assert (shown["status"], shown["capture_url"] is not None) == ("capturing", True)


PAGE.says("status: under_review", lambda w: w.waiting["status"] == "under_review")
PAGE.says("status: expired", lambda w: w.call("post", f"{w.place}/expire").json()["status"] == "expired")
PAGE.says("status: completed", lambda w: w.call("post", f"{w.doubtful}/simulate", {"action": "approve"}).json()["status"] == "completed")
PAGE.says("case_id: Associated review case ID, if any", lambda w: (like("case_.+")(w.waiting["case_id"]), w.body["case_id"]) == (True, None))
PAGE.says("case_status: Status of the associated review case", lambda w: (w.waiting["case_status"], w.body["case_status"]) == ("open", None))


@PAGE.line("case_status: follows the case")
def _(w: World) -> None:
    case = w.waiting["case_id"]
    assert w.call("post", f"/api/v1/cases/{case}/claim").json()["status"] == "in_review"
    assert w.waiting["case_status"] == "in_review"


PAGE.says("tags: Free-form tags attached to this session", lambda w: w.body["tags"] == ["vip"])
PAGE.says("401 Unauthorized Error", lambda w: Client().patch(w.place).status_code == 401)
PAGE.says("404 Not Found Error", lambda w: w.call("patch", f"{SESSIONS}/ses_nothing", {}).status_code == 404)


@PAGE.line("404 for a session of the other environment")
def _(w: World) -> None:
    live = make_person("lisa", workspace="wonder", environment="live")
    assert say(live, "patch", w.place, {}).status_code == 404


@PAGE.line("422 Unprocessable Entity Error")
def _(w: World) -> None:
    refused = w.sent({"external_ref": 5})
    assert (refused.status_code, set(refused.json())) == (422, {"error", "detail", "status_code", "errors", "request_id"})


def sidebar(words: str, method: str, path: str, body: Any = None, *, status: int = 200) -> None:
    """``path`` may name {new}, the session, and {doubtful}, the one that waits for a person."""

    def check(w: World) -> None:
        response = w.call(method, path.format(new=w.place, doubtful=w.doubtful), body)
        assert response.status_code == status, response.content[:300]

    PAGE.line(f"sidebar: {method.upper()} {words}")(check)


sidebar("List sessions", "get", SESSIONS)
sidebar("Create a verification session", "post", SESSIONS, {"workflow_id": "usps1583"}, status=201)
sidebar("Get a session", "get", "{new}")
sidebar("Update a session", "patch", "{new}", {"external_ref": "a"})
sidebar("Resume a session", "post", "{new}/resume")
sidebar("Expire a session", "post", "{new}/expire")
sidebar("Simulate a session action (sandbox only)", "post", "{doubtful}/simulate", {"action": "reject"})
sidebar("Get session result", "get", "{doubtful}/result")
sidebar("Redact session data", "delete", "{new}/data")
sidebar("Export session data (GDPR Art. 15 DSAR)", "get", "{doubtful}/export")
sidebar("Add a tag to a session", "post", "{new}/tags/add", {"tag": "a"})
sidebar("Remove a tag from a session", "post", "{new}/tags/remove", {"tag": "a"})
sidebar("Replace all tags on a session", "post", "{new}/tags/set", {"tags": ["a"]})
sidebar("Generate a one-time verification link", "post", "{new}/links", {}, status=201)
sidebar("List one-time links for a session", "get", "{new}/links")
sidebar("List verification checks", "get", "{doubtful}/checks")
sidebar("List verification attempts", "get", "{doubtful}/attempts")
sidebar("Reprocess a session", "post", "{doubtful}/reprocess", {}, status=202)
sidebar("List webhook deliveries for a session", "get", "{doubtful}/webhook-deliveries")
sidebar("Get session risk assessment", "get", "{doubtful}/risk")


@PAGE.line("sidebar: POST Bulk redact sessions")
def _(w: World) -> None:
    done = w.call("post", f"{SESSIONS}/bulk-redact", {"session_ids": [w.body["id"]]})
    assert (done.status_code, done.json()["results"][0]["status"]) == (200, "redacted")


@PAGE.line("sidebar: POST Retry a failed verification check")
def _(w: World) -> None:
    checks = w.call("get", f"{w.doubtful}/checks").json()["data"]
    doubt = next(check["id"] for check in checks if check["status"] in ("failed", "review"))
    assert w.call("post", f"{w.doubtful}/checks/{doubt}/retry").status_code == 202


@PAGE.line("sidebar: GET Generate PDF verification report")
def _(w: World) -> None:
    w.call("post", f"{w.doubtful}/simulate", {"action": "approve"})
    work_off()
    assert w.call("get", f"{w.doubtful}/report").content.startswith(b"%PDF")


@PAGE.line("sidebar: POST Submit external gate decision")
def _(w: World) -> None:
    w.alice.post(f"/usps1583/verifications/ver_{w.doubtful.rpartition('_')[2]}/hold")
    assert w.call("post", f"{w.doubtful}/gate", {"decision": "reject", "reason": "unknown there"}).json()["status"] == "completed"


@PAGE.line("sidebar: POST Resend the invitation email")
def _(w: World) -> None:
    assert w.call("post", f"{w.place}/resend-invitation").json()["error"] == "mail_not_configured"
    fields = {"fields": {"email": "homer@springfield.example"}}
    place = f"{SESSIONS}/{w.call('post', SESSIONS, {'workflow_id': 'usps1583', **fields}).json()['id']}"
    with override_settings(EMAIL_URL="memorymail://", PUBLIC_URL="https://vouchbox.example"):
        assert w.call("post", f"{place}/resend-invitation").status_code == 202


@PAGE.line("sidebar: POST Submit a session for verification")
def _(w: World) -> None:
    refused = w.call("post", f"{w.place}/submit")
    assert (refused.status_code, refused.json()["error"]) == (400, "documents_missing")
    for kind in ("passport", "lease"):
        body = {"document_type": kind, "country": "USA", "file": b64(picture(seed=len(kind)))}
        assert w.call("post", f"{w.place}/documents", body).status_code == 201
    assert w.call("post", f"{w.place}/submit").json()["status"] == "processing"


@PAGE.line("Web Capture Flow: the person shows the documents")
def _(w: World) -> None:
    person = opened(w)
    page = next(iter(person.cookies.values()))["path"]
    for context, kind, seed in (("PHOTO_ID", "1", 3), ("PROOF_OF_ADDRESS", "24", 4)):
        file = SimpleUploadedFile("front.jpg", picture(seed=seed), "image/jpeg")
        sent = person.post(f"{page}/documents", {"context": context, "type": kind, "country": "USA", "front": file})
        assert sent.status_code == 303, sent.content
    assert person.post(f"{page}/submit").status_code == 303
    assert w.call("get", w.place).json()["status"] == "processing"


@PAGE.cases
def test_it_answers_as_printed(world: World, check: Any) -> None:
    check(world)

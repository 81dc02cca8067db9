"""Sessions and documents: the two pages of the contract, "Update a session" and "Trigger document extraction"."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from tests.conformance.kit import (
    Kit,
    Line,
    exactly,
    fields,
    is_flag,
    is_moment,
    is_moment_or_null,
    is_object,
    is_object_or_null,
    is_scores,
    is_text,
    is_text_or_null,
    is_texts,
    is_whole,
    one_of,
    picture,
    status,
)  # fmt: skip

SESSION = {
    "id": is_text, "status": one_of("pending", "capturing"), "is_sandbox": is_flag, "environment": is_text, "created_at": is_moment,
    "updated_at": is_moment, "external_ref": exactly("order-7"), "metadata": exactly({"plan": "family", "kept": [1]}), "country": is_text_or_null,
    "checks": is_texts, "workflow_id": is_text, "document_type": is_text_or_null, "retention_status": exactly("active"),
    "processing_attempts": is_whole, "consent_ip": is_text_or_null, "capture_url": is_text_or_null, "token_expires_at": is_moment_or_null,
    "case_id": is_text_or_null, "case_status": is_text_or_null, "tags": exactly(["vip"]),
}  # fmt: skip
EXTRACTION = {
    "id": is_text, "document_id": is_text, "extraction_type": one_of("ocr", "barcode", "mrz"),
    "status": one_of("pending", "processing", "completed", "failed"), "created_at": is_moment, "extracted_fields": is_object,
    "confidence_scores": is_scores, "reference_document_id": is_text_or_null, "comparison_results": is_object_or_null,
}  # fmt: skip
LINK = {
    "id": is_text, "session_id": is_text, "capture_url": is_text, "status": exactly("created"), "expires_at": is_moment, "created_at": is_moment,
    "qr_code_data_url": lambda value: isinstance(value, str) and value.startswith("data:image/png;base64,"),
}  # fmt: skip
ERROR = {"error": is_text, "detail": is_text, "status_code": is_whole, "request_id": is_text}


class Verifa(Kit):
    def lines(self) -> Iterator[Line]:
        made = self.call("POST", "/api/v1/sessions", {"workflow_id": "usps1583", "metadata": {"kept": [1], "old": "x"}, "tags": ["vip"]})
        yield status("create a session", made, 201)
        place = f"/api/v1/sessions/{made.body['id']}"
        yield from self.update(place)
        yield from self.refused(place)
        yield from self.links()
        yield from self.cases()
        yield from self.extract(place)
        yield from self.simulate()
        yield from self.fingerprints()

    def update(self, place: str) -> Iterator[Line]:
        what = "PATCH /sessions/{id}"
        body = {"external_ref": "order-7", "metadata": {"plan": "family", "old": None}}
        done = self.call("PATCH", place, body, Verifa_Version="2026-02-01", Idempotency_Key=f"k-{place}")
        yield status(what, done, 200)
        yield from fields(what, done.body, SESSION)
        yield f"{what}: the id begins with ses_", str(done.body.get("id")).startswith("ses_"), str(done.body.get("id"))
        yield f"{what}: Verifa-Version is taken", done.header("Verifa-Version") == "2026-02-01", str(done.headers)
        again = self.call("PATCH", place, body, Idempotency_Key=f"k-{place}")
        yield f"{what}: Idempotency-Key answers the same again", again.body == done.body and again.status == 200, str(again.status)
        yield status(f"{what}: the key with other parameters", self.call("PATCH", place, {"external_ref": "b"}, Idempotency_Key=f"k-{place}"), 422)
        camel = self.call("PATCH", place, {}, Key_Inflection="camel")
        yield f"{what}: Key-Inflection camel", camel.body.get("externalRef") == "order-7", str(camel.body)[:200]
        yield f"{what}: snake by default", "external_ref" in done.body, str(done.body)[:200]

    def refused(self, place: str) -> Iterator[Line]:
        what = "PATCH /sessions/{id}"
        yield status(f"{what}: external_ref of 256 characters", self.call("PATCH", place, {"external_ref": "x" * 256}), 422)
        yield status(f"{what}: external_ref of 255 characters", self.call("PATCH", place, {"external_ref": "x" * 255}), 200)
        yield status(f"{what}: a metadata value over 16 KB", self.call("PATCH", place, {"metadata": {"k": "x" * 16384}}), 422)
        yield status(f"{what}: metadata that is null", self.call("PATCH", place, {"metadata": None}), 422)
        yield status(f"{what}: a version that is no date", self.call("PATCH", place, {}, Verifa_Version="latest"), 400)
        unknown = self.call("PATCH", "/api/v1/sessions/ses_nothing", {})
        yield status(f"{what}: unknown", unknown, 404)
        yield from fields("errors", unknown.body, ERROR)
        yield status(f"{what}: without a key", self.unauthenticated("PATCH", place), 401)
        gone = self.call("POST", "/api/v1/sessions", {"workflow_id": "usps1583"})
        other = f"/api/v1/sessions/{gone.body['id']}"
        yield status("DELETE /sessions/{id}/data", self.call("DELETE", f"{other}/data"), 200)
        yield status(f"{what}: redacted", self.call("PATCH", other, {"external_ref": "late"}), 422)

    def extract(self, place: str) -> Iterator[Line]:
        what = "POST /documents/{id}/extract"
        body = {"document_type": "passport", "country": "USA", "file": picture()}
        uploaded = self.call("POST", f"{place}/documents", body)
        yield status("upload a document to a session", uploaded, 201)
        done = self.call("POST", f"/api/v1/documents/{uploaded.body['id']}/extract", Verifa_Version="2026-02-01")
        yield status(what, done, 200)
        yield from fields(what, done.body, EXTRACTION)
        yield f"{what}: document_id", done.body.get("document_id") == uploaded.body["id"], str(done.body)
        yield status(f"{what}: unknown", self.call("POST", "/api/v1/documents/doc_nothing/extract"), 404)
        yield status(f"{what}: without a key", self.unauthenticated("POST", "/api/v1/documents/doc_nothing/extract"), 401)
        yield from self.redact()
        yield status("DELETE data of a session with documents", self.call("DELETE", f"{place}/data"), 200)
        late = self.call("DELETE", f"/api/v1/documents/{uploaded.body['id']}")
        yield (
            "DELETE /documents/{id}: redacted with its session",
            late.body == {"status": "already_redacted", "document_id": uploaded.body["id"]},
            str(late.body),
        )
        yield status(f"{what}: redacted", self.call("POST", f"/api/v1/documents/{uploaded.body['id']}/extract"), 422)

    def redact(self) -> Iterator[Line]:
        alone = self.call("POST", "/api/v1/documents", {"document_type": "passport", "country": "USA", "file": picture(90)})
        yield status("upload a standalone document", alone, 201)
        place = f"/api/v1/documents/{alone.body['id']}"
        done = self.call("DELETE", place)
        yield status("DELETE /documents/{id}", done, 200)
        yield "DELETE /documents/{id}: deleted", done.body == {"status": "deleted", "document_id": alone.body["id"]}, str(done.body)
        yield status("DELETE /documents/{id}: again", self.call("DELETE", place), 404)

    def simulate(self) -> Iterator[Line]:
        """Nothing is uploaded, so that no worker of the instance can be first."""
        what = "POST /sessions/{id}/simulate"
        place = f"/api/v1/sessions/{self.call('POST', '/api/v1/sessions', {'workflow_id': 'usps1583'}).body['id']}"
        yield status(f"{what}: fail, with nothing that could", self.call("POST", f"{place}/simulate", {"action": "fail"}), 400)
        yield status(f"{what}: an unknown action", self.call("POST", f"{place}/simulate", {"action": "explode"}), 422)
        done = self.call("POST", f"{place}/simulate", {"action": "expire"})
        yield f"{what}: expire", done.status == 200 and done.body["status"] == "expired", str(done.body)[:200]

    def fingerprints(self) -> Iterator[Line]:
        what, sha256 = "POST /fingerprints", secrets.token_hex(32)
        made, again = (self.call("POST", "/api/v1/fingerprints", {"hash": sha256}) for _ in range(2))
        yield status(f"{what}: a hash", made, 201)
        wanted = {
            "id": is_text, "document_id": exactly(None), "kind": exactly("file"), "fingerprint_hash": exactly(sha256), "created_at": is_moment,
        }  # fmt: skip
        yield from fields(what, made.body, wanted)
        yield f"{what}: the same one again", again.status == 200 and again.body == made.body, str(again.body)[:200]
        listed = self.call("GET", "/api/v1/fingerprints")
        yield "GET /fingerprints: newest first", listed.body["data"][0] == made.body, str(listed.body)[:200]
        yield status(f"{what}: no hash", self.call("POST", "/api/v1/fingerprints", {"hash": sha256[1:]}), 422)
        place = f"/api/v1/fingerprints/{made.body['id']}"
        yield status("DELETE /fingerprints/{id}", self.call("DELETE", place), 204)
        yield status("DELETE /fingerprints/{id}: gone", self.call("DELETE", place), 404)

    def links(self) -> Iterator[Line]:
        what = "POST /sessions/{id}/links"
        made = self.call("POST", "/api/v1/sessions", {"workflow_id": "usps1583"})
        place = f"/api/v1/sessions/{made.body['id']}"
        yield "create a session: capture_url", is_text(made.body.get("capture_url")), str(made.body)[:200]
        link = self.call("POST", f"{place}/links", {"expires_in_minutes": 5})
        yield status(what, link, 201)
        yield from fields(what, link.body, LINK)
        listed = self.call("GET", f"{place}/links")
        told = [entry["status"] for entry in listed.body["data"]]
        yield f"{what}: a new link revokes the one before", told == ["created", "revoked"], str(told)
        yield status(f"{what}: more than a week", self.call("POST", f"{place}/links", {"expires_in_minutes": 10_081}), 422)
        self.call("POST", f"{place}/expire")
        yield status(f"{what}: a session that is over", self.call("POST", f"{place}/links", {}), 400)
        resumed = self.call("POST", f"{place}/resume")
        again = resumed.body.get("capture_url")
        yield "POST /sessions/{id}/resume: a new link", again not in (None, link.body["capture_url"]), str(resumed.body)[:200]
        yield status("DELETE data of a session with links", self.call("DELETE", f"{place}/data"), 200)

    def cases(self) -> Iterator[Line]:
        listed = self.call("GET", "/api/v1/cases?status=open&limit=1")
        yield status("GET /cases", listed, 200)
        yield status("GET /cases: an unknown status", self.call("GET", "/api/v1/cases?status=gone"), 422)
        for name in ("claim", "release", "escalate", "approve", "reject"):
            yield status(f"POST /cases/{{id}}/{name}: unknown", self.call("POST", f"/api/v1/cases/case_nothing/{name}", {}), 404)

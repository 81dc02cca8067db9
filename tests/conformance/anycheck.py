"""The verification service: the page "POST /verifications" of the contract."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from tests.conformance.kit import (
    Kit,
    Line,
    exactly,
    fields,
    is_moment,
    is_moment_or_null,
    is_number,
    is_object,
    is_text,
    is_text_or_null,
    is_uuid,
    is_whole,
    one_of,
    picture,
    status,
)  # fmt: skip

STATUSES = (
    "DRAFT", "IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "NEED_REVIEW", "FRAUD_DETECTED", "PARTIALLY_COMPLETED",
    "PARTIALLY_FAILED",
)  # fmt: skip
OUTPUTS = ("VERIFIED", "NOT_VERIFIED", "PARTIALLY_NOT_VERIFIED", None)


class Anycheck(Kit):
    def lines(self) -> Iterator[Line]:
        services = self.call("GET", "/services")
        yield status("GET /services", services, 200)
        service = next(entry for entry in services.body["items"] if "PROOF_OF_ADDRESS" in entry["verification_types"])
        folder = self.call("POST", "/folders", {"name": "Conformance"})
        yield status("POST /folders", folder, 201)
        uploaded = self.call("POST", "/uploads", {"file": picture()})
        yield status("POST /uploads", uploaded, 201)
        configuration = {
            "verification_type": "PROOF_OF_ADDRESS", "fraud_detection": False, "proof_of_address_type": "utility_bill",
            "proof_of_address_country": "USA", "files": {"proof_of_address_file": [uploaded.body["path"]]},
        }  # fmt: skip
        body = {"service_id": service["id"], "folder_id": folder.body["id"], "configuration": configuration}
        yield from self.create(body, service)
        yield from self.drafts(body)
        yield from self.paused(body)
        yield from self.refused(body)

    def create(self, body: dict[str, Any], service: dict[str, Any]) -> Iterator[Line]:
        what, group = "POST /verifications", str(uuid.uuid4())
        hook = {"webhook_url": "https://hooks.example/anycheck", "webhook_metadata": {"order": 7, "webhook_secret": "your-signing-secret"}}
        made = self.call("POST", "/verifications", {**body, **hook, "result_id": group})
        yield status(what, made, 201)
        wanted = {
            "id": is_uuid, "service": exactly({"id": service["id"], "name": service["name"]}), "user_id": exactly(None), "api_key": is_text_or_null,
            "folder_id": exactly(body["folder_id"]), "result_id": exactly(group), "execution_time": is_number, "status": one_of(*STATUSES),
            "start_date": is_moment_or_null, "end_date": is_moment_or_null, "input_config": exactly(body["configuration"]),
            "input_file_url": lambda value: list(value) == ["proof_of_address_file"] and all(map(is_text, value["proof_of_address_file"])),
            "output": is_object, "output_file_url": is_text_or_null, "output_status": one_of(*OUTPUTS),
            "external_job_id": lambda value: list(value) == ["ocr_job_id", "fraud_job_id"], "webhook_url": exactly(hook["webhook_url"]),
            "webhook_metadata": exactly({"order": 7}), "export_file_url": is_text_or_null, "credit_used": exactly(0), "total_files": exactly(1),
            "total_pages": is_whole, "created_at": is_moment, "updated_at": is_moment,
        }  # fmt: skip
        yield from fields(what, made.body, wanted)
        shown = self.call("GET", f"/verifications/{made.body['id']}")
        yield status("GET /verifications/{id}", shown, 200)
        yield "GET /verifications/{id}: the same members", set(shown.body) == set(made.body), str(set(shown.body) ^ set(made.body))
        grouped = self.call("GET", f"/verifications?result_id={group}")
        yield "GET /verifications?result_id=", grouped.body.get("total") == 1 and "overall_status" in grouped.body, str(grouped.body)[:200]
        plain = self.call("POST", "/verifications", body)
        yield status(f"{what}: without the optional members", plain, 201)
        yield f"{what}: result_id is made", is_uuid(plain.body.get("result_id")), str(plain.body.get("result_id"))
        yield status(f"{what}: webhook_url null", self.call("POST", "/verifications", {**body, "webhook_url": None}), 201)

    def drafts(self, body: dict[str, Any]) -> Iterator[Line]:
        """Ours: the reference has no page about them."""
        what = "POST /verifications/drafts"
        made = self.call("POST", "/verifications/drafts", {"service_id": body["service_id"]})
        yield status(what, made, 201)
        yield f"{what}: DRAFT", made.body.get("status") == "DRAFT", str(made.body)[:200]
        place = f"/verifications/{made.body['id']}"
        yield status("POST /verifications/{id}/submit: an empty draft", self.call("POST", f"{place}/submit"), 400)
        filled = self.call("PATCH", place, {"configuration": body["configuration"]})
        yield status("PATCH /verifications/{id}", filled, 200)
        yield "PATCH /verifications/{id}: still a draft", filled.body.get("status") == "DRAFT", str(filled.body)[:200]
        yield "PATCH /verifications/{id}: its files", filled.body.get("total_files") == 1, str(filled.body)[:200]
        yield status("POST /verifications/{id}/continue: a draft", self.call("POST", f"{place}/continue"), 400)
        sent = self.call("POST", f"{place}/submit")
        yield status("POST /verifications/{id}/submit", sent, 200)
        yield "POST /verifications/{id}/submit: no draft any more", sent.body.get("status") != "DRAFT", str(sent.body)[:200]
        yield status("POST /verifications/{id}/submit: again", self.call("POST", f"{place}/submit"), 400)

    def paused(self, body: dict[str, Any]) -> Iterator[Line]:
        what = "POST /verifications with fraud_detection"
        data = picture(secrets.randbelow(256))
        path = self.call("POST", "/uploads", {"file": data}).body["path"]
        blocked = self.call("POST", "/api/v1/lists", {"kind": "blocked_file", "value": _sha256(data), "reason": "Conformance"})
        yield "a file is blocked", blocked.status in (201, 400), str(blocked.body)[:200]
        files = {"proof_of_address_file": [path]}
        made = self.call("POST", "/verifications", {**body, "configuration": {**body["configuration"], "fraud_detection": True, "files": files}})
        yield status(what, made, 201)
        yield f"{what}: FRAUD_DETECTED", made.body.get("status") == "FRAUD_DETECTED", str(made.body)[:200]
        yield f"{what}: says why", "file_blocked" in made.body["output"].get("fraud_signals", []), str(made.body.get("output"))
        done = self.call("POST", f"/verifications/{made.body['id']}/continue")
        yield status("POST /verifications/{id}/continue", done, 200)
        yield "POST /verifications/{id}/continue: it goes on", done.body.get("status") not in ("FRAUD_DETECTED", "DRAFT"), str(done.body)[:200]
        yield status("POST /verifications/{id}/continue: again", self.call("POST", f"/verifications/{made.body['id']}/continue"), 200)
        if blocked.status == 201:
            yield status("the file is unblocked", self.call("DELETE", f"/api/v1/lists/{blocked.body['data']['id']}"), 204)

    def refused(self, body: dict[str, Any]) -> Iterator[Line]:
        what = "POST /verifications"
        for name in ("service_id", "folder_id", "configuration"):
            less = self.call("POST", "/verifications", {key: value for key, value in body.items() if key != name})
            yield status(f"{what}: without {name}", less, 400)
            yield f"{what}: names {name}", [entry["field"] for entry in less.body["errors"]] == [name], str(less.body)
        error = {"error_code": exactly("NOT_FOUND"), "message": is_text, "errors": exactly([]), "code": is_text, "request_id": is_text}
        unknown = self.call("GET", f"/verifications/{uuid.uuid4()}")
        yield status("GET /verifications/{id}: unknown", unknown, 404)
        yield from fields("errors", unknown.body, error)
        yield status(f"{what}: an unknown service", self.call("POST", "/verifications", {**body, "service_id": str(uuid.uuid4())}), 404)
        yield status(f"{what}: an unknown folder", self.call("POST", "/verifications", {**body, "folder_id": str(uuid.uuid4())}), 404)
        away = {**body["configuration"], "files": {"proof_of_address_file": ["/uploads/ktp.jpg"]}}
        yield status(f"{what}: a path of no upload", self.call("POST", "/verifications", {**body, "configuration": away}), 400)
        local = {**body["configuration"], "verification_type": "KTP_PEP"}
        yield status(f"{what}: an Indonesian identity card", self.call("POST", "/verifications", {**body, "configuration": local}), 501)
        yield status(f"{what}: a webhook inside the network", self.call("POST", "/verifications", {**body, "webhook_url": "http://127.0.0.1/"}), 400)
        without = self.unauthenticated("GET", "/verifications")
        yield status("GET /verifications: without a key", without, 401)
        yield "GET /verifications: UNAUTHORIZED", without.body["error_code"] == "UNAUTHORIZED", str(without.body)


def _sha256(data: str) -> str:
    """Of a file as it is uploaded, before base64."""
    return hashlib.sha256(b64decode(data)).hexdigest()

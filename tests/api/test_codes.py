"""The codes of errors: those that are documented are those that are raised, each is answered in some test, and none is outside the contract."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.api.docs import openapi_document
from config.api.schema import ERRORS

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "flows", "verifications", "documents", "decisions")
THINGS = {
    "verification_not_found", "document_not_found", "decision_not_found", "extraction_not_found", "check_not_found", "flow_not_found",
    "webhook_not_found", "delivery_not_found", "not_found",
}  # fmt: skip
REQUESTS = {
    "malformed_json", "validation_failed", "method_not_allowed", "payload_too_large", "unsupported_media_type", "rate_limited",
    "unauthenticated", "missing_scope", "invalid_key_inflection", "unknown_api_version", "invalid_idempotency_key", "idempotency_mismatch",
    "idempotency_in_progress", "precondition_failed", "internal_error",
}  # fmt: skip
RULES = {
    "legal_hold", "redacted", "verification_not_started", "verification_canceled", "verification_not_approved", "verification_not_finished",
    "verification_not_submitted", "verification_on_hold", "verification_mismatch", "documents_missing", "transition_not_allowed",
    "check_passed", "flow_mismatch", "document_is_draft", "document_canceled", "document_in_progress", "document_not_uploaded",
    "document_not_extracted", "document_locked", "document_type_not_allowed", "document_type_taken", "no_files", "not_draft",
    "image_missing", "image_invalid", "not_extracted", "same_document",
    "list_entry_not_found", "list_entry_exists", "images_redacted", "form_not_available", "form_blank_missing", "export_not_found",
    "export_not_ready", "inspection_not_found",
}  # fmt: skip
CONTRACT = THINGS | REQUESTS | RULES
# Nothing can be asked for that would answer with these.
WITHOUT_AN_ENDPOINT = {
    "decision_not_found", "extraction_not_found",
}  # fmt: skip
# Links to images, the admin, hosts and commands have words of their own.
OUTSIDE_THE_API = {
    "stale_review", "case_claimed", "own_case", "document_decided",
    "link_invalid", "link_expired", "link_gone", "bad_request", "forbidden", "csrf_failed", "token_not_found", "unknown_scope",
}  # fmt: skip


def _texts(folder: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py"))


def _raised() -> set[str]:
    return {code for app in APPS for code in re.findall(r'Refused\(\s*"([a-z_]+)"', _texts(app))}


def test_what_is_raised_is_the_contract() -> None:
    raised = _raised() & CONTRACT
    assert raised | WITHOUT_AN_ENDPOINT == CONTRACT
    assert {code for code in _raised() - CONTRACT if code.isidentifier()} - OUTSIDE_THE_API == _worker_codes()


def _worker_codes() -> set[str]:
    """What engines and commands say among themselves, never to a client."""
    inner = "\n".join(_texts(folder) for folder in ("documents/engines", "documents/readers", "config/management"))
    return set(re.findall(r'Refused\(\s*"([a-z_]+)"', inner)) - CONTRACT - OUTSIDE_THE_API


def test_what_is_documented_is_raised_and_in_the_contract() -> None:
    assert set(ERRORS) <= CONTRACT
    assert CONTRACT - WITHOUT_AN_ENDPOINT - set(ERRORS) == {"not_found"}


def test_every_documented_code_is_of_some_operation() -> None:
    named = {
        code
        for item in openapi_document()["paths"].values()
        for operation in item.values()
        for response in operation["responses"].values()
        for code in response.get("content", {}).get("application/json", {}).get("examples", {})
    }
    assert set(ERRORS) - named <= {"method_not_allowed"}


@pytest.mark.parametrize("code", sorted(CONTRACT - WITHOUT_AN_ENDPOINT))
def test_every_code_is_answered_in_a_test(code: str) -> None:
    here = Path(__file__).name
    others = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path.name != here)
    assert f'"{code}"' in others

"""The codes of errors that the contract names."""

from __future__ import annotations

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
    "check_passed", "renewal_open", "flow_mismatch", "document_is_draft", "document_canceled", "document_in_progress", "document_not_uploaded",
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
# Where a dialect asks for what the native API does not have.
IN_DIALECTS = {
    "not_offered", "sandbox_only", "result_not_ready", "case_not_found", "service_not_found", "folder_not_found", "side_not_found",
    "page_not_found", "engine_not_configured", "event_not_found", "list_not_found", "api_log_not_found", "fingerprint_not_found", "capture_closed",
    "mail_not_configured", "email_missing",
}  # fmt: skip
# What the capture page tells people.
ON_THE_PAGE = {"capture_exhausted", "link_used", "consent_required", "consent_changed"}
# Links to images, the admin, hosts and commands have words of their own.
OUTSIDE_THE_API = IN_DIALECTS | ON_THE_PAGE | {
    "stale_review", "case_claimed", "own_case", "document_decided",
    "reading_killed", "link_invalid", "link_expired", "link_gone", "bad_request", "forbidden", "csrf_failed", "token_not_found", "unknown_scope",
}  # fmt: skip

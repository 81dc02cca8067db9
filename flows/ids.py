"""Public ids: a prefix that says what the thing is, and a ULID in lower-case Crockford base32 (sortable by time of making)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ulid import ULID


def new_id(prefix: str) -> str:
    """``ver`` → ``ver_01jd…`` (prefix, underscore, 26 characters)."""
    return f"{prefix}_{str(ULID()).lower()}"


def _maker(prefix: str) -> Callable[[], str]:
    return partial(new_id, prefix)


new_workspace_id = _maker("wsp")
new_token_id = _maker("tok")
new_flow_version_id = _maker("flv")
new_idempotency_id = _maker("idk")
new_verification_id = _maker("ver")
new_document_id = _maker("doc")
new_image_id = _maker("img")
new_blob_key = _maker("blb")
new_extraction_id = _maker("ext")
new_correction_id = _maker("cor")
new_check_id = _maker("chk")
new_decision_id = _maker("dec")
new_record_id = _maker("rec")
new_evidence_id = _maker("evd")
new_list_entry_id = _maker("lst")
new_fingerprint_id = _maker("fpr")
new_comment_id = _maker("cmt")
new_opinion_id = _maker("opn")
new_override_id = _maker("ovr")
new_event_id = _maker("evt")
new_message_id = _maker("msg")
new_webhook_id = _maker("whk")
new_delivery_id = _maker("dlv")
new_audit_id = _maker("aud")
new_legal_hold_id = _maker("hld")
new_receipt_id = _maker("rcp")
new_checkpoint_id = _maker("chp")
new_export_id = _maker("exp")
new_inspection_id = _maker("ins")
new_folder_id = _maker("fld")
new_upload_id = _maker("upl")
new_capture_link_id = _maker("lnk")
new_list_id = _maker("lis")
new_api_log_id = _maker("log")
new_request_id = _maker("req")

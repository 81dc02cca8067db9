"""Use cases of comments: for colleagues, or for the applicant."""

from __future__ import annotations

from django.db import transaction

from decisions.models import Comment
from decisions.review_models import Audience
from documents.models import Document
from flows.errors import Refused
from verifications import audit
from verifications.services import Caller, locked_in_flow

LONGEST = 2000


@transaction.atomic
def add_comment(*, caller: Caller, flow: str, verification_id: str, audience: str, text: str, document: Document | None = None) -> Comment:
    """Raises Refused: flow_not_found, verification_not_found, flow_mismatch, redacted, validation_failed."""
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if audience not in Audience.values or not 0 < len(text.strip()) <= LONGEST:
        message = f"A comment needs a text of {LONGEST} characters at most, and for whom it is."
        raise Refused("validation_failed", message, status=422, errors={"text": [message]})
    comment = Comment(verification=verification, document=document, audience=audience, author=caller.name)
    comment.text = text.strip()
    comment.save(force_insert=True)
    audit.record(
        workspace_id=verification.workspace_id, actor=caller.name, action="comment.added", subject=comment.pk, verification=verification.pk,
        data={"audience": audience},
    )  # fmt: skip
    return comment

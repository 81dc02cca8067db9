"""Use cases of comments: for colleagues, or for the applicant, whom the client shows them as messages."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from decisions.models import Comment
from decisions.review_models import Audience
from documents.models import Document
from documents.services import resubmit_verification
from flows.errors import Refused
from verifications import audit
from verifications.models import Verification
from verifications.outbox import emit
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
    if audience == Audience.APPLICANT:
        emit("verification.message_added", verification=verification, document=document, facts={"message_id": comment.pk})
    return comment


def messages_of(verification: Verification) -> list[Comment]:
    """What was written for the applicant and is still kept, oldest first. Colleagues' comments are never among them."""
    rows = Comment.objects.filter(verification=verification, audience=Audience.APPLICANT, text_sealed__isnull=False)
    return list(rows.order_by("created_at", "id"))


@transaction.atomic
def ask_again(
    *, caller: Caller, flow: str, verification_id: str, documents: Sequence[str] | None = None, reasons: Sequence[str] = (), note: str = ""
) -> Verification:
    """Ask for documents again; ``note``, what to do, becomes a message for the applicant. Raises what ``resubmit_verification`` raises."""
    found = resubmit_verification(
        caller=caller, flow=flow, verification_id=verification_id, documents=documents, reasons=reasons, note=note
    )  # fmt: skip
    if note.strip():
        add_comment(caller=caller, flow=flow, verification_id=verification_id, audience=Audience.APPLICANT, text=note)
    return found

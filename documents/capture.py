"""Use cases of the capture page, where a person shows documents themselves: a one-time link, consent, documents, submission.

Of a link only the hash of its token is kept; the token itself is made from the link's id and SECRET_KEY whenever the client asks for its address, so
that nothing stored opens the page. The first visit consumes the link; from then on the visitor's browser is known by a signed cookie, until a newer
link, the end of the session's time, or the end of the case.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from documents.models import Document
from documents.services import (
    DocumentChange,
    attach_document,
    delete_document,
    live_documents,
    resume_verification,
    submit_verification,
)
from flows.errors import Refused
from verifications import audit
from verifications.lifecycle import lock_verification
from verifications.models import AuditEntry, CaptureLink, Verification, VerificationStatus
from verifications.outbox import write_message
from verifications.services import Caller, create_verification, find_verification, locked_in_flow

MINUTES = 20
INVITATION_MINUTES = 24 * 60
# How long a browser that opened the link may go on.
SESSION = timedelta(hours=2)
# So often one link may add a document: each one is read, and whoever has the link is nobody that is known.
MOST_DOCUMENTS = 30
INVITE = "documents.actors.send_invitation"


@dataclass(frozen=True, slots=True)
class Opened:
    """A link in use: the case it leads to, and in whose name things are done there."""

    link: CaptureLink
    verification: Verification

    @property
    def caller(self) -> Caller:
        return Caller(self.verification.workspace, self.verification.environment, f"link:{self.link.pk}")

    @property
    def ends_at(self) -> datetime:
        return _ends_at(self.link)


@transaction.atomic
def start_session(*, caller: Caller, flow: str, fields: Mapping[str, Any]) -> tuple[Verification, CaptureLink]:
    """A verification with its first link. Raises Refused: as ``create_verification``."""
    verification = create_verification(caller=caller, flow=flow, fields=fields)
    return verification, _issue(caller, verification, MINUTES)


@transaction.atomic
def issue_link(*, caller: Caller, verification_id: str, minutes: int = MINUTES) -> CaptureLink:
    """A new link; the one before it, and the page that it opened, end. Raises Refused: verification_not_found, capture_closed."""
    found = find_verification(caller=caller, verification_id=verification_id)
    return _issue(caller, lock_verification(found.pk), minutes)


@transaction.atomic
def resume_session(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """A new link for a case that may still take documents, taken up again where it was Expired or on Hold.

    Raises Refused: verification_not_found, flow_mismatch, redacted, transition_not_allowed.
    """
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.status != VerificationStatus.STARTED or verification.redacted_at is not None:
        verification = resume_verification(caller=caller, flow=flow, verification_id=verification_id)
    if verification.status == VerificationStatus.STARTED:
        _issue(caller, verification, MINUTES)
    return verification


@transaction.atomic
def invite_again(*, caller: Caller, verification_id: str) -> CaptureLink:
    """A new link, mailed to the address that was declared. Raises Refused: verification_not_found, capture_closed, mail_not_configured,
    email_missing."""
    found = find_verification(caller=caller, verification_id=verification_id)
    verification = lock_verification(found.pk)
    if not (settings.EMAIL_URL and settings.PUBLIC_URL):
        raise Refused("mail_not_configured", "The service is not set up to send mail: EMAIL_URL and PUBLIC_URL.")
    if not _address_of(verification):
        raise Refused("email_missing", "The expected data has no e-mail address.")
    link = _issue(caller, verification, INVITATION_MINUTES)
    write_message("capture.invitation", INVITE, {"link_id": link.pk})
    return link


def _issue(caller: Caller, verification: Verification, minutes: int) -> CaptureLink:
    if verification.status != VerificationStatus.STARTED or verification.redacted_at is not None:
        raise Refused("capture_closed", "The session takes no more documents.")
    now = timezone.now()
    CaptureLink.objects.filter(verification=verification, revoked_at__isnull=True).update(revoked_at=now)
    link = CaptureLink(verification=verification, created_by=caller.name, expires_at=now + timedelta(minutes=minutes))
    link.digest = _digest(_token(link))
    link.save(force_insert=True)
    _record(verification, caller.name, "capture.link_made", link)
    return link


def list_links(*, caller: Caller, verification_id: str) -> QuerySet[CaptureLink]:
    """All that were made, newest first. Raises Refused("verification_not_found")."""
    found = find_verification(caller=caller, verification_id=verification_id)
    return CaptureLink.objects.filter(verification=found).order_by("-created_at", "-id")


def standing_links(cases: Iterable[Verification]) -> dict[str, CaptureLink]:
    """By verification, the link by which documents can be shown now; one query."""
    wanted = [case.pk for case in cases if case.status == VerificationStatus.STARTED and case.redacted_at is None]
    if not wanted:
        return {}
    rows = CaptureLink.objects.filter(verification__in=wanted, revoked_at__isnull=True)
    return {link.verification_id: link for link in rows if link_status(link) in ("created", "consumed")}


def link_status(link: CaptureLink) -> str:
    """``created``, ``consumed``, ``expired`` or ``revoked``."""
    if link.revoked_at is not None:
        return "revoked"
    if link.consumed_at is not None:
        return "consumed" if timezone.now() < _ends_at(link) else "expired"
    return "created" if timezone.now() < link.expires_at else "expired"


def path_of(link: CaptureLink) -> str | None:
    """Where the link leads to on this service; None when it was made under another SECRET_KEY."""
    token = _token(link)
    return f"/capture/{token}" if _digest(token) == link.digest else None


@transaction.atomic
def visit(token: str) -> Opened:
    """The first visit, which consumes the link. Raises Refused: link_invalid 404, link_used 410, link_expired 410, capture_closed."""
    found = CaptureLink.objects.filter(digest=_digest(token)).first()
    if found is None:
        raise Refused("link_invalid", "The link is not valid.", status=404)
    verification = lock_verification(found.verification_id)
    link = CaptureLink.objects.select_for_update().get(pk=found.pk)
    _require_standing(link, verification)
    if link.consumed_at is not None:
        raise Refused("link_used", "The link was opened before. Ask for a new one.", status=410)
    if link.expires_at <= timezone.now():
        raise Refused("link_expired", "The link has expired. Ask for a new one.", status=410)
    link.consumed_at = timezone.now()
    link.save(update_fields=["consumed_at"])
    if verification.opened_at is None:
        verification.opened_at = link.consumed_at
        verification.save(update_fields=["opened_at", "updated_at"])
    _record(verification, f"link:{link.pk}", "capture.opened", link)
    return Opened(link, verification)


def opened(link_id: str) -> Opened:
    """What a browser that opened the link before may go on with. Raises Refused: link_invalid 404, link_expired 410."""
    link = CaptureLink.objects.select_related("verification__flow_version", "verification__workspace").filter(pk=link_id).first()
    if link is None or link.consumed_at is None:
        raise Refused("link_invalid", "The link is not valid.", status=404)
    if link.revoked_at is not None or timezone.now() >= _ends_at(link):
        raise Refused("link_expired", "The time for this page is over. Ask for a new link.", status=410)
    return Opened(link, link.verification)


@transaction.atomic
def give_consent(link_id: str, *, ip: str, version: str) -> None:
    """Write down that the person agreed: when, from where, to what. Repeating it changes nothing. Raises Refused: as ``opened``, capture_closed, and
    consent_changed where ``version`` is not the one that is asked for."""
    at = opened(link_id)
    verification = lock_verification(at.verification.pk)
    _require_open(verification)
    if version != verification.definition.consent.version:
        raise Refused("consent_changed", "The text was changed meanwhile. Read it again.", status=409)
    if verification.consent is not None:
        return
    verification.consent = {"at": timezone.now().isoformat(), "ip": ip, "version": version, "flow_version": verification.flow_version_id}
    verification.save(update_fields=["consent_sealed", "updated_at"])
    _record(verification, at.caller.name, "capture.consented", at.link)


def add_document(link_id: str, *, change: DocumentChange) -> Document:
    """Raises Refused: as ``opened``, consent_required, capture_exhausted, and as ``attach_document``."""
    at = _consented(link_id)
    added = AuditEntry.objects.filter(verification_ref=at.verification.pk, action="document.attached", actor=at.caller.name)
    if added.count() >= MOST_DOCUMENTS:
        raise Refused("capture_exhausted", "Too many documents were added by this link. Ask for a new one.", status=429)
    return attach_document(caller=at.caller, flow=at.verification.flow_id, verification_id=at.verification.pk, change=change)


def remove_document(link_id: str, *, document_id: str) -> None:
    """Raises Refused: as ``opened``, consent_required, document_not_found, and as ``delete_document``."""
    at = _consented(link_id)
    if not live_documents(at.verification).filter(pk=document_id).exists():
        raise Refused("document_not_found", "No such document.", status=404)
    delete_document(caller=at.caller, flow=at.verification.flow_id, document_id=document_id)


def finish(link_id: str) -> None:
    """Submit. Raises Refused: as ``opened``, consent_required, and as ``submit_verification``."""
    at = _consented(link_id)
    submit_verification(caller=at.caller, flow=at.verification.flow_id, verification_id=at.verification.pk)


def shown_documents(at: Opened) -> Sequence[Document]:
    """What was shown so far, oldest first."""
    return list(live_documents(at.verification))


def is_open(at: Opened) -> bool:
    """Whether documents can still be shown."""
    return at.verification.status == VerificationStatus.STARTED and at.verification.redacted_at is None


def send_invitation(*, link_id: str) -> None:
    """Mail the link's address; a second call, or a link that is of no use any more, sends nothing."""
    link = (
        CaptureLink.objects.select_related("verification__flow_version", "verification__workspace").filter(pk=link_id, mailed_at__isnull=True).first()
    )
    if link is None or link_status(link) != "created":
        return
    to, path = _address_of(link.verification), path_of(link)
    if not to or not path:
        return
    minutes = (link.expires_at - link.created_at) // timedelta(hours=1)
    text = (
        f"{link.verification.workspace.name} asks you to show your documents:\n\n{settings.PUBLIC_URL}{path}\n\n"
        f"The link opens once and is good for {minutes} hours. If you did not expect this message, you need not do anything.\n"
    )
    send_mail(f"Your documents for {link.verification.workspace.name}", text, None, [to])
    CaptureLink.objects.filter(pk=link.pk).update(mailed_at=timezone.now())


def _consented(link_id: str) -> Opened:
    at = opened(link_id)
    _require_open(at.verification)
    if at.verification.consent is None:
        raise Refused("consent_required", "Consent comes before documents.")
    return at


def _require_standing(link: CaptureLink, verification: Verification) -> None:
    if link.revoked_at is not None:
        raise Refused("link_expired", "A newer link was made. Use that one.", status=410)
    _require_open(verification)


def _require_open(verification: Verification) -> None:
    if verification.status != VerificationStatus.STARTED or verification.redacted_at is not None:
        raise Refused("capture_closed", "The session takes no more documents.")


def _ends_at(link: CaptureLink) -> datetime:
    return (link.consumed_at or link.expires_at) + SESSION


def _address_of(verification: Verification) -> str:
    return str(((verification.expected or {}).get("person") or {}).get("email") or "")


def _token(link: CaptureLink) -> str:
    made = salted_hmac("documents.capture", link.pk, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _record(verification: Verification, actor: str, action: str, link: CaptureLink) -> None:
    audit.record(workspace_id=verification.workspace_id, actor=actor, action=action, subject=link.pk, verification=verification.pk)

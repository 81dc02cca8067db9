"""The capture page: a person opens a one-time link, agrees, shows documents and submits them. Works without JavaScript.

The link's token is in the first address only: that visit ends in a redirect to an address that is no secret, with a signed cookie for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from config.api import throttle
from config.api.uploads import FileUpload
from decisions.advice import to_upload_again
from documents import capture
from documents.capture import Opened
from documents.models import Document, DocumentStatus
from documents.services import DocumentChange
from documents.types import CONTEXT_LABELS, DOCUMENT_TYPES
from flows.countries import COUNTRIES
from flows.definition import FlowDefinition
from flows.errors import Refused

COOKIE, SALT = "vouchbox_capture", "config.capture"
HEADERS = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "same-origin"}
PREFETCH = ("prefetch", "prerender", "preview")
# What the API says to programmers, in a person's words.
SENTENCES = {
    "image_missing": "A picture is missing. A document with two sides needs both.",
    "image_invalid": "This file is not a picture that can be read. Take the picture again, or choose a JPEG, PNG, HEIC or PDF file.",
    "payload_too_large": "The file is too large. Take the picture with a lower resolution.",
    "document_type_not_allowed": "This document is not accepted from that country. Choose another one.",
    "document_type_taken": "This document was received before.",
    "document_locked": "The documents cannot be changed any more.",
    "document_not_found": "This document was removed before.",
    "documents_missing": "A document is missing. Add it, then send everything.",
    "legal_hold": "The documents cannot be changed any more.",
    "consent_required": "Please agree first.",
}
CONTEXT_HELP = {
    "PHOTO_ID": "Lay the document flat, with light from the side. All four corners must be in the picture.",
    "PROOF_OF_ADDRESS": "The whole page, as a picture or PDF. Name, address and date must be readable.",
    "SELFIE": "Your face from the front, without sunglasses or hat.",
}
View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """A document type as the form offers it; ``sides`` is JSON of the number of sides by country, ``*`` for all others."""

    id: int
    name: str
    sides: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One document that the flow asks for, with what was shown of it."""

    context: str
    label: str
    help: str
    required: bool
    types: list[TypeChoice]
    countries: list[Any]
    camera: str
    document: Document | None
    advice: list[str] = field(default_factory=list)
    chosen_type: int | None = None
    chosen_country: str = "USA"
    error: str = ""

    @property
    def is_read(self) -> bool:
        return self.document is not None and self.document.status not in (DocumentStatus.UPLOADED, DocumentStatus.IN_PROGRESS)


@csrf_exempt
def visit(request: HttpRequest, token: str) -> HttpResponse:
    """The first visit. What only looks ahead (HEAD, a browser's prefetch) leaves the link as it is."""
    if request.method not in ("GET", "HEAD"):
        return _ended(request, Refused("method_not_allowed", "This address is only opened.", status=405, headers={"Allow": "GET, HEAD"}))
    purpose = f"{request.headers.get('Sec-Purpose', '')} {request.headers.get('Purpose', '')}"
    if request.method == "HEAD" or any(word in purpose for word in PREFETCH):
        return HttpResponse(status=204, headers=HEADERS)
    try:
        at = capture.visit(token)
    except Refused as refusal:
        return _ended(request, _throttled(request, refusal))
    response = HttpResponseRedirect(_address(at), status=303, headers=HEADERS)
    response.set_signed_cookie(
        COOKIE, at.link.pk, salt=SALT, max_age=int(capture.SESSION.total_seconds()), path=_address(at), httponly=True,
        secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
    )  # fmt: skip
    return response


def _throttled(request: HttpRequest, refusal: Refused) -> Refused:
    """Who guesses tokens is slowed down like any stranger."""
    try:
        throttle.spend_address(client_address(request))
    except Refused as limited:
        return limited
    return refusal


def client_address(request: HttpRequest) -> str:
    """The peer's, or the one that a trusted proxy saw (the last of X-Forwarded-For: the others are the client's own claims)."""
    seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if settings.TRUST_FORWARDED_FOR else ""
    return seen or str(request.META.get("REMOTE_ADDR", ""))


def guarded(method: str) -> Callable[[View], View]:
    """For who opened the link in this browser. The size comes first, since looking for the form's token takes the body in."""

    def decorate(view: View) -> View:
        protected = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def guard(request: HttpRequest, link: str, **ids: str) -> HttpResponse:
            allowed = ("GET", "HEAD") if method == "GET" else (method,)
            try:
                if request.method not in allowed:
                    raise Refused("method_not_allowed", "Method not allowed.", status=405, headers={"Allow": ", ".join(allowed)})
                if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_REQUEST_BYTES:
                    raise Refused("payload_too_large", SENTENCES["payload_too_large"], status=413)
                at = capture.opened(_own_link(request, link))
                return protected(request, at, **ids)
            except Refused as refusal:
                return _ended(request, refusal)

        return guard

    return decorate


def _own_link(request: HttpRequest, link: str) -> str:
    """Raises Refused where the browser did not open the link."""
    try:
        known = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=int(capture.SESSION.total_seconds()))
    except signing.BadSignature:
        known = ""
    if known != link:
        raise Refused("link_invalid", "Open the link that you were sent, in this browser.", status=403)
    return link


@guarded("GET")
def page(request: HttpRequest, at: Opened) -> HttpResponse:
    return _page(request, at)


@guarded("POST")
def consent(request: HttpRequest, at: Opened) -> HttpResponse:
    if request.POST.get("agree") != "yes":
        return _page(request, at, error="Tick the box to go on.", status=422)
    return _done(request, at, lambda: capture.give_consent(at.link.pk, ip=client_address(request), version=request.POST.get("version", "")))


@guarded("POST")
def upload(request: HttpRequest, at: Opened) -> HttpResponse:
    sent, definition = request.POST, at.verification.definition
    context, type_id, country = sent.get("context", ""), sent.get("type", ""), sent.get("country", "")
    front, back = (FileUpload(file) if (file := request.FILES.get(side)) else None for side in ("front", "back"))
    if context not in definition.contexts or not type_id.isdecimal() or len(type_id) > 4 or country not in COUNTRIES:
        return _page(request, at, error="Choose what you are showing, and its country.", place=context, status=422)

    def add() -> None:
        for side in (front, back):
            if side is not None:
                side.check_size()
        capture.add_document(at.link.pk, change=DocumentChange(context, int(type_id), country, front, back))

    return _done(request, at, add, place=context)


@guarded("POST")
def remove(request: HttpRequest, at: Opened, document: str) -> HttpResponse:
    return _done(request, at, lambda: capture.remove_document(at.link.pk, document_id=document))


@guarded("POST")
def submit(request: HttpRequest, at: Opened) -> HttpResponse:
    return _done(request, at, lambda: capture.finish(at.link.pk))


def _done(request: HttpRequest, at: Opened, act: Callable[[], object], *, place: str = "") -> HttpResponse:
    """Back to the page, or the page with what was wrong."""
    try:
        act()
    except Refused as refusal:
        if refusal.code in ("link_invalid", "link_expired", "capture_closed"):
            raise
        return _page(request, capture.opened(at.link.pk), error=SENTENCES.get(refusal.code, refusal.message), place=place, status=refusal.status)
    return HttpResponseRedirect(_address(at), status=303, headers=HEADERS)


def _address(at: Opened) -> str:
    return reverse("capture", args=[at.link.pk])


def _page(request: HttpRequest, at: Opened, *, error: str = "", place: str = "", status: int = 200) -> HttpResponse:
    definition = at.verification.definition
    content: dict[str, Any] = {"at": at, "definition": definition, "workspace": at.verification.workspace, "error": error}
    if not capture.is_open(at):
        return _shown(request, "capture/done.html", {**content, "return_to": (at.verification.request or {}).get("redirect_url", "")}, status)
    if at.verification.consent is None:
        return _shown(request, "capture/consent.html", content, status)
    slots = _slots(request, at, definition, error=error, place=place)
    open_slots = [slot for slot in slots if slot.required and slot.document is None]
    told = any(slot.error and slot.document is None for slot in slots)
    return _shown(request, "capture/documents.html", {**content, "slots": slots, "is_complete": not open_slots, "told": told}, status)


def _slots(request: HttpRequest, at: Opened, definition: FlowDefinition, *, error: str, place: str) -> list[Slot]:
    shown = {document.context: document for document in capture.shown_documents(at)}
    advice = to_upload_again(at.verification)
    countries = sorted(COUNTRIES.values(), key=lambda entry: (entry.iso3 != "USA", entry.name))
    found = []
    for context in definition.contexts:
        document, is_here = shown.get(context), context == place
        chosen = request.POST.get("type", "") if is_here else ""
        found.append(
            Slot(
                context=context,
                label=CONTEXT_LABELS[context],
                help=CONTEXT_HELP[context],
                required=context in definition.required_contexts,
                types=_types(definition, context),
                countries=countries,
                camera={"PHOTO_ID": "environment", "SELFIE": "user"}.get(context, ""),
                document=document,
                advice=advice.get(document.pk, []) if document else [],
                chosen_type=int(chosen) if chosen.isdecimal() and len(chosen) <= 4 else None,
                chosen_country=request.POST.get("country", "USA") if is_here else "USA",
                error=error if is_here else "",
            )
        )
    return found


def _types(definition: FlowDefinition, context: str) -> list[TypeChoice]:
    entries = (DOCUMENT_TYPES[entry.id] for entry in definition.document_types if DOCUMENT_TYPES[entry.id].context == context)
    return [TypeChoice(entry.id, entry.name, json.dumps(dict(entry.sides))) for entry in entries]


def _ended(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """There is nothing to go on with; the sentence says what to do."""
    response = _shown(request, "capture/ended.html", {"sentence": SENTENCES.get(refusal.code, refusal.message)}, refusal.status)
    for name, value in refusal.headers.items():
        response[name] = value
    return response


def _shown(request: HttpRequest, template: str, content: dict[str, Any], status: int) -> HttpResponse:
    response = render(request, template, content, status=status)
    for name, value in HEADERS.items():
        response[name] = value
    return response

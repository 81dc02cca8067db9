"""``Idempotency-Key``: a repeated POST, PATCH or DELETE gets the first answer again and has no second effect."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Protocol

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.errors import as_refusal
from config.api.headers import idempotency_key
from config.api.links import with_links, without_links
from config.api.uploads import Base64Upload, ExcludedUpload, FileUpload
from flows import idempotency
from flows.effects import Unit
from flows.errors import Refused
from flows.models import IdempotencyKey, IdempotencyState
from verifications.services import Caller

REPLAYED = {"Idempotency-Replayed": "true"}
_ERASED = {
    "redacted": Refused("redacted", "The verification's data was deleted.", headers=REPLAYED),
    "document_redacted": Refused("redacted", "The data of a document that the answer showed was deleted.", headers=REPLAYED),
    "document_not_found": Refused("document_not_found", "No such document.", status=404, headers=REPLAYED),
}


class Repeatable(Protocol):
    """What is needed of a view. ``subjects`` names whose data the answer shows, so that it is forgotten with them."""

    request: Request
    exchange: Exchange | None

    @property
    def slow_before_change(self) -> frozenset[str]: ...
    @property
    def caller(self) -> Caller: ...
    def body(self) -> Any: ...
    def check_precondition(self) -> None: ...
    def subjects(self, body: Any) -> dict[str, str]: ...


class Exchange:
    """One request whose effect and answer are committed together. Without a key only the effect is."""

    def __init__(self, view: Repeatable, row: IdempotencyKey | None, unit: Unit) -> None:
        self._view, self._row, self._unit = view, row, unit

    def settle(self, response: Response) -> None:
        """Commit what was done, and ``response`` as what a repetition is answered with. A later call replaces the answer."""
        self._unit.begin()
        if self._row is not None:
            data, links = without_links(response.data)
            answer = {"status": response.status_code, "data": data, "links": links}
            idempotency.keep_answer(self._row, answer=answer, **self._view.subjects(data))
        self._unit.commit()


def answered(view: Repeatable, work: Callable[[], Response]) -> Response:
    """What ``work`` answers, or what it answered before."""
    key = idempotency_key(view.request)
    if key is None and "If-Match" not in view.request.headers:
        return work()
    row = _claimed(view, key) if key is not None else None
    if row is not None and row.state != IdempotencyState.RUNNING:
        return _replay(view, row)
    slow = view.request.method in view.slow_before_change
    try:
        with Unit(before=view.check_precondition if slow else None) as unit:
            if not slow:
                unit.begin()
            view.exchange = Exchange(view, row, unit)
            response = work()
            view.exchange.settle(response)
            return response
    except Exception as error:
        if row is not None:
            _keep_refusal(view, row, as_refusal(error))
        raise


def _claimed(view: Repeatable, key: str) -> IdempotencyKey:
    caller, request = view.caller, view.request
    return idempotency.claim(
        workspace=caller.workspace,
        environment=caller.environment,
        method=str(request.method),
        path=request.path,
        key=key,
        fingerprint=fingerprint(view.body() if request.method != "DELETE" else {}),
    )


def fingerprint(body: Any) -> str:
    """SHA-256 (hex) of the body as canonical JSON: sorted members, no white space; of a file its content."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_digest)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _digest(upload: Any) -> str:
    assert isinstance(upload, Base64Upload | ExcludedUpload | FileUpload)
    return upload.digest()


def _keep_refusal(view: Repeatable, row: IdempotencyKey, refusal: Refused) -> None:
    """A refusal is an answer, too; a failure of ours is not, nor what another token would be answered, nor that the key is somebody else's
    by now."""
    if refusal.status >= 500 or refusal.status in (401, 403, 429) or refusal.code == "idempotency_in_progress":
        idempotency.release(row)
        return
    told = {name: getattr(refusal, name) for name in ("code", "message", "status", "extra", "errors", "headers")}
    idempotency.keep_answer(row, answer={"refusal": told}, **view.subjects(None))


def _replay(view: Repeatable, row: IdempotencyKey) -> Response:
    if row.state == IdempotencyState.ERASED:
        raise _ERASED[row.erased_as]
    answer = row.answer
    if told := answer.get("refusal"):
        raise Refused(told.pop("code"), told.pop("message"), **{**told, "headers": {**told["headers"], **REPLAYED}})
    return Response(with_links(view.request, answer["data"], answer["links"]), status=answer["status"], headers=REPLAYED)

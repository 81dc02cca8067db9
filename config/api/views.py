"""What every endpoint does before its own work, in the contract's order: method, token, scope, content type, size, body, flow."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import NotAuthenticated, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from config.api import throttle
from config.api.conditional import check_unchanged, lock_subject, tagged
from config.api.errors import errors_refusal
from config.api.headers import UNSAFE, asks_for, check_headers, style_of, version_of
from config.api.idempotency import Exchange, answered
from config.api.inflection import outbound, outbound_error
from config.api.uploads import release_uploads
from flows import api_logs
from flows.errors import Refused
from flows.models import ApiToken
from flows.services import get_flow
from flows.tracing import request_id
from verifications.services import Caller

PLAIN_ID = re.compile(r"[a-z]{2,4}_[0-9a-z]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{1,4}")
CONTENT_TYPES = ("application/json", "multipart/form-data")


class ApiView(APIView):
    """``scopes`` maps a method to the scope it needs. ``slow_before_change`` names the methods whose service does slow work
    before it opens its transaction with ``flows.effects.effect``."""

    scopes: ClassVar[Mapping[str, str]] = {}
    slow_before_change: ClassVar[frozenset[str]] = frozenset()
    exchange: Exchange | None = None
    pinned_version = ""
    budget: throttle.Budget | None = None
    content_types: ClassVar[tuple[str, ...]] = CONTENT_TYPES
    http_method_names = ["get", "post", "patch", "delete", "head"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """DRF's, with idempotency between what is checked of any request and what the method itself does."""
        self.args, self.kwargs, begun = args, kwargs, time.monotonic()
        self.request = self.initialize_request(request, *args, **kwargs)
        response: Any
        self.headers = self.default_response_headers
        try:
            self.initial(self.request, *args, **kwargs)
            response = answered(self, self._work)
        except Exception as error:
            response = self.handle_exception(error)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        if settings.API_LOG_DAYS:
            self._note(request, begun)
        return self.response

    def _note(self, request: HttpRequest, begun: float) -> None:
        """In the list of requests: the route, with the ids in it and nothing else that a client wrote."""
        token = getattr(request, "found_token", None)
        if token is None:
            return
        path = f"/{request.resolver_match.route}" if request.resolver_match else ""
        for name, value in request.resolver_match.kwargs.items() if request.resolver_match else ():
            if PLAIN_ID.fullmatch(str(value)):
                path = re.sub(rf"<(\w+:)?{name}>", str(value), path)
        milliseconds = round((time.monotonic() - begun) * 1000)
        api_logs.note_request(
            token, request_id=request_id.get(), method=str(request.method), path=path, status=self.response.status_code, milliseconds=milliseconds
        )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        method = str(request.method).lower()
        if method not in self.http_method_names or not hasattr(self, method):
            allowed = ", ".join(name.upper() for name in self.http_method_names if hasattr(self, name))
            raise Refused("method_not_allowed", "Method not allowed.", status=405, headers={"Allow": allowed})
        self._authenticate(request)
        token = cast(ApiToken, request.auth)
        self.pinned_version = token.api_version
        self.budget = throttle.spend_token(token)
        self.check_permissions(request)
        if self.budget is not None:
            self.budget.enforce()
        malformed = self._body_is_malformed(request) if method in ("post", "patch") else False
        check_headers(request)
        if malformed:
            raise ParseError

    def _work(self) -> Response:
        request = self.request
        if "flow" in self.kwargs:
            get_flow(self.caller.workspace, self.kwargs["flow"])
        for name, value in request.query_params.items():
            if "\x00" in value:
                raise errors_refusal({name: ["Null characters are not allowed."]})
        if request.method in ("POST", "PATCH") and not isinstance(self.body(), dict):
            raise errors_refusal({"body": ["The body must be a JSON object."]})
        answer: Response = getattr(self, str(request.method).lower())(request, *self.args, **self.kwargs)
        return answer

    def _authenticate(self, request: Request) -> None:
        try:
            self.perform_authentication(request)
        except NotAuthenticated:
            throttle.spend_address(str(request.META.get("REMOTE_ADDR", "")))
            raise

    def _body_is_malformed(self, request: Request) -> bool:
        """Takes the body in. Raises Refused 415 and 413; whether the syntax is wrong is told only, because headers come first."""
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length and (request.content_type or "").partition(";")[0].strip().lower() not in self.content_types:
            raise Refused("unsupported_media_type", f"Send {' or '.join(self.content_types)}.", status=415)
        if length > settings.MAX_REQUEST_BYTES:
            _drain(request, length)
            raise Refused("payload_too_large", "The request is too large.", status=413)
        try:
            self.body()
        except (ParseError, ValueError, KeyError, AttributeError):
            return True
        return False

    def body(self) -> Any:
        """The parsed body; an empty one is an empty object."""
        return self.request.data if self.request.META.get("CONTENT_LENGTH") not in (None, "", "0") else {}

    @property
    def caller(self) -> Caller:
        caller = self.request.user
        assert isinstance(caller, Caller)
        return caller

    def checked(self, serializer: type[Serializer]) -> dict[str, Any]:
        """The body as the serializer's fields; unknown keys are ignored. Raises 422, and 412 for If-Match."""
        form = serializer(data=self.body(), context={"request": self.request})
        form.is_valid(raise_exception=True)
        self.check_precondition()
        return dict(form.validated_data)

    def check_precondition(self) -> None:
        """Raises Refused("precondition_failed")."""
        if self.request.method == "PATCH" and "If-Match" in self.request.headers:
            lock_subject(self.caller.workspace, self.kwargs)
            check_unchanged(self.request, self.get(self.request, *self.args, **self.kwargs))  # type: ignore[attr-defined]

    def styled(self, request: Request, response: Response) -> Any:
        """The answer's members as the client likes them."""
        style, of_body = style_of(request), request.method in UNSAFE
        return outbound_error(response.data, style, of_body=of_body) if response.status_code >= 400 else outbound(response.data, style)

    def subjects(self, body: Any) -> dict[str, str]:
        """Which verification and document an answer is about: its data are theirs. ``body`` None: it is a refusal."""
        data = body.get("data") if isinstance(body, dict) else None
        named = data if isinstance(data, dict) else {}
        own = {name: str(named[name]) for name in ("id", "verification_id", "document_id") if named.get(name)}
        pk = own.get("id", "")
        verification = own.get("verification_id") or (pk if pk.startswith("ver_") else "") or str(self.kwargs.get("verification", ""))
        document = own.get("document_id") or (pk if pk.startswith("doc_") else "") or str(self.kwargs.get("document", ""))
        return {"verification": verification[:40], "document": document[:40]}

    def settle(self, response: Response) -> None:
        """Commit what was done so far, with ``response`` as its answer, before something slow that may as well be cut off."""
        if self.exchange is not None:
            self.exchange.settle(response)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        release_uploads(getattr(request, "_full_data", None))
        shown: Any = tagged(request, response)
        if isinstance(shown, Response) and shown.data is not None:
            shown.data = self.styled(request, shown)
        finished = super().finalize_response(request, shown, *args, **kwargs)
        for name, value in self.budget.headers() if self.budget is not None else ():
            finished.setdefault(name, value)
        finished["API-Version"] = version_of(request, self.pinned_version)
        return finished


def _drain(request: Request, length: int) -> None:
    """Take in what the client is still sending, or it would see a broken connection instead of the answer."""
    stream, left = request._request, min(length, 4 * settings.MAX_REQUEST_BYTES)
    while left > 0 and (chunk := stream.read(min(left, 1 << 20))):
        left -= len(chunk)


def wants_pdf(request: Request) -> bool:
    return asks_for(request, "application/pdf")


def pdf_response(data: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"', "Cache-Control": "private, no-store"}
    return HttpResponse(data, content_type="application/pdf", headers=headers)


def enveloped(data: Any, status: int = 200) -> Response:
    return Response({"data": data}, status=status)

"""What every endpoint does before its own work, in the contract's order: method, token, scope, content type, size, body, flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from config.api import throttle
from config.api.errors import errors_refusal
from config.api.uploads import release_uploads
from flows.errors import Refused
from flows.services import get_flow
from verifications.services import Caller

CONTENT_TYPES = ("application/json", "multipart/form-data")


class ApiView(APIView):
    """``scopes`` maps a method to the scope it needs."""

    scopes: ClassVar[Mapping[str, str]] = {}
    http_method_names = ["get", "post", "patch", "delete", "head"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        method = str(request.method).lower()
        if method not in self.http_method_names or not hasattr(self, method):
            raise MethodNotAllowed(str(request.method))
        self._authenticate(request)
        self.check_permissions(request)
        setattr(request, "rate_budget", throttle.spend(f"token:{request.auth.pk}"))  # noqa: B010 (DRF's Request declares no such member)
        if method in ("post", "patch"):
            self._check_body(request)
        for name, value in request.query_params.items():
            if "\x00" in value:
                raise errors_refusal({name: ["Null characters are not allowed."]})
        if "flow" in kwargs:
            get_flow(self.caller.workspace, kwargs["flow"])

    def _authenticate(self, request: Request) -> None:
        try:
            self.perform_authentication(request)
        except NotAuthenticated:
            throttle.spend(f"address:{request.META.get('REMOTE_ADDR', '')}")
            raise

    def _check_body(self, request: Request) -> None:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length and (request.content_type or "").partition(";")[0].strip().lower() not in CONTENT_TYPES:
            raise Refused("unsupported_media_type", "Send application/json or multipart/form-data.", status=415)
        if length > settings.MAX_REQUEST_BYTES:
            _drain(request, length)
            raise Refused("payload_too_large", "The request is too large.", status=413)
        if length:
            try:
                request.data  # noqa: B018 (reading it is what parses the body)
            except (ValueError, KeyError, AttributeError) as error:
                raise ParseError from error

    @property
    def caller(self) -> Caller:
        caller = self.request.user
        assert isinstance(caller, Caller)
        return caller

    def checked(self, serializer: type[Serializer]) -> dict[str, Any]:
        """The body as the serializer's fields; unknown keys are ignored. Raises 422."""
        data = self.request.data if self.request.META.get("CONTENT_LENGTH") not in (None, "", "0") else {}
        if not isinstance(data, dict):
            raise errors_refusal({"body": ["The body must be a JSON object."]})
        form = serializer(data=data, context={"request": self.request})
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        release_uploads(getattr(request, "_full_data", None))
        finished = super().finalize_response(request, response, *args, **kwargs)
        throttle.show(request, finished)
        return finished


def _drain(request: Request, length: int) -> None:
    """Take in what the client is still sending, or it would see a broken connection instead of the answer."""
    stream, left = request._request, min(length, 4 * settings.MAX_REQUEST_BYTES)
    while left > 0 and (chunk := stream.read(min(left, 1 << 20))):
        left -= len(chunk)


def wants_pdf(request: Request) -> bool:
    return "application/pdf" in request.headers.get("Accept", "")


def pdf_response(data: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"', "Cache-Control": "private, no-store"}
    return HttpResponse(data, content_type="application/pdf", headers=headers)


def enveloped(data: Any, status: int = 200) -> Response:
    return Response({"data": data}, status=status)

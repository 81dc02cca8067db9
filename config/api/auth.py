"""Who asks: a bearer token (X-API-Key means the same) gives the workspace, the environment and the scopes."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from flows.errors import Refused
from flows.models import ApiToken
from flows.services import find_token
from verifications.services import Caller


class TokenAuthentication(BaseAuthentication):
    """Unknown, malformed, expired and revoked tokens all get the same 401."""

    def authenticate(self, request: Request) -> tuple[Caller, ApiToken]:
        token = token_of(request._request)
        if token is None:
            raise NotAuthenticated
        return Caller(token.workspace, token.environment, f"token:{token.prefix}"), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def token_of(request: HttpRequest) -> ApiToken | None:
    """The token that the request carries, looked up once."""
    if not hasattr(request, "found_token"):
        presented = _presented(request)
        request.found_token = find_token(presented) if presented else None  # type: ignore[attr-defined]
    found: ApiToken | None = request.found_token  # type: ignore[attr-defined]
    return found


def _presented(request: HttpRequest) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return str(value.strip())
    return str(request.headers.get("X-API-Key", "")).strip()


class HasScope(BasePermission):
    """The view names the scope of each method; the token must carry it. ``other_scopes`` let a method in whose view looks closer itself."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = str(request.method).lower().replace("head", "get")
        others = getattr(view, "other_scopes", {}).get(method, ())
        if not any(scope in cast(ApiToken, request.auth).scopes for scope in others):
            require_scope(request, view.scopes[method])
        return True


def require_scope(request: Request, scope: str) -> None:
    """Raises Refused("missing_scope")."""
    if scope not in cast(ApiToken, request.auth).scopes:
        raise Refused("missing_scope", f"The token lacks the scope {scope}.", status=403)

"""The OpenAPI document and the interactive page over it, with every asset from this service."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import conditional_page
from drf_spectacular.generators import SchemaGenerator

from config.api.errors import refusal_json, safe_only
from decisions.reviewers import name_of
from flows.errors import Refused
from flows.models import Environment, Workspace
from flows.services import issue_token

TOKEN_LASTS = timedelta(hours=4)


@lru_cache(maxsize=1)
def openapi_document() -> dict[str, Any]:
    """OpenAPI 3.1, generated from the views; the same for every caller."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


@safe_only
@conditional_page
def document(request: HttpRequest) -> JsonResponse:
    return JsonResponse(openapi_document())


@safe_only
def interactive(request: HttpRequest) -> HttpResponse:
    """The page is the same for everybody but for the offer of a token, which only those see who may make one."""
    workspaces = Workspace.objects.order_by("name") if _may_issue(request) else None
    response = render(request, "docs.html", {"workspaces": workspaces})
    response["Cache-Control"] = "private, no-store"
    return response


def sandbox_token(request: HttpRequest) -> HttpResponse:
    """A sandbox token for some hours, to try the operations of the page with. It is answered to the page's script and kept nowhere."""
    if request.method != "POST":
        return refusal_json(request, Refused("method_not_allowed", "Method not allowed.", status=405, headers={"Allow": "POST"}))
    if not _may_issue(request):
        return refusal_json(request, Refused("forbidden", "Sign in as somebody who may make tokens.", status=403))
    workspace = Workspace.objects.filter(slug=request.POST.get("workspace", "").replace("\0", "")).first()  # PostgreSQL takes no NUL
    if workspace is None:
        return refusal_json(request, Refused("not_found", "There is no such workspace.", status=404))
    by = name_of(request.user)
    issued = issue_token(workspace=workspace, name="Interactive documentation", environment=Environment.SANDBOX, lasts=TOKEN_LASTS, by=by)
    return JsonResponse({"token": issued.secret, "expires_at": issued.token.expires_at}, headers={"Cache-Control": "private, no-store"})


def _may_issue(request: HttpRequest) -> bool:
    return admin.site.has_permission(request) and request.user.has_perm("flows.add_apitoken")

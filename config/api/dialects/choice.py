"""The few addresses that two dialects, or one and the native API, share. JSON:API for who accepts its media type, names a version of that dialect or
has a token for it, else the plain shape."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import path, register_converter
from django.urls.converters import StringConverter

from config.api.auth import token_of
from config.api.dialects.persona import cases as json_api_cases
from config.api.dialects.persona import documents as json_api_documents
from config.api.dialects.persona import lists as json_api_lists
from config.api.dialects.persona import records as json_api_records
from config.api.dialects.persona.errors import PERSONA
from config.api.dialects.verifa import cases, documents
from config.api.flow import lists, webhooks


def _chosen(plain: Any, other: Any) -> Any:
    """A view that looks to its client."""
    views = plain.as_view(), other.as_view()

    def choose(request: HttpRequest, **ids: str) -> HttpResponseBase:
        answer: HttpResponseBase = views[_speaks_json_api(request)](request, **ids)
        return answer

    view: Any = choose
    view.csrf_exempt, view.cls, view.initkwargs, view.other = True, plain, {}, other
    return view


def _speaks_json_api(request: HttpRequest) -> bool:
    """What the request says goes before what its token is for."""
    if "application/vnd.api+json" in request.headers.get("Accept", "") or "Persona-Version" in request.headers:
        return True
    token = token_of(request) if "Verifa-Version" not in request.headers else None
    return token is not None and token.dialect == PERSONA.name


class PublicId(StringConverter):
    """An id with its prefix, so that words such as ``compare`` stay free."""

    regex = "[a-z]+_[^/]+"


register_converter(PublicId, "public_id")
urlpatterns = [
    path("api/v1/lists", _chosen(lists.Lists, json_api_lists.Lists)),
    path("api/v1/lists/<str:entry>", _chosen(lists.ListEntryDetail, json_api_lists.ListDetail)),
    path("api/v1/events", _chosen(webhooks.Events, json_api_records.Events)),
    path("api/v1/documents/<public_id:document>", _chosen(documents.DocumentDetail, json_api_documents.DocumentDetail)),
    path("api/v1/cases", _chosen(cases.Cases, json_api_cases.Cases)),
    path("api/v1/cases/<public_id:verification>", _chosen(cases.CaseDetail, json_api_cases.CaseDetail)),
]

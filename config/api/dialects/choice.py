"""The few addresses that two dialects share. JSON:API for who accepts its media type or names a version of that dialect, else the plain shape."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import path, register_converter
from django.urls.converters import StringConverter

from config.api.dialects.persona import documents as json_api_documents
from config.api.dialects.persona import inquiries as json_api
from config.api.dialects.verifa import documents, sessions


def _chosen(plain: Any, other: Any) -> Any:
    """A view that looks to its client."""
    views = plain.as_view(), other.as_view()

    def choose(request: HttpRequest, **ids: str) -> HttpResponseBase:
        wanted = "application/vnd.api+json" in request.headers.get("Accept", "") or "Persona-Version" in request.headers
        answer: HttpResponseBase = views[wanted](request, **ids)
        return answer

    view: Any = choose
    view.csrf_exempt, view.cls, view.initkwargs, view.other = True, plain, {}, other
    return view


class PublicId(StringConverter):
    """An id with its prefix, so that words such as ``compare`` stay free."""

    regex = "[a-z]+_[^/]+"


register_converter(PublicId, "public_id")
urlpatterns = [
    path("api/v1/documents/<public_id:document>", _chosen(documents.DocumentDetail, json_api_documents.DocumentDetail)),
    path("api/v1/cases", _chosen(sessions.Cases, json_api.Cases)),
    path("api/v1/cases/<public_id:verification>", _chosen(sessions.CaseDetail, json_api.CaseDetail)),
]

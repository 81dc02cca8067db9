"""Every address of this dialect. Those that another dialect has, too, are given out by ``config.api.dialects.choice``."""

from __future__ import annotations

from django.urls import path

from config.api.dialects.common import not_offered, signed_file
from config.api.dialects.persona import documents as d
from config.api.dialects.persona import inquiries as i
from config.api.dialects.persona.errors import PERSONA as DIALECT

_I, _G, _P = "api/v1/inquiries", "api/v1/document/generics", "api/v1/document/government-ids"
_ONE = f"{_I}/<str:verification>"
_NUMBERS, _NAMES = "api/v1/list-item/government-id-numbers", "api/v1/list-item/names"
_NO_ACCOUNTS = "There are no accounts: a person's verifications are found by their reference."
_NO_DATA = "This needs data or a message channel that the service does not have."
_NO_SIGNALS = "The service keeps no such signal: it profiles neither devices nor networks, and sends no messages."
_ONE_LIST = "Each kind has one list; put items on it, or see /api/v1/lists."
_CHECKS = "Rules run when an inquiry is submitted; what they say is in its decisions and checks."
_SIGNALS = ("email-addresses", "phone-numbers", "ip-addresses", "geolocations", "browser-fingerprints", "countries")

urlpatterns = [
    path(_I, i.Inquiries.as_view()),
    path(_ONE, i.InquiryDetail.as_view()),
    path(f"{_ONE}/resume", i.ResumeInquiry.as_view()),
    path(f"{_ONE}/submit", i.SubmitInquiry.as_view()),
    path(f"{_ONE}/approve", i.DecideInquiry.as_view(approve=True)),
    path(f"{_ONE}/decline", i.DecideInquiry.as_view(approve=False, schema=None)),
    path(f"{_ONE}/add-tag", i.AddTag.as_view()),
    path(f"{_ONE}/remove-tag", i.RemoveTag.as_view()),
    path(f"{_ONE}/set-tags", i.SetTags.as_view()),
    path(_G, d.Generics.as_view()),
    path(f"{_G}/<str:document>", d.GenericDetail.as_view()),
    path(f"{_G}/<str:document>/submit", d.SubmitGeneric.as_view()),
    path(_P, d.GovernmentIds.as_view()),
    path(f"{_P}/<str:document>", d.GovernmentIdDetail.as_view()),
    path(f"{_P}/<str:document>/submit", d.SubmitGovernmentId.as_view()),
    path("api/v1/documents/<str:document>", d.DocumentDetail.as_view()),
    path("api/v1/cases", i.Cases.as_view()),
    path("api/v1/cases/<str:verification>", i.CaseDetail.as_view()),
    path("api/v1/files/<str:token>/<str:filename>", signed_file),
    path(_NUMBERS, i.NumberItems.as_view()),
    path(f"{_NUMBERS}/<str:entry>", i.ListItem.as_view(kind=i.NumberItems.kind, list_kind=i.NumberItems.list_kind)),
    path(_NAMES, i.NameItems.as_view()),
    path(f"{_NAMES}/<str:entry>", i.ListItem.as_view(kind=i.NameItems.kind, list_kind=i.NameItems.list_kind, schema=None)),
    *(path(f"api/v1/list-item/{word}", not_offered(DIALECT, _NO_SIGNALS)) for word in _SIGNALS),
    *(path(f"api/v1/list-item/{word}/<str:entry>", not_offered(DIALECT, _NO_SIGNALS)) for word in _SIGNALS),
    path("api/v1/list/<str:word>", not_offered(DIALECT, _ONE_LIST)),
    path("api/v1/accounts", not_offered(DIALECT, _NO_ACCOUNTS)),
    path("api/v1/accounts/<str:account>", not_offered(DIALECT, _NO_ACCOUNTS)),
    path("api/v1/accounts/<str:account>/<str:action>", not_offered(DIALECT, _NO_ACCOUNTS)),
    path("api/v1/reports", not_offered(DIALECT, _NO_DATA)),
    path("api/v1/reports/<str:report>", not_offered(DIALECT, _NO_DATA)),
    path("api/v1/importers/<str:importer>", not_offered(DIALECT, _ONE_LIST)),
    path("api/v1/importer/<str:word>", not_offered(DIALECT, _ONE_LIST)),
    path("api/v1/api-logs", not_offered(DIALECT, "Requests are in the service's own logs, without bodies.")),
    path("api/v1/api-logs/<str:log>", not_offered(DIALECT, "Requests are in the service's own logs, without bodies.")),
    path("api/v1/verification/phone-numbers", not_offered(DIALECT, _NO_DATA)),
    path("api/v1/verification/databases", not_offered(DIALECT, _NO_DATA)),
    path("api/v1/verification/<str:word>", not_offered(DIALECT, _CHECKS)),
    path("api/v1/verification/<str:word>/<str:check>", not_offered(DIALECT, _CHECKS)),
    path("api/v1/verification/<str:word>/<str:check>/submit", not_offered(DIALECT, _CHECKS)),
]

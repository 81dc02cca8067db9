"""Every address of this dialect. Those that another dialect has, too, are given out by ``config.api.dialects.choice``."""

from __future__ import annotations

from django.urls import path

from config.api.dialects.common import not_offered, signed_file
from config.api.dialects.persona import cases as c
from config.api.dialects.persona import documents as d
from config.api.dialects.persona import inquiries as i
from config.api.dialects.persona import lists as l
from config.api.dialects.persona import records as r
from config.api.dialects.persona import verifications as v
from config.api.dialects.persona.errors import PERSONA as DIALECT

_I, _G, _P = "api/v1/inquiries", "api/v1/document/generics", "api/v1/document/government-ids"
_ONE = f"{_I}/<str:verification>"
_D, _C, _V = "api/v1/documents/<str:document>", "api/v1/cases/<str:verification>", "api/v1/verification"
_NO_ACCOUNTS = "There are no accounts: a person's verifications are found by their reference."
_NO_DATA = "This needs data or a message channel that the service does not have."
_NO_SIGNALS = "The service keeps no such signal: it profiles neither devices nor networks, and sends no messages."
_AT_ONCE = "Files are taken in at once: what became of their rows is in the answer."
_SIGNALS = ("email-addresses", "phone-numbers", "ip-addresses", "geolocations", "browser-fingerprints")
_ITEMS = (("government-id-numbers", l.NumberItems), ("names", l.NameItems), ("countries", l.CountryItems))

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
    path(_D, d.DocumentDetail.as_view()),
    path(f"{_D}/add-tag", d.AddDocumentTag.as_view()),
    path(f"{_D}/remove-tag", d.RemoveDocumentTag.as_view()),
    path(f"{_D}/set-tags", d.SetDocumentTags.as_view()),
    path("api/v1/cases", c.Cases.as_view()),
    path(_C, c.CaseDetail.as_view()),
    path(f"{_C}/add-tag", c.AddCaseTag.as_view()),
    path(f"{_C}/remove-tag", c.RemoveCaseTag.as_view()),
    path(f"{_C}/set-tags", c.SetCaseTags.as_view()),
    path("api/v1/files/<str:token>/<str:filename>", signed_file),
    path("api/v1/lists", l.Lists.as_view()),
    path("api/v1/lists/<str:entry>", l.ListDetail.as_view()),
    *(
        path(f"api/v1/list/{word}", l.ListCreation.as_view(list_kind=kind, **({} if number == 0 else {"schema": None})))
        for number, (word, kind) in enumerate(l.KINDS.items())
    ),
    *(path(f"api/v1/list-item/{word}", view.as_view()) for word, view in _ITEMS),
    *(
        path(
            f"api/v1/list-item/{word}/<str:entry>",
            l.ListItem.as_view(kind=view.kind, list_kind=view.list_kind, **({} if view is l.NumberItems else {"schema": None})),
        )
        for word, view in _ITEMS
    ),
    path("api/v1/importer/list-item/government-id-numbers", l.NumberImport.as_view()),
    path("api/v1/importer/list-item/names", l.NameImport.as_view(schema=None)),
    *(
        path(f"api/v1/{place}/{word}", not_offered(DIALECT, _NO_SIGNALS))
        for place in ("list", "list-item", "importer/list-item")
        for word in _SIGNALS
    ),
    *(path(f"api/v1/list-item/{word}/<str:entry>", not_offered(DIALECT, _NO_SIGNALS)) for word in _SIGNALS),
    path("api/v1/accounts", not_offered(DIALECT, _NO_ACCOUNTS)),
    path("api/v1/accounts/<str:account>", not_offered(DIALECT, _NO_ACCOUNTS)),
    path("api/v1/accounts/<str:account>/<str:action>", not_offered(DIALECT, _NO_ACCOUNTS)),
    path("api/v1/importer/accounts", not_offered(DIALECT, _NO_ACCOUNTS)),
    path("api/v1/importers/<str:importer>", not_offered(DIALECT, _AT_ONCE)),
    path("api/v1/reports", not_offered(DIALECT, _NO_DATA)),
    path("api/v1/reports/<str:report>", not_offered(DIALECT, _NO_DATA)),
    path("api/v1/events", r.Events.as_view()),
    path("api/v1/events/<str:event>", r.EventDetail.as_view()),
    path("api/v1/api-logs", r.ApiLogs.as_view()),
    path("api/v1/api-logs/<str:log>", r.ApiLogDetail.as_view()),
    path("api/v1/verifications/<str:document>", v.VerificationDetail.as_view()),
    path(f"{_V}/documents", v.DocumentVerifications.as_view()),
    path(f"{_V}/documents/<str:document>", v.DocumentVerificationDetail.as_view()),
    path(f"{_V}/documents/<str:document>/submit", v.SubmitDocumentVerification.as_view()),
    path(f"{_V}/government-ids", v.GovernmentIdVerifications.as_view()),
    path(f"{_V}/government-ids/<str:document>", v.GovernmentIdVerificationDetail.as_view()),
    path(f"{_V}/government-ids/<str:document>/submit", v.SubmitGovernmentIdVerification.as_view()),
    path(f"{_V}/selfies", v.SelfieVerifications.as_view()),
    path(f"{_V}/selfies/<str:document>", v.SelfieVerificationDetail.as_view()),
    path(f"{_V}/selfies/<str:document>/submit", v.SubmitSelfieVerification.as_view()),
    path(f"{_V}/phone-numbers", not_offered(DIALECT, _NO_DATA)),
    path(f"{_V}/databases", not_offered(DIALECT, _NO_DATA)),
]

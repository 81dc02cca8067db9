"""Every address of this dialect. Webhooks are the native ones: they share the path."""

from __future__ import annotations

from django.urls import path

from config.api.dialects.common import not_offered, signed_file
from config.api.dialects.verifa import cases as c
from config.api.dialects.verifa import documents as d
from config.api.dialects.verifa import sessions as s
from config.api.dialects.verifa.errors import VERIFA as DIALECT

_S, _D, _C = "api/v1/sessions", "api/v1/documents", "api/v1/cases"
_ONE, _DOC, _CASE = f"{_S}/<str:verification>", f"{_D}/<str:document>", f"{_C}/<str:verification>"
_NO_MODEL = "No language model is part of the service; none ever decides."

urlpatterns = [
    path(_S, s.Sessions.as_view()),
    path(f"{_S}/bulk-redact", s.BulkRedaction.as_view()),
    path(_ONE, s.SessionDetail.as_view()),
    path(f"{_ONE}/documents", d.SessionDocuments.as_view()),
    path(f"{_ONE}/resume", s.ResumeSession.as_view()),
    path(f"{_ONE}/expire", s.ExpireSession.as_view()),
    path(f"{_ONE}/submit", s.SubmitSession.as_view()),
    path(f"{_ONE}/simulate", s.SimulateSession.as_view()),
    path(f"{_ONE}/gate", s.GateSession.as_view()),
    path(f"{_ONE}/result", s.SessionResult.as_view()),
    path(f"{_ONE}/data", s.SessionData.as_view()),
    path(f"{_ONE}/export", s.SessionExport.as_view()),
    path(f"{_ONE}/tags/add", s.AddTag.as_view()),
    path(f"{_ONE}/tags/remove", s.RemoveTag.as_view()),
    path(f"{_ONE}/tags/set", s.SetTags.as_view()),
    path(f"{_ONE}/checks", s.SessionChecks.as_view()),
    path(f"{_ONE}/checks/<str:check>/retry", s.RetryCheck.as_view()),
    path(f"{_ONE}/attempts", s.SessionAttempts.as_view()),
    path(f"{_ONE}/report", s.SessionReport.as_view()),
    path(f"{_ONE}/report.pdf", s.SessionReport.as_view(schema=None)),
    path(f"{_ONE}/reprocess", s.ReprocessSession.as_view()),
    path(f"{_ONE}/webhook-deliveries", s.SessionDeliveries.as_view()),
    path(f"{_ONE}/risk", s.SessionRisk.as_view()),
    path(f"{_ONE}/links", s.SessionLinks.as_view()),
    path(f"{_ONE}/resend-invitation", s.Invitation.as_view()),
    path(_D, d.Documents.as_view()),
    path(f"{_D}/compare", d.CompareDocuments.as_view()),
    path(f"{_D}/bulk-classify", d.BulkClassify.as_view()),
    path(f"{_D}/bulk-extract", d.BulkExtract.as_view()),
    path(f"{_D}/bulk-verify", d.BulkVerify.as_view()),
    path(_DOC, d.DocumentDetail.as_view()),
    path(f"{_DOC}/download", d.DownloadDocument.as_view()),
    path(f"{_DOC}/pages/<int:page>/preview", d.PagePreview.as_view()),
    path(f"{_DOC}/extractions", d.Extractions.as_view()),
    path(f"{_DOC}/extract", d.ExtractDocument.as_view()),
    path(f"{_DOC}/checks", d.DocumentChecks.as_view()),
    path(f"{_DOC}/verify", d.VerifyDocument.as_view()),
    path(f"{_DOC}/classify", d.ClassifyDocument.as_view()),
    path(f"{_DOC}/fingerprints", d.Fingerprints.as_view()),
    path(f"{_DOC}/flag-compromised", d.FlagCompromised.as_view()),
    path(f"{_DOC}/compare-identity", d.CompareIdentity.as_view()),
    path(f"{_DOC}/insights", not_offered(DIALECT, _NO_MODEL, code="engine_not_configured")),
    path("api/v1/fingerprints", d.CreateFingerprint.as_view()),
    path("api/v1/fingerprints/<str:fingerprint>", d.FingerprintDetail.as_view()),
    path("api/v1/files/<str:token>", signed_file),
    path(_C, c.Cases.as_view()),
    path(f"{_C}/claim-next", c.ClaimNext.as_view()),
    path(_CASE, c.CaseDetail.as_view()),
    path(f"{_CASE}/approve", c.DecideCase.as_view(approve=True)),
    path(f"{_CASE}/reject", c.DecideCase.as_view(approve=False, schema=None)),
    path(f"{_CASE}/claim", c.ClaimCase.as_view()),
    path(f"{_CASE}/release", c.ReleaseCase.as_view()),
    path(f"{_CASE}/escalate", c.EscalateCase.as_view()),
    path(f"{_CASE}/notes", c.CaseNotes.as_view()),
]

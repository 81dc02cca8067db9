"""Every address of the service on one page."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path, register_converter
from django.urls.converters import StringConverter
from django.views.generic import RedirectView

from config import capture, health
from config.api import errors
from config.api.dialects import described
from config.api.docs import document, interactive, sandbox_token
from config.api.flow import bundles, files, forms, inspections
from config.api.flow import decisions as d
from config.api.flow import documents as doc
from config.api.flow import judgement as j
from config.api.flow import retention as r
from config.api.flow import verifications as v
from config.api.flow import webhooks as w
from flows.definition import RESERVED_SLUGS


class FlowSlug(StringConverter):
    """A path word that is no reserved word of the API, so that a flow can never shadow an endpoint."""

    def to_python(self, value: str) -> str:
        if value in RESERVED_SLUGS:
            raise ValueError
        return value


register_converter(FlowSlug, "flow")
_V, _D = "api/v1/<flow:flow>/verifications", "api/v1/<flow:flow>/documents"

urlpatterns = [
    path("api/v1/openapi.json", document),
    path("api/v1/flows", v.Flows.as_view()),
    path("api/v1/verifications", v.AllVerifications.as_view()),
    path("api/v1/webhooks", w.Webhooks.as_view()),
    path("api/v1/webhooks/<str:webhook>", w.WebhookDetail.as_view()),
    path("api/v1/webhooks/<str:webhook>/test", w.WebhookTest.as_view()),
    path("api/v1/webhooks/<str:webhook>/rotate", w.WebhookRotation.as_view()),
    path("api/v1/webhooks/<str:webhook>/deliveries", w.Deliveries.as_view()),
    path("api/v1/webhooks/<str:webhook>/deliveries/<str:delivery>/retry", w.DeliveryRetry.as_view()),
    path("api/v1/<flow:flow>", v.FlowDetail.as_view()),
    path("api/v1/<flow:flow>/document-types", v.DocumentTypes.as_view()),
    path(_V, v.Verifications.as_view()),
    path(f"{_V}/<str:verification>", v.VerificationDetail.as_view()),
    path(f"{_V}/<str:verification>/submit", v.SubmitVerification.as_view()),
    path(f"{_V}/<str:verification>/cancel", v.CancelVerification.as_view()),
    path(f"{_V}/<str:verification>/hold", v.HoldVerification.as_view()),
    path(f"{_V}/<str:verification>/resume", v.ResumeVerification.as_view()),
    path(f"{_V}/<str:verification>/expire", v.ExpireVerification.as_view()),
    path(f"{_V}/<str:verification>/resubmit", v.ResubmitVerification.as_view()),
    path(f"{_V}/<str:verification>/checks", v.VerificationChecks.as_view()),
    path(f"{_V}/<str:verification>/checks/<str:check>/retry", j.RetryCheck.as_view()),
    path(f"{_V}/<str:verification>/reprocess", j.ReprocessVerification.as_view()),
    path(f"{_V}/<str:verification>/data", r.VerificationData.as_view()),
    path(f"{_V}/<str:verification>/form", forms.VerificationForm.as_view()),
    path(f"{_V}/<str:verification>/form/overlay", forms.VerificationFormOverlay.as_view()),
    path(f"{_V}/<str:verification>/form/pdf", forms.VerificationFormPdf.as_view()),
    path(f"{_V}/<str:verification>/bundle", bundles.VerificationBundle.as_view()),
    path(f"{_V}/<str:verification>/receipts", r.VerificationReceipts.as_view()),
    path(f"{_V}/<str:verification>/legal-hold", r.VerificationLegalHold.as_view()),
    path(f"{_V}/<str:verification>/pdf", v.VerificationPdf.as_view()),
    path(_D, doc.Documents.as_view()),
    path(f"{_D}/<str:document>", doc.DocumentDetail.as_view()),
    path(f"{_D}/<str:document>/submit", doc.SubmitDocument.as_view()),
    path(f"{_D}/<str:document>/extract", doc.ExtractDocument.as_view()),
    path(f"{_D}/<str:document>/extractions", doc.Extractions.as_view()),
    path(f"{_D}/<str:document>/extracted-data", doc.ExtractedData.as_view()),
    path(f"{_D}/<str:document>/checks", doc.DocumentChecks.as_view()),
    path(f"{_D}/<str:document>/compare", j.CompareDocument.as_view()),
    path(f"{_D}/<str:document>/pdf", doc.DocumentPdf.as_view()),
    path("api/v1/<flow:flow>/exports", bundles.Exports.as_view()),
    path("api/v1/<flow:flow>/exports/<str:export>", bundles.ExportDetail.as_view()),
    path("api/v1/<flow:flow>/exports/<str:export>/file", bundles.ExportFile.as_view()),
    path("api/v1/<flow:flow>/exports/<str:export>/sign-off", bundles.ExportSignOff.as_view()),
    path("api/v1/<flow:flow>/inspections", inspections.Inspections.as_view()),
    path("api/v1/<flow:flow>/inspections/<str:inspection>", inspections.InspectionDetail.as_view()),
    path("api/v1/<flow:flow>/decisions", d.Decisions.as_view()),
    path("", include("config.api.dialects.choice")),
    path("", include("config.api.dialects.verifa.urls")),
    path("", include("config.api.dialects.persona.urls")),
    path("", include("config.api.dialects.anycheck.urls")),
    path("api/openapi/<str:dialect>", described.document),
    path("capture/<str:token>", capture.visit),
    path("capture/at/<str:link>", capture.page, name="capture"),
    path("capture/at/<str:link>/consent", capture.consent, name="capture-consent"),
    path("capture/at/<str:link>/documents", capture.upload, name="capture-upload"),
    path("capture/at/<str:link>/documents/<str:document>", capture.remove, name="capture-remove"),
    path("capture/at/<str:link>/submit", capture.submit, name="capture-submit"),
    path("inspect/<str:token>", inspections.inspect),
    path("inspect/<str:token>/<str:verification>", inspections.inspect_record),
    path("files/<str:token>", files.open_link),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", health.metrics),
    path("docs", interactive),
    path("docs/token", sandbox_token),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    re_path(r"^", errors.not_found),
]
handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error

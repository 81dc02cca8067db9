"""Every address of this dialect."""

from __future__ import annotations

from django.urls import path

from config.api.dialects.anycheck import views as v
from config.api.dialects.anycheck.errors import ANYCHECK

DIALECT = ANYCHECK

urlpatterns = [
    path("services", v.Services.as_view()),
    path("uploads", v.Uploads.as_view()),
    path("folders", v.Folders.as_view()),
    path("folders/<str:folder>", v.FolderDetail.as_view()),
    path("verifications", v.Verifications.as_view()),
    path("verifications/drafts", v.Drafts.as_view()),
    path("verifications/<str:uuid>", v.VerificationDetail.as_view()),
    path("verifications/<str:uuid>/submit", v.SubmitVerification.as_view()),
    path("verifications/<str:uuid>/retry", v.RetryVerification.as_view()),
    path("verifications/<str:uuid>/continue", v.ContinueVerification.as_view()),
]

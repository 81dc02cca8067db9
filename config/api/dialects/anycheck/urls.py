"""Every address of this dialect."""

from __future__ import annotations

from django.urls import path

from config.api.dialects.anycheck import views as v
from config.api.dialects.anycheck.errors import ANYCHECK as DIALECT
from config.api.dialects.common import not_offered

_NO_DRAFT = "A verification is created with its files; upload them first."
_NO_PAUSE = "There is no pause before reading that could be left."

urlpatterns = [
    path("services", v.Services.as_view()),
    path("uploads", v.Uploads.as_view()),
    path("folders", v.Folders.as_view()),
    path("folders/<str:folder>", v.FolderDetail.as_view()),
    path("verifications", v.Verifications.as_view()),
    path("verifications/drafts", not_offered(DIALECT, _NO_DRAFT)),
    path("verifications/<str:uuid>", v.VerificationDetail.as_view()),
    path("verifications/<str:uuid>/retry", v.RetryVerification.as_view()),
    path("verifications/<str:uuid>/continue", not_offered(DIALECT, _NO_PAUSE)),
]

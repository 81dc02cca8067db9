"""The list of requests to the API: who asked for what and how it ended. Kept where API_LOG_DAYS says so, and for so long."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from flows.errors import Refused
from flows.models import ApiLog, ApiToken, Workspace

OFF = "The service keeps no list of requests; API_LOG_DAYS switches it on."


def note_request(token: ApiToken, *, request_id: str, method: str, path: str, status: int, milliseconds: int) -> None:
    """``path`` is free of what may be personal."""
    ApiLog.objects.create(
        workspace_id=token.workspace_id, environment=token.environment, token=token.prefix, request_id=request_id, method=method, path=path[:255],
        status=status, milliseconds=milliseconds,
    )  # fmt: skip


def list_logs(*, workspace: Workspace, environment: str) -> QuerySet[ApiLog]:
    """Newest first. Raises Refused("not_offered") where none are kept."""
    if not settings.API_LOG_DAYS:
        raise Refused("not_offered", OFF, status=501)
    return ApiLog.objects.filter(workspace=workspace, environment=environment).order_by("-created_at", "-id")


def get_log(*, workspace: Workspace, environment: str, log_id: str) -> ApiLog:
    """Raises Refused: not_offered, api_log_not_found."""
    found = list_logs(workspace=workspace, environment=environment).filter(pk=log_id).first()
    if found is None:
        raise Refused("api_log_not_found", "No such API log.", status=404)
    return found


def forget_old_logs() -> int:
    """Delete what is older than API_LOG_DAYS."""
    deleted, _ = ApiLog.objects.filter(created_at__lt=timezone.now() - timedelta(days=settings.API_LOG_DAYS)).delete()
    return deleted

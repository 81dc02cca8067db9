"""Who came and went, as log lines: the row's number of a known person, nothing of what was typed."""

from __future__ import annotations

from typing import Any

import structlog
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

log = structlog.get_logger(__name__)


def _signed_in(user: Any, **signal: Any) -> None:
    log.info("signed_in", user=user.pk)


def _signed_out(user: Any, **signal: Any) -> None:
    log.info("signed_out", user=getattr(user, "pk", None))


def _refused(**signal: Any) -> None:
    log.warning("sign_in_refused")


def connect() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="signin.log.in")
    user_logged_out.connect(_signed_out, dispatch_uid="signin.log.out")
    user_login_failed.connect(_refused, dispatch_uid="signin.log.refused")

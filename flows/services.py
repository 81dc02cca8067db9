"""Use cases of the ground floor: issue, find and revoke tokens; publish flows."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from flows.definition import FlowDefinition
from flows.errors import Refused
from flows.models import ApiToken, Dialect, Environment, Flow, FlowVersion, Workspace
from flows.trail import note, users_of

SCOPES = (
    "verifications:read", "verifications:write", "documents:read", "documents:write", "decisions:read", "decisions:write",
    "exports:read", "redact:write", "webhooks:read", "webhooks:write", "flows:read", "pii:read",
)  # fmt: skip
RATE = re.compile(r"off|[1-9]\d{0,6}/(s|min|h|day)")
_LAST_USED_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """``secret`` is shown once and kept nowhere."""

    token: ApiToken
    secret: str


def get_or_create_workspace(*, slug: str, name: str = "") -> Workspace:
    """The workspace of that slug; made with a readable name when there is none."""
    workspace, _ = Workspace.objects.get_or_create(slug=slug, defaults={"name": name or slug.replace("-", " ").title()})
    return workspace


@transaction.atomic
def issue_token(
    *,
    workspace: Workspace,
    name: str,
    environment: str = Environment.SANDBOX,
    scopes: Iterable[str] | None = None,
    days: int = 180,
    lasts: timedelta | None = None,
    rate_limit: str = "",
    dialect: str = "",
    by: str = "system",
) -> IssuedToken:
    """A new token; no scopes named means all, ``days`` 0 never expires (``lasts`` goes before it), ``rate_limit`` overrides the common one
    ("600/min", "off"), ``dialect`` chooses at the addresses that two dialects share.

    Raises Refused("unknown_scope") and Refused("validation_failed")."""
    wanted = list(SCOPES if scopes is None else dict.fromkeys(scopes))
    if unknown := [scope for scope in wanted if scope not in SCOPES]:
        raise Refused("unknown_scope", f"Unknown scope {', '.join(unknown)}. Known: {', '.join(SCOPES)}.", status=422)
    if environment not in Environment.values:
        raise Refused("validation_failed", "The environment is live or sandbox.", status=422)
    if days < 0:
        raise Refused("validation_failed", "The number of days is 0 or more.", status=422)
    if rate_limit and not RATE.fullmatch(rate_limit):
        raise Refused("validation_failed", "The rate limit is off, or a number per s, min, h or day such as 300/min.", status=422)
    if dialect and dialect not in Dialect.values:
        raise Refused("validation_failed", f"The dialect is one of {', '.join(Dialect.values)}.", status=422)
    prefix, secret = f"vk_{environment}_{secrets.token_hex(6)}", secrets.token_urlsafe(32)
    text = f"{prefix}_{secret}"
    token = ApiToken.objects.create(
        workspace=workspace,
        environment=environment,
        name=name,
        prefix=prefix,
        digest=_digest(text),
        scopes=wanted,
        rate_limit=rate_limit,
        dialect=dialect,
        expires_at=timezone.now() + (lasts or timedelta(days=days)) if lasts or days else None,
    )
    data = {"prefix": prefix, "environment": environment, "scopes": wanted}
    note([workspace.pk], actor=by, action="token.issued", subject=token.pk, data=data)
    return IssuedToken(token, text)


def find_token(text: str) -> ApiToken | None:
    """The live token that ``text`` is the secret of, else None. Unknown, expired and revoked look the same."""
    prefix = "_".join(text.split("_", 3)[:3])
    token = ApiToken.objects.select_related("workspace").filter(prefix=prefix).first()
    known = hmac.compare_digest(token.digest if token else "0" * 64, _digest(text))
    now = timezone.now()
    if token is None or not known or token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now):
        return None
    if token.last_used_at is None or now - token.last_used_at > _LAST_USED_STEP:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


@transaction.atomic
def revoke_token(*, prefix: str, by: str = "system") -> ApiToken:
    """At once and for good; repeating it changes nothing. Raises Refused("token_not_found")."""
    token = ApiToken.objects.filter(prefix=prefix).first()
    if token is None:
        raise Refused("token_not_found", "No token has this prefix.", status=404)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        note([token.workspace_id], actor=by, action="token.revoked", subject=token.pk, data={"prefix": token.prefix})
    return token


def flows_of(workspace: Workspace) -> QuerySet[Flow]:
    """The active flows this workspace may use."""
    return Flow.objects.filter(Q(workspaces=None) | Q(workspaces=workspace), active=True).distinct()


def get_flow(workspace: Workspace, slug: str) -> Flow:
    """Raises Refused("flow_not_found")."""
    flow = flows_of(workspace).filter(slug=slug).first()
    if flow is None:
        raise Refused("flow_not_found", "No such flow.", status=404)
    return flow


def current_version(flow: Flow) -> FlowVersion:
    """The version new verifications are judged by."""
    return flow.versions.order_by("-number")[0]


def current_versions(workspace: Workspace) -> list[FlowVersion]:
    """The newest version of every flow this workspace may use, by slug, in one query."""
    newest = FlowVersion.objects.filter(flow=OuterRef("flow")).order_by("-number").values("number")[:1]
    rows = FlowVersion.objects.filter(flow__in=flows_of(workspace), number=Subquery(newest))
    return list(rows.order_by("flow_id"))


@transaction.atomic
def publish_flow(*, definition: FlowDefinition) -> tuple[FlowVersion, bool]:
    """Make ``definition`` the flow's newest version. The same content again is no new version: the flag says whether one was made."""
    flow, _ = Flow.objects.select_for_update().get_or_create(slug=definition.slug, defaults={"name": definition.name})
    newest = flow.versions.order_by("-number").first()
    if newest is not None and newest.digest == definition.digest:
        return newest, False
    if flow.name != definition.name:
        flow.name = definition.name
        flow.save(update_fields=["name"])
    number = newest.number + 1 if newest else 1
    version = FlowVersion.objects.create(flow=flow, number=number, digest=definition.digest, document=dict(definition.source))
    note(users_of(flow), actor="system", action="flow.published", subject=flow.slug, data={"version": number, "digest": definition.digest})
    return version, True


def note_flow_change(*, flow: Flow, by: str) -> None:
    """A flow was switched on or off, or given to other workspaces."""
    workspaces = sorted(flow.workspaces.values_list("pk", flat=True))
    data = {"active": flow.active, "workspaces": workspaces}
    note(Workspace.objects.values_list("pk", flat=True), actor=by, action="flow.changed", subject=flow.slug, data=data)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

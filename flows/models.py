"""The ground floor's tables: who asks (workspace, token) and what is asked (flow, flow version)."""

from __future__ import annotations

from functools import cached_property

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from flows.definition import FlowDefinition
from flows.ids import new_api_log_id, new_flow_version_id, new_idempotency_id, new_token_id, new_workspace_id
from flows.vault import Sealed
from flows.versions import newest


class Environment(models.TextChoices):
    LIVE = "live"
    SANDBOX = "sandbox"


class Dialect(models.TextChoices):
    """In whose words a token's client and a webhook's receiver speak; '' is ours."""

    VERIFA = "verifa", "sessions and documents"
    PERSONA = "persona", "JSON:API"
    ANYCHECK = "anycheck", "verification service"


class Workspace(models.Model):
    """One operator. Everything below belongs to exactly one workspace."""

    id = models.CharField(primary_key=True, max_length=40, default=new_workspace_id, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is kept: the secret carries 256 random bits, so no slow hash is needed. ``dialect`` chooses at the addresses
    that two dialects share; '' leaves the choice to the request's headers."""

    id = models.CharField(primary_key=True, max_length=40, default=new_token_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="tokens")
    environment = models.CharField(max_length=8, choices=Environment)
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=32, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)
    api_version = models.CharField(max_length=10, default=newest)
    rate_limit = models.CharField(max_length=20, blank=True, default="", help_text="Such as 600/min, or off. Empty: what RATE_LIMIT says.")
    dialect = models.CharField(max_length=12, choices=Dialect, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.CheckConstraint(condition=models.Q(environment__in=Environment.values), name="token_environment_known")]

    def __str__(self) -> str:
        return self.prefix


class DataKey(models.Model):
    """The key under which everything kept about ``owner`` (a verification's id) is sealed; ``wrapped`` is itself sealed by the service's keys.
    A destroyed one stays as a row without its key, so that none is made in its place."""

    owner = models.CharField(primary_key=True, max_length=40)
    wrapped = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(wrapped__isnull=True, destroyed_at__isnull=False) | models.Q(wrapped__isnull=False, destroyed_at__isnull=True),
                name="data_key_is_there_or_destroyed",
            )
        ]

    def __str__(self) -> str:
        return self.owner


class ServiceKey(models.Model):
    """A key of the installation: ``secret`` base64 of the private half, sealed by the service's keys, ``public`` base64 of the other."""

    name = models.CharField(primary_key=True, max_length=40)
    secret_sealed = models.BinaryField(editable=False)
    public = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    secret = Sealed("secret_sealed")

    def __str__(self) -> str:
        return self.name


class Flow(models.Model):
    """A named set of questions; what it asks is in its newest version."""

    slug = models.SlugField(primary_key=True, max_length=60)
    name = models.CharField(max_length=120)
    active = models.BooleanField(default=True)
    workspaces = models.ManyToManyField(Workspace, blank=True, related_name="flows", help_text="Empty: every workspace may use it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class FlowVersion(models.Model):
    """What a flow asked at one time. Never edited, only superseded by the next number."""

    id = models.CharField(primary_key=True, max_length=40, default=new_flow_version_id, editable=False)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    document = models.JSONField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["flow", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "number"], name="flow_version_number"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="flow_version_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.flow_id} v{self.number}"

    @cached_property
    def definition(self) -> FlowDefinition:
        """The parsed form of ``document``."""
        return FlowDefinition.parse(self.document)


class IdempotencyState(models.IntegerChoices):
    RUNNING = 1, "Running"
    DONE = 2, "Done"
    ERASED = 3, "Erased"


class IdempotencyKey(models.Model):
    """A client's key for one request, and the answer that request got. The key itself is not kept: ``digest`` is SHA-256 over method, path
    and key, ``fingerprint`` over the body."""

    id = models.CharField(primary_key=True, max_length=40, default=new_idempotency_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=8, choices=Environment)
    digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    state = models.PositiveSmallIntegerField(choices=IdempotencyState, default=IdempotencyState.RUNNING)
    lease_until = models.DateTimeField()
    lease_token = models.CharField(max_length=32)
    answer_sealed = models.BinaryField(null=True, editable=False)
    erased_as = models.CharField(max_length=60, blank=True, default="")
    verification_ref = models.CharField(max_length=40, blank=True, default="", db_index=True)
    document_ref = models.CharField(max_length=40, blank=True, default="", db_index=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    answer = Sealed("answer_sealed")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "environment", "digest"], name="idempotency_key_once"),
            models.CheckConstraint(condition=models.Q(answer_sealed__isnull=False) | ~models.Q(state=2), name="idempotency_done_has_answer"),
        ]

    def __str__(self) -> str:
        return self.pk


class ApiLog(models.Model):
    """One request to the API: who asked for what, and how it ended. Never a body, a query or a header: these hold personal data."""

    id = models.CharField(primary_key=True, max_length=40, default=new_api_log_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=8, choices=Environment)
    token = models.CharField(max_length=32)
    request_id = models.CharField(max_length=128)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=255)
    status = models.PositiveSmallIntegerField()
    milliseconds = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["workspace", "environment", "-created_at", "-id"], name="api_log_newest")]

    def __str__(self) -> str:
        return f"{self.method} {self.pk}"


class RateWindow(models.Model):
    """How many requests somebody made in one window of time, where there is no Redis to count them."""

    name = models.CharField(primary_key=True, max_length=120)
    used = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name

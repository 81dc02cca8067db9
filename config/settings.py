"""Every setting of the service, read from the environment, safe by default. The names are in .env.example."""

from __future__ import annotations

import base64
import os
import re
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config.env import env_bool, env_choice, env_int, env_list, env_secret, env_text, env_url, url_options
from flows.vault import Keyring

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(str(BASE_DIR / ".env"))

DATA_DIR = Path(env_text("DATA_DIR", str(BASE_DIR / "var"))).resolve()
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", LOCAL_HOSTS)
PUBLIC_URL = env_url("PUBLIC_URL", ("http", "https")).rstrip("/")
IS_LOCAL = set(ALLOWED_HOSTS) <= set(LOCAL_HOSTS) and (urlsplit(PUBLIC_URL).hostname or "localhost") in {"localhost", "127.0.0.1", "::1"}
DEBUG = env_bool("DEBUG", False)
if DEBUG and not IS_LOCAL:
    raise ImproperlyConfigured("DEBUG: expected to be off where others than localhost are served: its pages show settings and data")

SECRET_KEY = env_secret("SECRET_KEY", make=(lambda: secrets.token_urlsafe(50)) if IS_LOCAL else None, folder=DATA_DIR / "secrets")
FIELD_ENCRYPTION_KEYS = env_secret(
    "FIELD_ENCRYPTION_KEYS",
    make=(lambda: f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}") if IS_LOCAL else None,
    folder=DATA_DIR / "secrets",
)
try:
    Keyring(FIELD_ENCRYPTION_KEYS)
except ValueError as error:
    raise ImproperlyConfigured(f"FIELD_ENCRYPTION_KEYS: {error}") from error

KEY_WRAPPER = env_text("KEY_WRAPPER")
if KEY_WRAPPER and not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", KEY_WRAPPER):
    raise ImproperlyConfigured("KEY_WRAPPER: expected the dotted path of a class such as keys.Wrapper")

INSTALLED_APPS = [
    "config",
    "flows",
    "verifications",
    "documents",
    "decisions",
    "django_dramatiq",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config.apps.ReviewAdminConfig",
    "django.contrib.auth",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASE_URL = env_url("DATABASE_URL", ("sqlite", "postgres", "postgresql"), f"sqlite:///{DATA_DIR / 'vouchbox.sqlite3'}")
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
DATABASES["default"]["ATOMIC_REQUESTS"] = False
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Without an immediate write lock and WAL, two writers answer "database is locked" instead of waiting for each other.
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA mmap_size=134217728;PRAGMA journal_size_limit=67108864",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# On SQLite, too: the last connection to close copies the log into the database, and would do so after every request.
DATABASES["default"]["CONN_MAX_AGE"] = 60

REDIS_URL = env_url("REDIS_URL", ("redis", "rediss", "unix"))
_DRAMATIQ_MIDDLEWARE = [
    "dramatiq.middleware.AgeLimit",
    "dramatiq.middleware.TimeLimit",
    "dramatiq.middleware.ShutdownNotifications",
    "dramatiq.middleware.Callbacks",
    "dramatiq.middleware.Retries",
    "django_dramatiq.middleware.DbConnectionsMiddleware",
]
DRAMATIQ_AUTODISCOVER_MODULES = ["actors"]
REDIS_NAMESPACE = env_text("REDIS_NAMESPACE", "vouchbox")
if REDIS_URL:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # A dead Redis must not hold a web thread: the outbox row is already committed and is swept later.
    _client = redis.Redis.from_url(REDIS_URL, retry=Retry(NoBackoff(), 1), socket_connect_timeout=1, socket_timeout=5)
    DRAMATIQ_BROKER = {
        "BROKER": "dramatiq.brokers.redis.RedisBroker",
        "MIDDLEWARE": _DRAMATIQ_MIDDLEWARE,
        "OPTIONS": {"client": _client, "namespace": REDIS_NAMESPACE, "heartbeat_timeout": 30_000, "maintenance_chance": 50_000},
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": REDIS_NAMESPACE}}
else:
    DRAMATIQ_BROKER = {"BROKER": "dramatiq.brokers.stub.StubBroker", "MIDDLEWARE": _DRAMATIQ_MIDDLEWARE, "OPTIONS": {}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

PIPELINE = "config.pipeline"
WORKERS = env_int("WORKERS", min(4, os.cpu_count() or 1), least=1, most=64)
WORKER_THREADS = env_int("WORKER_THREADS", 4, least=1, most=64)
WEB_THREADS = env_int("WEB_THREADS", 4, least=1, most=64)

STORAGE_URL = env_url("STORAGE_URL", ("file", "s3"), f"file://{DATA_DIR / 'files'}")
_storage = urlsplit(STORAGE_URL)
if _storage.scheme == "s3":
    from botocore.config import Config as S3Config  # nothing of boto is loaded where files are local

    _options = url_options(STORAGE_URL, ("endpoint", "region", "prefix", "serve"), "STORAGE_URL")
    if not _storage.hostname or _options.get("serve", "presigned") not in {"presigned", "proxy"}:
        raise ImproperlyConfigured("STORAGE_URL: expected s3://bucket?endpoint=…&region=…&serve=presigned or proxy")
    # presigned: the bucket encrypts and serves; proxy: we encrypt, and our own signed links serve.
    STORAGE_PRESIGNED = _options.get("serve", "presigned") == "presigned"
    _default_storage = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": _storage.hostname,
            "access_key": env_text("AWS_ACCESS_KEY_ID") or (unquote(_storage.username or "") or None),
            "secret_key": env_text("AWS_SECRET_ACCESS_KEY") or (unquote(_storage.password or "") or None),
            "endpoint_url": _options.get("endpoint"),
            "region_name": _options.get("region", "us-east-1"),
            "location": _options.get("prefix", ""),
            # botocore's own patience, a minute for each of several tries, would hold a thread of the web server for as long when a bucket hangs.
            "client_config": S3Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=5,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
            "default_acl": None,
            "file_overwrite": True,
            "querystring_auth": True,
            "object_parameters": {"ServerSideEncryption": "AES256", "CacheControl": "private, no-store"},
        },
    }
else:
    STORAGE_PRESIGNED = False
    _default_storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": unquote(_storage.path), "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    }
STORAGES = {
    "default": _default_storage,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"

OCR_ENGINE = env_choice("OCR_ENGINE", ("rapidocr", "easyocr", "tesseract"), "rapidocr")
FACE_ENGINE = env_choice("FACE_ENGINE", ("dlib", "off"), "dlib")
# EasyOCR looks for its weights in the folder "model" of this one; the engine, which knows no settings, reads the variable itself.
os.environ.setdefault("EASYOCR_MODULE_PATH", env_text("EASYOCR_MODULE_PATH", str(DATA_DIR / "easyocr")))
MAX_IMAGE_BYTES = env_int("MAX_IMAGE_MB", 10, least=1, most=1000) * 1024 * 1024
MAX_REQUEST_BYTES = env_int("MAX_REQUEST_MB", 32, least=1, most=4000) * 1024 * 1024
MAX_IMAGE_PIXELS = env_int("MAX_IMAGE_PIXELS", 50_000_000, least=1)
READING_SECONDS = env_int("READING_SECONDS", 120, least=1, most=540)
READING_MEMORY_MB = env_int("READING_MEMORY_MB", 4096, least=512, most=1_048_576)
SIGNED_URL_SECONDS = env_int("SIGNED_URL_SECONDS", 1800, least=1, most=604_800)
TOKEN_DAYS = env_int("TOKEN_DAYS", 180, most=36_500)
WEBHOOK_ALLOWED_HOSTS = env_list("WEBHOOK_ALLOWED_HOSTS")
RATE_LIMIT = env_text("RATE_LIMIT", "300/min")
if RATE_LIMIT != "off" and not re.fullmatch(r"[1-9]\d{0,6}/(s|min|h|day)", RATE_LIMIT):
    raise ImproperlyConfigured("RATE_LIMIT: expected off, or a number per s, min, h or day such as 300/min")
PDF_SEAL = env_text("PDF_SEAL")
PDF_SEAL_PASSWORD = env_text("PDF_SEAL_PASSWORD")
if PDF_SEAL and not Path(PDF_SEAL).is_file():
    raise ImproperlyConfigured("PDF_SEAL: expected the path of a PKCS #12 file")
FORM_1583_BLANK = env_text("FORM_1583_BLANK")
if FORM_1583_BLANK and not (Path(FORM_1583_BLANK).is_file() and Path(FORM_1583_BLANK).with_suffix(".yaml").is_file()):
    raise ImproperlyConfigured("FORM_1583_BLANK: expected the path of a PDF, with its layout beside it as .yaml")
EMAIL_URL = env_url("EMAIL_URL", ("smtp", "smtp+tls", "smtp+ssl", "submission", "consolemail", "memorymail"))
globals().update(environ.Env.email_url_config(EMAIL_URL or "dummymail://"))
DEFAULT_FROM_EMAIL = env_text("EMAIL_FROM", "vouchbox@localhost")
EMAIL_TIMEOUT = 15
API_LOG_DAYS = env_int("API_LOG_DAYS", 0, most=3650)
METRICS_TOKEN = env_text("METRICS_TOKEN")
LOG_FORMAT = env_choice("LOG_FORMAT", ("text", "json"), "text")
SENTRY_DSN = env_url("SENTRY_DSN", ("http", "https"))
# OpenTelemetry's own name: its exporter reads it, and the others of its kind (headers, timeout, certificate), itself.
OTEL_EXPORTER_OTLP_ENDPOINT = env_url("OTEL_EXPORTER_OTLP_ENDPOINT", ("http", "https"))

# The request body is limited by the API itself, which answers 413 in its own words.
DATA_UPLOAD_MAX_MEMORY_SIZE = None
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BYTES
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "config.signin.passwords.NotTooLong"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "admin:login"
ADMIN_REQUIRE_2FA = env_bool("ADMIN_REQUIRE_2FA", not IS_LOCAL)
OTP_TOTP_ISSUER = "Vouchbox"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
# Five wrong passwords for one login from one address lock it there for a quarter of an hour. Counted in the database, for all processes.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "admin/signin/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SESSION_COOKIE_AGE = env_int("SESSION_HOURS", 12, least=1, most=720) * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
IS_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
if IS_HTTPS:
    # Browsers take a cookie of this name from the very host over https only, so that no neighbour's subdomain can plant one.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.api.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_SSL_REDIRECT = False
# The proxy in front redirects to https; behind it, health probes and workers speak http.
SILENCED_SYSTEM_CHECKS = ["security.W008"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("TRUST_FORWARDED_PROTO", False) else None
TRUST_FORWARDED_FOR = env_bool("TRUST_FORWARDED_FOR", False)
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["config.api.auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["config.api.auth.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["config.api.rendering.ApiRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.api.uploads.StrictJSONParser", "config.api.uploads.UploadParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.api.rendering.AnyAccept",
    "DEFAULT_SCHEMA_CLASS": "config.api.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "config.api.errors.answer_exception",
    "UNAUTHENTICATED_USER": None,
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Vouchbox",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Verifies identity documents: upload, read, decide, review, record.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "PREPROCESSING_HOOKS": ["config.api.dialects.described.native_endpoints"],
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "config.api.schema.with_shared_components"],
    "ENUM_NAME_OVERRIDES": {
        "VerificationStatus": "verifications.models.VerificationStatus",
        "DocumentStatus": "documents.models.DocumentStatus",
        "DecisionStatus": "decisions.models.DecisionStatus",
        "Outcome": "decisions.models.Outcome",
        "ListKind": "decisions.models.ListKind",
        "ExtractionStatus": "documents.models.ExtractionStatus",
        "ContextType": "documents.models.Context",
    },
}

from config.logs import logging_config  # noqa: E402 (the logs need LOG_FORMAT only)

LOGGING = logging_config(LOG_FORMAT)

if SENTRY_DSN:
    try:
        import sentry_sdk
    except ImportError as error:
        raise ImproperlyConfigured('SENTRY_DSN: expected sentry-sdk to be installed (pip install "vouchbox[sentry]")') from error
    # Neither bodies nor local variables leave the house: both hold personal data.
    sentry_sdk.init(dsn=SENTRY_DSN, send_default_pii=False, include_local_variables=False, max_request_body_size="never")

if OTEL_EXPORTER_OTLP_ENDPOINT:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        message = 'OTEL_EXPORTER_OTLP_ENDPOINT: expected OpenTelemetry to be installed (pip install "vouchbox[otel]")'
        raise ImproperlyConfigured(message) from error
    from flows import spans

    spans.configure(processor=BatchSpanProcessor(OTLPSpanExporter()), service=os.environ.get("OTEL_SERVICE_NAME", "vouchbox"))

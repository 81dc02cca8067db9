"""Settings of the test suite: memory storage, stub broker, cheap passwords, no sockets."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="vouchbox-test-"))
os.environ.setdefault("SECRET_KEY", "test-only-" + "k" * 50)
os.environ.setdefault("FIELD_ENCRYPTION_KEYS", "t1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
os.environ.setdefault("RATE_LIMIT", "off")
_database = os.environ.get("TEST_DATABASE_URL", "")
if _database:
    os.environ["DATABASE_URL"] = _database

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["default"] = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
DATABASES["default"]["CONN_MAX_AGE"] = 0
if _database.startswith("sqlite"):
    # A file instead of memory: several connections, and so real races.
    DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}
elif _database:
    # No test pulls the plug of the server, so nobody has to wait for its disk.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

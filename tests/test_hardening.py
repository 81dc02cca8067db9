"""What a stranger, a browser and a log line get to see: the doors of the service from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.signin import second_factor
from decisions.apps import REVIEWERS
from factories import Person, start, upload, work_off

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "long-enough-for-everybody"
PUBLIC = {
    "ALLOWED_HOSTS": "vouchbox.example", "PUBLIC_URL": "https://vouchbox.example", "DATABASE_URL": "postgres://localhost/x",
    "SECRET_KEY": "k" * 60, "FIELD_ENCRYPTION_KEYS": "k1:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
}  # fmt: skip
READ = """
import json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.conf import settings
from django.contrib.auth.hashers import get_hasher, make_password
hasher = get_hasher()
names = '''DEBUG SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SESSION_COOKIE_HTTPONLY SESSION_COOKIE_SAMESITE CSRF_COOKIE_SAMESITE SESSION_COOKIE_NAME
CSRF_COOKIE_NAME SESSION_COOKIE_AGE SESSION_EXPIRE_AT_BROWSER_CLOSE SECURE_HSTS_SECONDS SECURE_HSTS_INCLUDE_SUBDOMAINS ADMIN_REQUIRE_2FA'''.split()
found = {name: getattr(settings, name) for name in names}
one, other = make_password("the same words"), make_password("the same words")
print(json.dumps(found | {"hasher": hasher.algorithm, "rounds": hasher.iterations, "salt_bits": hasher.salt_entropy, "same": one == other}))
"""


def _start_with(**settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "VIRTUAL_ENV", "LANG")}
    return subprocess.run([sys.executable, "-c", READ], cwd=ROOT, env={**kept, **settings}, capture_output=True, text=True, check=False)


def test_a_public_installation_is_hardened(tmp_path: Path) -> None:
    done = _start_with(**PUBLIC, DATA_DIR=str(tmp_path))
    found = json.loads(done.stdout)
    assert found.pop("rounds") >= 600_000
    assert found.pop("salt_bits") >= 128
    assert found == {
        "DEBUG": False, "SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True, "SESSION_COOKIE_HTTPONLY": True, "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SAMESITE": "Lax", "SESSION_COOKIE_NAME": "__Host-sessionid", "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SESSION_COOKIE_AGE": 12 * 3600, "SESSION_EXPIRE_AT_BROWSER_CLOSE": True, "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True, "ADMIN_REQUIRE_2FA": True, "hasher": "pbkdf2_sha256", "same": False,
    }  # fmt: skip


def test_debugging_is_refused_in_public(tmp_path: Path) -> None:
    done = _start_with(**PUBLIC, DATA_DIR=str(tmp_path), DEBUG="1")
    assert done.returncode != 0
    assert "DEBUG: expected to be off" in done.stderr


@pytest.mark.parametrize("password", ["a1B!" * 3, "🦆 Ente läuft — weit weg", "x y " * 16, "correct horse battery" * 6])
def test_passwords_are_long_and_not_common_and_nothing_else_is_asked(password: str) -> None:
    validate_password(password)
    for refused in (password[:11], "qwerty123456", "1q2w3e4r5t6y", (password * 11)[:129]):
        with pytest.raises(ValidationError):
            validate_password(refused)


@pytest.mark.django_db
def test_no_letter_of_a_long_password_is_cut_off() -> None:
    user = User.objects.create_user("long", password="y" * 127 + "1")
    assert user.check_password("y" * 127 + "1")
    assert not user.check_password("y" * 127 + "2")
    assert not user.check_password("y" * 127)


@pytest.fixture
def marge(db: None) -> User:
    user = User.objects.create_user("marge", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=REVIEWERS))
    return user


def _sign_in(client: Client, to: str = "/admin/") -> Any:
    return client.post("/admin/login/", {"username": "marge", "password": PASSWORD, "next": to})


def _is_in(client: Client) -> bool:
    return bool(client.get("/admin/decisions/reviewcase/").status_code == 200)


def test_signing_in_makes_a_new_session_and_leaving_ends_it(marge: User) -> None:
    client = Client()
    client.get("/admin/login/")
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = client.cookies["sessionid"].value
    assert _sign_in(client).status_code == 302
    after = client.cookies["sessionid"].value
    assert after != before
    assert _is_in(client)
    stolen = Client()
    stolen.cookies["sessionid"] = after
    assert _is_in(stolen)
    client.post("/admin/logout/")
    assert not _is_in(client)
    assert not _is_in(stolen)


def test_a_changed_password_ends_the_other_sessions(marge: User) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        _sign_in(client)
    new = {"new_password1": "another-long-password", "new_password2": "another-long-password"}
    here.post("/admin/password_change/", {"old_password": "not it", **new})
    assert _is_in(elsewhere)
    assert here.post("/admin/password_change/", {"old_password": PASSWORD, **new}).status_code == 302
    assert _is_in(here)
    assert not _is_in(elsewhere)


def _code(device: TOTPDevice, steps: int = 0) -> str:
    counter = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    counter.time = counter.time + steps * device.step
    return f"{counter.token():06}"


def test_a_password_alone_opens_nothing_where_a_second_factor_is_asked_for(marge: User, settings: Any) -> None:
    settings.ADMIN_REQUIRE_2FA = True
    device = TOTPDevice.objects.create(user=marge, name="authenticator", confirmed=True)
    client = Client()
    _sign_in(client)
    for path in ("/admin/", "/admin/decisions/reviewcase/", "/admin/decisions/reviewcase/dashboard/", "/admin/password_change/"):
        assert client.get(path).status_code == 302, path
    assert client.post("/admin/second-factor/", {"code": "000000"}).status_code == 200
    assert not _is_in(client)
    device.refresh_from_db()
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert client.post("/admin/second-factor/", {"code": _code(device)}).status_code == 302
    assert _is_in(client)


def test_codes_work_once(marge: User) -> None:
    device = TOTPDevice.objects.create(user=marge, name="authenticator", confirmed=True)
    code, old = _code(device), _code(device, -3)
    assert not device.verify_token(int(old))
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    device.refresh_from_db()
    assert device.verify_token(int(code))
    assert not device.verify_token(int(code))
    recovery = second_factor.fresh_recovery_codes(marge)[0]
    held = marge.staticdevice_set.get()
    assert held.verify_token(recovery)
    assert not held.verify_token(recovery)


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(marge: User, settings: Any, to: str) -> None:
    assert "evil" not in _sign_in(Client(), to)["Location"]
    assert not _sign_in(Client(), to)["Location"].startswith(("javascript", "//", "/\\"))
    settings.ADMIN_REQUIRE_2FA = True
    device = TOTPDevice.objects.create(user=marge, name="authenticator", confirmed=True)
    client = Client()
    _sign_in(client)
    answer = client.post("/admin/second-factor/?next=" + to, {"code": _code(device)})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


PAGES = [
    "/api/v1/flows",
    "/api/v1/nothing/at/all",
    "/docs",
    "/admin/login/",
    "/admin/",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/files/x",
    "/nothing",
]


def test_every_answer_carries_the_headers(alice: Person, marge: User, settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 1000, True
    signed_in = Client()
    _sign_in(signed_in)
    answers = [(path, Client().get(path, secure=True, headers={"Authorization": f"Bearer {alice.secret}"})) for path in PAGES]
    answers += [("the queue", signed_in.get("/admin/decisions/reviewcase/", secure=True))]
    for path, answer in answers:
        policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'", path
        assert "unsafe" not in answer["Content-Security-Policy"], path
        assert answer["X-Frame-Options"] == "DENY", path
        assert answer["X-Content-Type-Options"] == "nosniff", path
        assert answer["Referrer-Policy"] == "same-origin", path
        assert answer["Strict-Transport-Security"].startswith("max-age=1000; includeSubDomains"), path
        kind = answer["Content-Type"]
        assert kind == "application/json" or "charset=utf-8" in kind or not answer.content, path
        assert not {"server", "x-powered-by"} & {name.lower() for name, _ in answer.items()}, path
        if answer.status_code == 200 and path not in ("/health/live", "/health/ready", "/metrics"):
            assert "private" in answer["Cache-Control"], path
            assert "no-cache" in answer["Cache-Control"] or "no-store" in answer["Cache-Control"], path


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "BREW", "OPTIONS"])
def test_other_methods_are_refused(alice: Person, method: str) -> None:
    for path in ("/api/v1/flows", "/api/v1/usps1583/verifications", "/health/live", "/docs"):
        answer = Client().generic(method, path, headers={"Authorization": f"Bearer {alice.secret}"})
        assert answer.status_code == 405, (path, answer.status_code)


def test_a_session_opens_no_endpoint_of_the_api(marge: User, flows: None) -> None:
    client = Client()
    _sign_in(client)
    assert client.get("/api/v1/flows").status_code == 401
    assert client.post("/api/v1/usps1583/verifications", {}, content_type="application/json").status_code == 401


def test_another_origin_is_let_in_nowhere(alice: Person, marge: User) -> None:
    signed_in = Client(enforce_csrf_checks=True)
    signed_in.force_login(marge, backend="django.contrib.auth.backends.ModelBackend")
    for origin in ("https://evil.example", "null", "http://testserver.evil.example"):
        answers = [
            Client().get("/api/v1/flows", headers={"Origin": origin, "Authorization": f"Bearer {alice.secret}"}),
            Client().generic("OPTIONS", "/api/v1/flows", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}),
            signed_in.get("/admin/decisions/reviewcase/", headers={"Origin": origin}),
        ]
        assert not [name for answer in answers for name, _ in answer.items() if name.lower().startswith("access-control")]
        assert Client().get("/api/v1/flows", headers={"Origin": "http://testserver"}).status_code == 401
        assert signed_in.post("/admin/password_change/", {}, headers={"Origin": origin}).status_code == 403


def test_files_of_the_service_are_not_served(db: None) -> None:
    paths = [
        "/.env",
        "/var/secrets/secret_key",
        "/manage.py",
        "/static/",
        "/static/../config/settings.py",
        "/static/%2e%2e/manage.py",
        "/files/",
        "/.git/config",
    ]
    assert {path: Client().get(path).status_code for path in paths} == dict.fromkeys(paths, 404)


def test_what_a_client_says_is_text_on_every_page(alice: Person, marge: User, picture: Callable[..., bytes], script: Any) -> None:
    said = "<script>alert('ß漢🦆')</script>\"'>{{ 7*7 }}"
    script.fields["PHOTO_ID"] = {**script.fields["PHOTO_ID"], "person.surname": said}
    script.fields["PROOF_OF_ADDRESS"] = {**script.fields["PROOF_OF_ADDRESS"], "address.street": said}
    case = start(alice, external_ref=said[:200], tags=[said], metadata={"k": said}, expected_data={"person": {"first_name": said, "last_name": said}})
    upload(alice, case, type=1, front=picture(seed=1))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off(twice=False)
    alice.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off(twice=False)
    client = Client()
    _sign_in(client)
    review = f"/admin/decisions/reviewcase/{case['id']}/change/"
    shown = [client.get(path).content.decode() for path in ("/admin/decisions/reviewcase/?status=all", review)]
    for page in shown:
        assert "<script>alert" not in page
        assert "ß漢🦆" in page
        assert "{{ 7*7 }}" in page
    told = alice.get(f"/usps1583/verifications/{case['id']}")
    assert told.json()["data"]["external_ref"] == said[:200]


def test_headers_of_a_proxy_mean_nothing_unless_told_so(alice: Person) -> None:
    forged = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-For": "127.0.0.1",
        "Authorization": f"Bearer {alice.secret}",
    }
    case = start(alice)
    answer = Client().get("/api/v1/usps1583/verifications", headers=forged).json()
    assert answer["links"]["first"].startswith("http://testserver/")
    assert answer["data"][0]["id"] == case["id"]
    assert Client(REMOTE_ADDR="192.0.2.7").get("/metrics", headers=forged).status_code == 404
    assert Client().get("/api/v1/flows", headers={"Host": "evil.example"}).status_code == 400


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every event that our own loggers are given."""
    seen: list[dict[str, Any]] = []

    def note(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
        seen.append({"level": method, **event})
        raise structlog.DropEvent

    monkeypatch.setattr("config.signin.log.log", structlog.wrap_logger(None, processors=[note]))
    monkeypatch.setattr("config.signin.site.log", structlog.wrap_logger(None, processors=[note]))
    return seen


def test_signing_in_is_logged_without_saying_who_or_what(marge: User, logged: list[dict[str, Any]], settings: Any) -> None:
    client = Client()
    client.post("/admin/login/", {"username": "marge", "password": "not this one"})
    _sign_in(client)
    client.post("/admin/logout/")
    settings.ADMIN_REQUIRE_2FA = True
    TOTPDevice.objects.create(user=marge, name="authenticator", confirmed=True)
    _sign_in(client)
    client.post("/admin/second-factor/", {"code": "000000"})
    assert [(row["event"], row.get("user")) for row in logged] == [
        ("sign_in_refused", None), ("signed_in", marge.pk), ("signed_out", marge.pk), ("signed_in", marge.pk), ("second_factor_refused", marge.pk),
    ]  # fmt: skip
    assert "marge" not in str(logged)
    assert PASSWORD not in str(logged)
    assert "000000" not in str(logged)


def test_a_line_break_makes_no_second_log_line() -> None:
    code = (
        "import logging.config; from config.logs import logging_config; logging.config.dictConfig(logging_config('json'));"
        "import structlog, logging; structlog.get_logger('x').info('request', route='a\\n{\"event\": \"forged\"}');"
        "logging.getLogger('y').warning('one %s', 'a\\nforged')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) == 2
    assert lines[0]["route"] == 'a\n{"event": "forged"}'

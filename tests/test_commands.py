"""The commands that people script against: names, output, exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

import templates
from decisions.rules import registry
from documents.specimens import draw
from factories import Person, drawn, start, upload
from flows.models import ApiToken, Flow, FlowVersion, Workspace
from verifications.models import Verification, VerificationStatus

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py …` in a process of its own, with the real settings."""
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "STORAGE_URL")}
    settings = {**clean, "DJANGO_SETTINGS_MODULE": "config.settings", **environment}
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=settings, capture_output=True, text=True, check=check, timeout=120)


def _output(*arguments: Any, **options: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_issue_token_prints_the_token_and_only_it() -> None:
    printed = _output("issue_token", "My site", workspace="acme", environment="live", scopes="flows:read, documents:read", days=0)
    assert re.fullmatch(r"vk_live_[0-9a-f]{12}_[\w-]{43}\n", printed)
    token = ApiToken.objects.get()
    assert (token.workspace.slug, token.scopes, token.expires_at) == ("acme", ["flows:read", "documents:read"], None)
    assert printed.strip() not in str(ApiToken.objects.values().get())
    assert Client().get("/api/v1/flows", headers={"X-API-Key": printed.strip()}).status_code == 200


@pytest.mark.django_db
def test_tokens_last_180_days_and_have_all_scopes_unless_told_otherwise() -> None:
    _output("issue_token", "a")
    token = ApiToken.objects.get()
    assert token.environment == "sandbox"
    assert len(token.scopes) == 12
    assert token.expires_at is not None
    assert timedelta(days=179) < token.expires_at - timezone.now() <= timedelta(days=180)


@pytest.mark.django_db
@pytest.mark.parametrize("options", [{"scopes": "fly"}, {"days": -1}])
def test_a_token_that_makes_no_sense_is_not_issued(options: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        _output("issue_token", "a", **options)
    assert not ApiToken.objects.exists()


@pytest.mark.django_db
def test_revoke_token_works_at_once(alice: Person) -> None:
    assert alice.get("/flows").status_code == 200
    _output("revoke_token", alice.token.prefix)
    assert alice.get("/flows").status_code == 401
    with pytest.raises(CommandError):
        _output("revoke_token", "vk_live_nothing")


@pytest.mark.django_db
def test_sync_flows_says_what_would_change_and_then_does_it() -> None:
    assert "usps1583: would become version 1" in _output("sync_flows", check=True)
    assert not Flow.objects.exists()
    assert "usps1583: version 1 loaded" in _output("sync_flows")
    assert "usps1583: version 1 is current" in _output("sync_flows")
    assert FlowVersion.objects.count() == 3


@pytest.mark.django_db
def test_tick_does_what_is_due_and_is_safe_to_repeat(alice: Person) -> None:
    case = start(alice)
    Verification.objects.filter(pk=case["id"]).update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "verifications.upkeep.expire_due: 1" in _output("tick")
    assert "verifications.upkeep.expire_due: 0" in _output("tick")
    assert Verification.objects.get().status == VerificationStatus.EXPIRED


@pytest.mark.django_db
def test_finished_messages_are_forgotten_after_a_week(alice: Person, picture: Any, script: Any) -> None:
    from factories import work_off
    from verifications.models import OutboxMessage
    from verifications.upkeep import forget_done_messages

    upload(alice, start(alice), front=picture())
    work_off()
    count = OutboxMessage.objects.count()
    assert forget_done_messages() == 0
    OutboxMessage.objects.update(done_at=timezone.now() - timedelta(days=8))
    assert forget_done_messages() == count


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("OCR_ENGINE", "crystal-ball", "rapidocr, easyocr, tesseract"),
        ("DATABASE_URL", "mysql://x/y", "postgres://"),
        ("REDIS_URL", "http://x", "redis://"),
        ("STORAGE_URL", "ftp://x", "s3://"),
        ("STORAGE_URL", "s3://bucket?colour=blue", "unknown option colour"),
        ("STORAGE_URL", "s3://bucket?serve=never", "presigned or proxy"),
        ("WORKERS", "many", "whole number"),
        ("WORKERS", "0", "from 1"),
        ("RATE_LIMIT", "lots", "300/min"),
        ("DEBUG", "perhaps", "true"),
        ("FIELD_ENCRYPTION_KEYS", "nonsense", "base64"),
        ("PUBLIC_URL", "example.com", "https://"),
        ("SECRET_KEY_FILE", "/nonexistent/secret", "readable"),
        ("SENTRY_DSN", "nonsense", "https://"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name_and_what_was_expected(tmp_path: Path, name: str, value: str, expected: str) -> None:
    done = run("check", check=False, DATA_DIR=str(tmp_path), **{name: value})
    assert done.returncode != 0
    assert f"{name.removesuffix('_FILE')}" in done.stderr
    assert expected in done.stderr


def test_secrets_are_made_for_a_local_start_only(tmp_path: Path) -> None:
    environment = {"DATA_DIR": str(tmp_path), "SECRET_KEY": "", "FIELD_ENCRYPTION_KEYS": ""}
    assert run("check", **environment).returncode == 0
    made = tmp_path / "secrets" / "secret_key"
    first = made.read_text()
    assert (len(first) > 50, oct(made.stat().st_mode & 0o777)) == (True, "0o600")
    run("check", **environment)
    assert made.read_text() == first
    done = run("check", check=False, ALLOWED_HOSTS="id.example.com", **environment)
    assert done.returncode != 0
    assert "SECRET_KEY: required" in done.stderr


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s" * 60 + "\n")
    code = "from django.conf import settings; print(settings.SECRET_KEY)"
    done = run("shell", "-v0", "-c", code, DATA_DIR=str(tmp_path), SECRET_KEY="", SECRET_KEY_FILE=str(tmp_path / "key"))
    assert done.stdout.strip() == "s" * 60


@pytest.mark.engine
def test_doctor_has_a_line_for_everything_and_exit_1_when_something_is_wrong(tmp_path: Path) -> None:
    environment = {"DATA_DIR": str(tmp_path)}
    templates.sqlite(tmp_path / "vouchbox.sqlite3", flows=False)
    done = run("doctor", check=False, **environment)
    assert done.returncode == 0, done.stdout
    for part in ("database", "broker", "storage", "keys", "engine text", "engine barcodes", "engine faces", "specimen"):
        assert f"ok   {part}" in done.stdout
    broken = run("doctor", check=False, **environment, REDIS_URL="redis://127.0.0.1:1/0", FACE_ENGINE="off")
    assert broken.returncode == 1
    assert [line.split()[1] for line in broken.stdout.splitlines() if line.startswith("FAIL")] == ["broker"]
    assert "ok   engine faces       off " in broken.stdout


@pytest.mark.engine
def test_faces_are_compared_and_calibrated_unless_they_are_off(tmp_path: Path, settings: Any) -> None:
    for name, seeds in {"a": (1, 2), "b": (3, 4), "c": (5,)}.items():
        (tmp_path / name).mkdir()
        for seed in seeds:
            (tmp_path / name / f"{seed}.jpg").write_bytes(draw("selfie", seed=seed).jpeg("front"))
    (tmp_path / "b" / "notes.txt").write_text("no picture")
    one = str(tmp_path / "a" / "1.jpg")
    assert json.loads(_output("faces", one, one, "--json"))["level"] == "strong"
    measured = json.loads(_output("calibrate_faces", str(tmp_path), "--rate", "0.5", "--json"))
    assert (measured["people"], measured["pairs_of_strangers"], measured["pairs_of_one_person"], measured["skipped"]) == (3, 8, 2, 1)
    assert measured["false_match_rate"] <= 0.5
    line = _output("calibrate_faces", str(tmp_path), "--rate", "0.5").splitlines()[-1]
    assert yaml.safe_load(line)["selfie_matches"].keys() <= registry.get("selfie_matches").defaults.keys()
    too_few = run("calibrate_faces", str(tmp_path), check=False)
    assert (too_few.returncode, "30000 pairs of different people" in too_few.stderr) == (1, True)
    settings.FACE_ENGINE = "off"
    off = json.loads(_output("faces", one, one, "--json"))
    assert (off["level"], off["same"], off["error"]["message"]) == ("not_assessed", None, "FACE_ENGINE is off")
    with pytest.raises(CommandError, match="there is nothing to calibrate"):
        _output("calibrate_faces", str(tmp_path))


def test_read_takes_a_raw_barcode_string(tmp_path: Path) -> None:
    specimen, raw = draw("driver_license", seed=3), tmp_path / "card.txt"
    raw.write_text(specimen.truth["aamva"], encoding="latin-1", newline="")
    found = json.loads(_output("read", str(raw), raw="aamva", json=True))
    assert (found["error"], found["aamva"]["document_number"]) == (None, specimen.truth["document.number"])
    assert {path: found["fields"][path]["value"] for path in ("document.number", "person.date_of_birth", "address.zip")} == {
        path: specimen.truth[path] for path in ("document.number", "person.date_of_birth", "address.zip")
    }
    assert {entry["reader"] for entry in found["fields"].values()} == {"barcode"}
    assert specimen.truth["document.number"] in _output("read", str(raw), raw="aamva")


@pytest.mark.engine
def test_read_copes_with_pictures_of_any_shape(tmp_path: Path) -> None:
    for size in ((1, 1), (1, 5000), (5000, 1)):
        (tmp_path / f"{size[0]}x{size[1]}.png").write_bytes(drawn("PNG", size))
    out = _output("read", *(str(path) for path in sorted(tmp_path.iterdir())), json=True)
    assert [json.loads(line)["error"] for line in out.splitlines()] == [None] * 3


@pytest.mark.engine
def test_read_prints_one_object_per_file_and_never_stops(tmp_path: Path) -> None:
    specimen = draw("passport", seed=3)
    good, bad = tmp_path / "passport.jpg", tmp_path / "bad.jpg"
    good.write_bytes(specimen.jpeg("front"))
    bad.write_bytes(b"no picture")
    done = run(
        "read",
        str(bad),
        str(good),
        str(tmp_path / "missing.png"),
        "--json",
        DATA_DIR=str(tmp_path),
        DATABASE_URL="postgres://nobody@127.0.0.1:1/none",
    )
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["error"]["code"], second["error"], third["error"] is not None) == ("image_invalid", None, True)
    assert second["mrz"]["valid"] is True
    assert second["fields"]["document.number"]["value"] == specimen.truth["document.number"]


@pytest.mark.engine
def test_start_prepares_everything_and_shows_the_secrets_once(tmp_path: Path) -> None:
    first = run("start", "--prepare-only", DATA_DIR=str(tmp_path))
    token = re.search(r"vk_sandbox_\S+", first.stdout)
    assert token is not None
    assert "reviewer / " in first.stdout
    second = run("start", "--prepare-only", DATA_DIR=str(tmp_path))
    assert token.group() not in second.stdout
    assert (tmp_path / "demo" / "token").read_text() == token.group()


def test_start_says_when_the_port_is_taken(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("start", "--port", str(taken.getsockname()[1]), check=False, DATA_DIR=str(tmp_path))
    assert done.returncode != 0
    assert "is taken" in done.stderr


@pytest.mark.django_db
def test_workspaces_are_made_once() -> None:
    _output("issue_token", "a", workspace="acme")
    _output("issue_token", "b", workspace="acme")
    assert Workspace.objects.get().name == "Acme"

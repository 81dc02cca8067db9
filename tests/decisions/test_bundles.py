"""Signed bundles: what they hold, and that no byte of one can be changed unnoticed."""

from __future__ import annotations

import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st
from scripted import Script

from decisions.bundle_verifier import Invalid, check, verify
from decisions.bundles import bundle
from factories import Person, start, upload, work_off
from flows import servicekeys
from verifications.models import AuditEntry

Picture = Callable[..., bytes]


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 63), st.integers(1, 255))
def test_the_plain_verifier_agrees_with_the_library(seed: bytes, message: bytes, at: int, mask: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), bytearray(key.sign(message))
    assert verify(public, message, bytes(signature))
    assert not verify(public, message + b"x", bytes(signature))
    signature[at] ^= mask
    assert not verify(public, message, bytes(signature))


@pytest.fixture
def made(db: None, tmp_path: Path) -> Path:
    path = tmp_path / "small.zip"
    with bundle(path, {"kind": "test"}) as content:
        content.add("a.jpg", b"picture")
        content.add_json("b.json", {"é": [1, None]})
    return path


def test_a_bundle_holds_what_was_added(made: Path) -> None:
    manifest, public = check(str(made))
    assert public == servicekeys.public_key().hex()
    assert manifest["about"] == {"kind": "test"}
    assert manifest["files"]["a.jpg"] == {"sha256": hashlib.sha256(b"picture").hexdigest(), "size": 7}
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["a.jpg", "b.json", "manifest.json", "verify.py"]
        assert json.loads(archive.read("b.json")) == {"é": [1, None]}


def test_every_changed_byte_is_found(made: Path) -> None:
    """Headers, time stamps, the directory and the signature itself are bytes, too."""
    data, changed = made.read_bytes(), made.with_name("changed.zip")
    positions = [*range(0, len(data), 29), *range(len(data) - 330, len(data))]
    for at in positions:
        for mask in (1, 32):
            changed.write_bytes(data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :])
            with pytest.raises(Invalid):
                check(str(changed))


def test_any_bits_of_any_byte_are_found(made: Path) -> None:
    """At random, but the same each time."""
    data, changed, chance = made.read_bytes(), made.with_name("changed.zip"), random.Random(1583)
    for _ in range(200):
        at, mask = chance.randrange(len(data)), chance.randint(1, 255)
        changed.write_bytes(data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :])
        with pytest.raises(Invalid):
            check(str(changed))


@pytest.mark.parametrize("change", [lambda data: data + b"x", lambda data: data[:-1], lambda data: b"x" + data, lambda data: b""])
def test_what_is_longer_or_shorter_is_found(made: Path, change: Callable[[bytes], bytes]) -> None:
    made.write_bytes(change(made.read_bytes()))
    with pytest.raises(Invalid):
        check(str(made))


def test_another_key_is_not_the_operators(made: Path) -> None:
    with pytest.raises(Invalid, match="signature"):
        check(str(made), "aa" * 32)


def test_the_script_in_the_bundle_needs_only_python(made: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(made) as archive:
        script = tmp_path / "verify.py"
        script.write_bytes(archive.read("verify.py"))
    run = [sys.executable, "-I", "-S", str(script), str(made)]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"valid: 3 files, signed by {servicekeys.public_key().hex()}\n")
    made.write_bytes(made.read_bytes().replace(b"picture", b"pictured"[:7].upper()))
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout[:9]) == (1, "NOT VALID")


def test_the_command(made: Path) -> None:
    out = StringIO()
    call_command("verify_bundle", str(made), stdout=out)
    call_command("verify_bundle", key=True, stdout=out)
    assert out.getvalue().splitlines() == ["valid: 3 files, {'kind': 'test'}", servicekeys.public_key().hex()]
    made.write_bytes(made.read_bytes()[:-1] + b"g")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_bundle", str(made), stdout=out)
    assert ended.value.code == 1


@pytest.mark.django_db
def test_the_evidence_of_a_verification(alice: Person, picture: Picture, script: Script, tmp_path: Path) -> None:
    case = start(alice, expected_data={"person": {"first_name": "Homer", "last_name": "Simpson"}})
    photo = upload(alice, case, type=1, front=picture(seed=1))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off(twice=False)
    alice.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off(twice=False)
    response = alice.get(f"/usps1583/verifications/{case['id']}/bundle")
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    path = tmp_path / "x.zip"
    path.write_bytes(response.content)
    manifest, _ = check(str(path))
    assert manifest["about"] == {"kind": "evidence", "verification": case["id"], "flow": "usps1583"}
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.read(f"images/{photo['id']}-front.jpg") == picture(seed=1)
        files = {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}
    assert set(files) == {"verification.json", "documents.json", "decisions.json", "checks.json", "form.json", "history.json", "manifest.json"}
    assert {row["fields"]["person.surname"]["value"] for row in files["documents.json"]} == {"Simpson"}
    assert [row["number"] for row in files["history.json"]] == list(
        AuditEntry.objects.filter(verification_ref=case["id"]).order_by("number").values_list("number", flat=True)
    )
    assert files["form.json"]["identity_documents_verified"] is True
    assert files["form.json"]["form_complete"] is False
    alice.delete(f"/usps1583/verifications/{case['id']}/data")
    refused = alice.get(f"/usps1583/verifications/{case['id']}/bundle")
    assert (refused.status_code, refused.json()["code"]) == (400, "redacted")

"""Keys that a key management service wraps: sealed and opened through it, rotated to and from it, and useless without it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st
from kms import FakeKms, OutOfReach

from config.checks import check_keys
from config.management.commands.doctor import Command as Doctor
from config.management.commands.doctor import _keys
from factories import Person, make_person, start
from flows import datakeys, rotation, servicekeys, vault
from flows.vault import Keyring, Unreadable, key_id
from verifications.audit import verify_chain
from verifications.models import Verification

FILE = "file:" + base64.b64encode(b"f" * 32).decode()


@pytest.fixture(autouse=True)
def kms() -> Iterator[type[FakeKms]]:
    vault._keyring.cache_clear()
    FakeKms.current, FakeKms.is_up, FakeKms.wraps, FakeKms.unwraps = "alias/one", True, 0, 0
    yield FakeKms
    vault._keyring.cache_clear()


@given(st.binary(max_size=200), st.text(max_size=30))
def test_what_is_sealed_opens_in_its_place(data: bytes, place: str) -> None:
    ring = Keyring(FILE, FakeKms())
    envelope = ring.seal(data, place)
    assert (ring.open(envelope, place), key_id(envelope)) == (data, "kms:alias/one")
    with pytest.raises(Unreadable):
        ring.open(envelope, place + "x")
    with pytest.raises(Unreadable):
        Keyring(FILE).open(envelope, place)


@given(st.integers(min_value=0), st.integers(1, 255))
def test_one_changed_byte_anywhere_does_not_open(at: int, mask: int) -> None:
    ring = Keyring(FILE, FakeKms())
    envelope = bytearray(ring.seal(b"passport", "place"))
    envelope[at % len(envelope)] ^= mask
    with pytest.raises(Unreadable):
        ring.open(bytes(envelope), "place")


def test_it_is_asked_once_a_minute_for_each_key(kms: type[FakeKms], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(vault.time, "monotonic", lambda: now[0])
    ring = Keyring(FILE, FakeKms())
    envelope = ring.seal(b"x", "place")
    for seconds, asked in ((0, 1), (59, 1), (2, 2)):
        now[0] += seconds
        ring.open(envelope, "place")
        assert kms.unwraps == asked


def test_out_of_reach_is_no_verdict_about_the_envelope(kms: type[FakeKms]) -> None:
    ring = Keyring(FILE, FakeKms())
    envelope = ring.seal(b"x", "place")
    kms.is_up = False
    with pytest.raises(OutOfReach):
        ring.open(envelope, "place")


def test_a_key_id_that_no_envelope_holds_is_refused(kms: type[FakeKms]) -> None:
    kms.current = "k" * 61
    with pytest.raises(ValueError, match="key_id of 60"):
        Keyring(FILE, FakeKms()).seal(b"x", "place")


@pytest.mark.django_db
class TestTheService:
    @pytest.fixture
    def filled(self, settings: Any, flows: None) -> Person:
        """Everything was sealed under a key from a file; now there is a KMS."""
        settings.FIELD_ENCRYPTION_KEYS = FILE
        alice = make_person("alice", workspace="wonder")
        for number in range(4):
            start(alice, expected_data={"person": {"last_name": f"Name{number}"}}, webhook_secret="s" * 40)
        servicekeys.sign(b"x")
        settings.KEY_WRAPPER = "kms.FakeKms"
        datakeys.forget()
        return alice

    def names(self) -> set[str]:
        datakeys.forget()
        return {row.expected["person"]["last_name"] for row in Verification.objects.all()}

    def test_old_envelopes_open_and_new_ones_are_wrapped_by_it(self, filled: Person) -> None:
        start(filled, expected_data={"person": {"last_name": "Name4"}})
        assert self.names() == {f"Name{number}" for number in range(5)}
        assert rotation.in_use()["kms:alias/one"] == 1

    def test_rotation_to_it_within_it_and_away_from_it(self, filled: Person, kms: type[FakeKms], settings: Any) -> None:
        call_command("rotate_keys", stdout=(out := StringIO()), stderr=StringIO())
        assert out.getvalue() == "kms:alias/one: 10\n"
        kms.current = "alias/two"
        call_command("rotate_keys", stdout=(out := StringIO()), stderr=StringIO())
        assert out.getvalue() == "kms:alias/two: 10\n"
        assert self.names() == {f"Name{number}" for number in range(4)}
        assert verify_chain(filled.token.workspace) is None
        settings.KEY_WRAPPER = ""
        datakeys.forget()
        err = StringIO()
        with pytest.raises(SystemExit):
            call_command("rotate_keys", stdout=StringIO(), stderr=err)
        assert "10 could be opened by no key" in err.getvalue()
        settings.KEY_WRAPPER, kms.current = "kms.FakeKms", ""
        call_command("rotate_keys", stdout=(out := StringIO()), stderr=StringIO())
        assert out.getvalue() == "file: 10\n"
        settings.KEY_WRAPPER = ""
        assert self.names() == {f"Name{number}" for number in range(4)}

    def test_destroying_a_data_key_needs_no_kms(self, filled: Person, kms: type[FakeKms]) -> None:
        call_command("rotate_keys", stdout=StringIO(), stderr=StringIO())
        case = start(filled, expected_data={"person": {"last_name": "Gone"}})
        assert filled.delete(f"/usps1583/verifications/{case['id']}/data").status_code == 200
        assert Verification.objects.get(pk=case["id"]).expected is None
        assert "Gone" not in {(row.expected or {}).get("person", {}).get("last_name") for row in Verification.objects.all()}

    def test_doctor_asks_it(self, settings: Any, kms: type[FakeKms]) -> None:
        settings.KEY_WRAPPER = "kms.FakeKms"
        out = StringIO()
        doctor = Doctor(stdout=out)
        assert doctor._line("keys", _keys) is True
        kms.is_up = False
        assert doctor._line("keys", _keys) is False
        assert [line.split(" (")[0].strip() for line in out.getvalue().splitlines()] == [
            f"ok   {'keys':<18} kms:alias/one seals and opens", f"FAIL {'keys':<18} OutOfReach:",
        ]  # fmt: skip


@pytest.mark.parametrize(("name", "found"), [("", 0), ("kms.FakeKms", 0), ("kms.Nothing", 1), ("nothing.Here", 1), ("kms.AESGCM", 1)])
def test_a_class_that_is_not_there_stops_the_start(settings: Any, name: str, found: int) -> None:
    settings.KEY_WRAPPER = name
    assert len(check_keys(None)) == found

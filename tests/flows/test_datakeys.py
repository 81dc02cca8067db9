"""One key per verification: what it sealed opens in its place until the key is destroyed, and never again."""

from __future__ import annotations

import base64
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from factories import Person, make_person, start
from flows import datakeys, rotation, servicekeys
from flows.models import DataKey
from flows.vault import Destroyed, Unreadable, key_id
from verifications.audit import verify_chain
from verifications.models import AuditHead, Verification

pytestmark = pytest.mark.django_db
in_one_database = examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
OLD = "old:" + base64.b64encode(b"o" * 32).decode()
NEW = "new:" + base64.b64encode(b"n" * 32).decode()


@in_one_database
@given(data=st.binary(max_size=200), place=st.text(max_size=30))
def test_what_is_sealed_opens_in_its_place(db: None, data: bytes, place: str) -> None:
    assert datakeys.unseal(datakeys.seal(data, place, "ver_1"), place) == data


@in_one_database
@given(at=st.integers(min_value=0), mask=st.integers(1, 255))
def test_one_changed_byte_does_not_open(db: None, at: int, mask: int) -> None:
    envelope = bytearray(datakeys.seal(b"passport", "place", "ver_1"))
    envelope[at % len(envelope)] ^= mask
    with pytest.raises(Unreadable):
        datakeys.unseal(bytes(envelope), "place")


def test_another_place_or_owner_does_not_open() -> None:
    envelope = datakeys.seal(b"passport", "place", "ver_1")
    datakeys.seal(b"x", "place", "ver_2")
    for moved, place in ((envelope, "elsewhere"), (envelope.replace(b"ver_1", b"ver_2"), "place")):
        with pytest.raises(Unreadable):
            datakeys.unseal(moved, place)


def test_a_destroyed_key_opens_and_seals_nothing() -> None:
    envelope = datakeys.seal(b"passport", "place", "ver_1")
    assert (datakeys.destroy("ver_1"), datakeys.destroy("ver_1")) == (True, False)
    for use in (lambda: datakeys.unseal(envelope, "place"), lambda: datakeys.seal(b"x", "place", "ver_1")):
        with pytest.raises(Destroyed):
            use()
    assert DataKey.objects.get().wrapped is None


def test_keys_are_fetched_together(django_assert_num_queries: Any) -> None:
    sealed = {f"ver_{number}": datakeys.seal(b"x", "place", f"ver_{number}") for number in range(5)}
    datakeys.forget()
    with django_assert_num_queries(1):
        datakeys.warm(sealed)
        assert {datakeys.unseal(envelope, "place") for envelope in sealed.values()} == {b"x"}


class Killed(BaseException):
    """The process dies."""


class TestRotation:
    @pytest.fixture
    def filled(self, settings: Any, flows: None, monkeypatch: pytest.MonkeyPatch) -> Person:
        monkeypatch.setattr(rotation, "BATCH", 4)
        settings.FIELD_ENCRYPTION_KEYS = OLD
        alice = make_person("alice", workspace="wonder")
        for number in range(10):
            start(alice, expected_data={"person": {"last_name": f"Name{number}"}}, webhook_secret="s" * 40)
        servicekeys.sign(b"x")
        settings.FIELD_ENCRYPTION_KEYS = f"{NEW},{OLD}"
        datakeys.forget()
        return alice

    def names(self) -> set[str]:
        datakeys.forget()
        return {row.expected["person"]["last_name"] for row in Verification.objects.all()}

    def test_the_old_key_is_needed_no_more(self, filled: Person, settings: Any) -> None:
        out, err = StringIO(), StringIO()
        call_command("rotate_keys", stdout=out, stderr=err)
        assert out.getvalue() == "new: 22\n"
        assert err.getvalue().splitlines()[-1] == "22 of 22, 22 sealed anew"
        settings.FIELD_ENCRYPTION_KEYS = NEW
        assert self.names() == {f"Name{number}" for number in range(10)}
        assert {row.webhook_secret for row in Verification.objects.all()} == {"s" * 40}
        assert verify_chain(filled.token.workspace) is None

    @pytest.mark.parametrize("steps", range(1, 8))
    def test_killed_at_any_batch_it_loses_nothing_and_goes_on(self, filled: Person, settings: Any, steps: int) -> None:
        for _ in zip(range(steps + 1), rotation.rotate(), strict=False):
            pass
        assert self.names() == {f"Name{number}" for number in range(10)}
        done = rotation.in_use()["new"]
        assert 0 < done < 22
        *_, last = rotation.rotate()
        assert (last.rewrapped, last.unreadable, rotation.in_use()) == (22 - done, 0, {"new": 22})
        settings.FIELD_ENCRYPTION_KEYS = NEW
        assert self.names() == {f"Name{number}" for number in range(10)}

    def test_a_row_in_the_middle_of_a_batch(self, filled: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        original, calls = rotation._rewrap, []

        def dies(*arguments: Any) -> str:
            calls.append(1)
            if len(calls) == 6:
                raise Killed
            return original(*arguments)

        monkeypatch.setattr(rotation, "_rewrap", dies)
        with pytest.raises(Killed):
            list(rotation.rotate())
        assert rotation.in_use() == {"new": 4, "old": 18}
        assert self.names() == {f"Name{number}" for number in range(10)}

    def test_a_second_run_changes_nothing(self, filled: Person) -> None:
        list(rotation.rotate())
        before = list(DataKey.objects.values_list("wrapped", flat=True))
        *_, last = rotation.rotate()
        assert (last.rewrapped, list(DataKey.objects.values_list("wrapped", flat=True))) == (0, before)

    def test_a_missing_key_is_told_and_nothing_changes(self, filled: Person, settings: Any) -> None:
        settings.FIELD_ENCRYPTION_KEYS = NEW
        before = list(DataKey.objects.values_list("wrapped", flat=True))
        out, err = StringIO(), StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("rotate_keys", stdout=out, stderr=err)
        assert (ended.value.code, out.getvalue()) == (1, "old: 22 (still needed)\n")
        assert list(DataKey.objects.values_list("wrapped", flat=True)) == before

    def test_check_only_counts(self, filled: Person) -> None:
        out = StringIO()
        call_command("rotate_keys", check=True, stdout=out)
        assert out.getvalue() == "old: 22 (still needed)\n"

    def test_a_new_secret_key_breaks_no_chain(self, filled: Person, settings: Any) -> None:
        settings.SECRET_KEY = "another" * 10
        assert verify_chain(filled.token.workspace) is None
        assert key_id(bytes(AuditHead.objects.get().key_sealed or b"")) == "old"

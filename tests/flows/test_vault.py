"""Sealing at rest: what is sealed opens in its own place, under any listed key, and nowhere else."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.vault import Keyring, Unreadable


def _key(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_is_sealed_opens_in_its_place(data: bytes, place: str) -> None:
    ring = Keyring(_key("a"))
    assert ring.open(ring.seal(data, place), place) == data


@given(st.binary(min_size=1, max_size=60), st.integers(min_value=0), st.integers(1, 255))
def test_one_changed_byte_anywhere_does_not_open(data: bytes, at: int, mask: int) -> None:
    ring = Keyring("a:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
    envelope = bytearray(ring.seal(data, "place"))
    envelope[at % len(envelope)] ^= mask
    with pytest.raises(Unreadable):
        ring.open(bytes(envelope), "place")


@given(st.binary(max_size=200))
def test_noise_does_not_open(noise: bytes) -> None:
    with pytest.raises(Unreadable):
        Keyring("a:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=").open(noise, "place")


def test_another_place_does_not_open() -> None:
    ring = Keyring(_key("a"))
    with pytest.raises(Unreadable):
        ring.open(ring.seal(b"passport", "verification:1"), "verification:2")


def test_keys_rotate() -> None:
    old, new = _key("old"), _key("new")
    envelope = Keyring(old).seal(b"passport", "place")
    assert Keyring(f"{new},{old}").open(envelope, "place") == b"passport"
    with pytest.raises(Unreadable):
        Keyring(new).open(envelope, "place")


@pytest.mark.parametrize("text", ["", "a", "a:short", "a:!!!!", ":QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="])
def test_a_malformed_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Keyring(text)

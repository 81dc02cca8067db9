"""The codes of errors: those that are documented are those that are raised, each is answered in some test, and none is outside the contract. What the
tests were really answered is held against the contract when they are over (``conftest.py``)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from codes import CONTRACT, OUTSIDE_THE_API, WITHOUT_AN_ENDPOINT

from config.api.docs import openapi_document
from config.api.schema import ERRORS

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "flows", "verifications", "documents", "decisions")


def _texts(folder: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py"))


def _raised() -> set[str]:
    return {code for app in APPS for code in re.findall(r'Refused\(\s*"([a-z_]+)"', _texts(app))}


def test_what_is_raised_is_the_contract() -> None:
    raised = _raised() & CONTRACT
    assert raised | WITHOUT_AN_ENDPOINT == CONTRACT
    assert {code for code in _raised() - CONTRACT if code.isidentifier()} - OUTSIDE_THE_API == _worker_codes()


def _worker_codes() -> set[str]:
    """What engines and commands say among themselves, never to a client."""
    inner = "\n".join(_texts(folder) for folder in ("documents/engines", "documents/readers", "config/management"))
    return set(re.findall(r'Refused\(\s*"([a-z_]+)"', inner)) - CONTRACT - OUTSIDE_THE_API


def test_what_is_documented_is_raised_and_in_the_contract() -> None:
    assert set(ERRORS) <= CONTRACT
    assert CONTRACT - WITHOUT_AN_ENDPOINT - set(ERRORS) == {"not_found"}


def test_every_documented_code_is_of_some_operation() -> None:
    named = {
        code
        for item in openapi_document()["paths"].values()
        for operation in item.values()
        for response in operation["responses"].values()
        for code in response.get("content", {}).get("application/json", {}).get("examples", {})
    }
    assert set(ERRORS) - named <= {"method_not_allowed"}


@pytest.mark.parametrize("code", sorted(CONTRACT - WITHOUT_AN_ENDPOINT))
def test_every_code_is_answered_in_a_test(code: str) -> None:
    here = Path(__file__).name
    others = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path.name != here)
    assert f'"{code}"' in others

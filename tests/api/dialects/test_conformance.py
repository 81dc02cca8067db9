"""The conformance kits, line by line, against this service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from factories import Person
from tests.conformance.kit import Answer
from tests.conformance.kits import KITS

pytestmark = pytest.mark.django_db


def send(method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
    content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    found = getattr(Client(raise_request_exception=False), method.lower())(path, **content, headers=dict(headers))
    return Answer(found.status_code, dict(found.headers), json.loads(found.content) if found.content else None)


@pytest.mark.parametrize("name", list(KITS))
def test_every_line_of_the_contract_holds(alice: Person, subtests: Any, name: str) -> None:
    told = 0
    for line, holds, detail in KITS[name](send, alice.secret).lines():
        told += 1
        with subtests.test(line):
            assert holds, detail
    assert told > 25

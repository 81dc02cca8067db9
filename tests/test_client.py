"""The Python client: what it sends, what it repeats, what it raises; and that it has a method for every operation."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from receiver import Receiver, receiving

from config.api.docs import openapi_document
from config.generate.collection import postman_collection
from vouchbox_client import ApiError, Client


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_every_operation_has_a_method_and_a_request_of_the_collection() -> None:
    operations = {op["operationId"]: op for item in openapi_document()["paths"].values() for op in item.values()}
    methods = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")} - {"call"}
    assert methods == set(operations)
    collection = json.loads(postman_collection(openapi_document()))
    requests = [request for folder in collection["item"] for request in folder["item"]]
    assert sorted(request["name"] for request in requests) == sorted(op["summary"] for op in operations.values())
    assert "{{verification}}" in json.dumps(collection)
    assert "{verification}" not in json.dumps(collection).replace("{{verification}}", "")


def test_arguments_come_in_the_order_of_the_path() -> None:
    for path, item in openapi_document()["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        for operation in item.values():
            parameters = inspect.signature(getattr(Client, operation["operationId"])).parameters
            assert list(parameters)[1 : 1 + len(names)] == names, operation["operationId"]


def test_a_repetition_has_the_first_ones_key(server: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("vouchbox_client.transport.time.sleep", waits.append)
    answers: Iterator[int] = iter([503, 409, 200])
    server.answer = lambda _: next(answers)
    api = Client(f"http://{server.host}", "vk_sandbox_x")
    assert api.call("POST", "/api/v1/flows", body={"a": 1}) is None
    assert len({seen.headers["idempotency-key"] for seen in server.seen}) == 1
    assert {seen.headers["authorization"] for seen in server.seen} == {"Bearer vk_sandbox_x"}
    assert [seen.json for seen in server.seen] == [{"a": 1}] * 3
    assert waits == [0.4, 0.8]


@pytest.mark.parametrize(("status", "sent"), [(400, 1), (422, 1), (500, 3)])
def test_what_stays_refused_is_raised(server: Receiver, monkeypatch: pytest.MonkeyPatch, status: int, sent: int) -> None:
    monkeypatch.setattr("vouchbox_client.transport.time.sleep", lambda _: None)
    server.answer = lambda _: status
    with pytest.raises(ApiError) as raised:
        Client(f"http://{server.host}", "x", tries=3).call("POST", "/a")
    assert (raised.value.status, len(server.seen)) == (status, sent)


def test_the_error_has_the_facts() -> None:
    body: dict[str, Any] = {"message": "No.", "code": "validation_failed", "errors": {"url": ["No."]}, "request_id": "req_1"}
    error = ApiError(422, body)
    assert (error.status, error.code, error.message, error.errors, error.request_id) == (422, "validation_failed", "No.", {"url": ["No."]}, "req_1")


def test_nobody_there_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vouchbox_client.transport.time.sleep", lambda _: None)
    with pytest.raises(OSError, match="refused"):
        Client("http://127.0.0.1:9", "x", tries=2).call("GET", "/")

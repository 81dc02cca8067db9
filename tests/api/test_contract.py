"""Every answer that a whole story gives is what the OpenAPI document says it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from scripted import LEASE, Script

from config.api.docs import openapi_document
from factories import Person, upload, work_off

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]


def _matching_path(path: str) -> tuple[str, dict[str, Any]]:
    """The documented path with the most literal words that fits."""
    words = path.strip("/").split("/")
    fits = []
    for pattern, item in openapi_document()["paths"].items():
        parts = pattern.strip("/").split("/")
        if len(parts) == len(words) and all(part == word or part.startswith("{") for part, word in zip(parts, words, strict=True)):
            fits.append((sum(part == word for part, word in zip(parts, words, strict=True)), pattern, item))
    assert fits, f"{path} is not documented"
    _, pattern, item = max(fits, key=lambda fit: fit[0])
    return pattern, item


def conforms(response: Any) -> Any:
    """Hold one answer against its documented schema."""
    path = response.request["PATH_INFO"]
    pattern, item = _matching_path(path)
    operation = item[response.request["REQUEST_METHOD"].lower()]
    documented = operation["responses"].get(str(response.status_code))
    assert documented, f"{response.status_code} of {pattern} is not documented"
    if not response.content:
        return response
    resource: Any = Resource.opaque(openapi_document())
    registry: Any = Registry().with_resource("urn:openapi", resource)
    schema = documented["content"]["application/json"]["schema"]
    pointed = {"$ref": f"urn:openapi{schema['$ref']}"} if "$ref" in schema else schema
    errors = sorted(Draft202012Validator(pointed, registry=registry).iter_errors(response.json()), key=str)
    assert not errors, f"{pattern}: {errors[0].message} at {list(errors[0].absolute_path)}"
    return response


def test_every_answer_of_a_story_is_as_documented(alice: Person, picture: Picture, script: Script) -> None:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    flow = "/usps1583"
    for path in ("/flows", flow, f"{flow}/document-types", f"{flow}/document-types?country=USA", "/verifications", f"{flow}/nothing"):
        response = alice.get(path)
        if path != f"{flow}/nothing":
            conforms(response)
    case = conforms(alice.post(f"{flow}/verifications", {"external_ref": "a", "metadata": {"k": [1]}, "tags": ["t"]})).json()["data"]
    photo = upload(alice, case, type=1, front=picture(seed=1))
    proof = upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off()
    one, of = f"{flow}/verifications/{case['id']}", f"{flow}/documents/{proof['id']}"
    conforms(alice.patch(one, {"tags": ["u"]}))
    conforms(alice.patch(of, {"verification": case["id"]}))
    conforms(alice.post(f"{flow}/documents", {}))
    conforms(alice.post(f"{of}/extract", {"types": ["ocr"]}))
    conforms(alice.patch(f"{of}/extracted-data", {"fields": {"address.zip": "97477"}, "reason": "misread"}))
    conforms(alice.post(f"{one}/submit"))
    work_off()
    for path in (one, f"{one}/checks", of, f"{of}/checks", f"{of}/extractions", f"{of}/extracted-data", f"{flow}/documents", f"{flow}/decisions"):
        conforms(alice.get(path))
    conforms(alice.get(f"{flow}/verifications?cursor="))
    conforms(alice.get(f"{one}/pdf"))
    conforms(alice.get(f"{flow}/documents/{photo['id']}/pdf"))
    conforms(alice.post(f"{of}/compare", {"reference_document_id": photo["id"]}))
    conforms(alice.post(f"{of}/compare", {"reference_document_id": proof["id"]}))
    idle = next(check for check in alice.get(f"{one}/checks").json()["data"] if check["outcome"] == "not_applicable")
    conforms(alice.post(f"{one}/checks/{idle['id']}/retry"))
    conforms(alice.post(f"{one}/checks/none/retry"))
    conforms(alice.post(f"{flow}/decisions", {"document": proof["id"], "status": 5, "note": "again"}))
    conforms(alice.post(f"{one}/reprocess", {"dry_run": True}))
    conforms(alice.post(f"{one}/reprocess"))
    entry = conforms(alice.post("/lists", {"kind": "blocked_name", "value": "Ned Flanders", "reason": "x"})).json()["data"]
    for answer in (alice.get("/lists"), alice.get(f"/lists/{entry['id']}"), alice.post("/lists", {}), alice.delete(f"/lists/{entry['id']}")):
        conforms(answer)
    conforms(alice.post(f"{one}/resubmit", {"note": "please"}))
    conforms(alice.post(f"{one}/hold"))
    conforms(alice.post(f"{one}/resume"))
    conforms(alice.delete(of))
    conforms(alice.post(f"{one}/cancel"))
    conforms(alice.get(f"{flow}/verifications/ver_nothing"))
    conforms(alice.get("/address" + one.removeprefix(flow)))


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in openapi_document()["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_each_documented_error_has_an_example_in_both_shapes(alice: Person) -> None:
    for path, method, operation in _operations():
        for status, response in operation["responses"].items():
            content = response.get("content", {})
            if status >= "400":
                plain, problem = (content[name]["examples"] for name in ("application/json", "application/problem+json"))
                assert set(plain) == set(problem) != set(), (path, method, status)
                assert {entry["value"]["status"] for entry in problem.values()} == {int(status)}
    answered = alice.get("/usps1583/documents/doc_nothing", accept="application/problem+json").json()
    shown = next(operation for path, method, operation in _operations() if (path, method) == ("/api/v1/{flow}/documents/{document}", "get"))
    example = shown["responses"]["404"]["content"]["application/problem+json"]["examples"]["document_not_found"]["value"]
    assert {**answered, "request_id": ""} == {**example, "request_id": ""}


def test_every_operation_tells_of_405(alice: Person) -> None:
    for path, method, operation in _operations():
        assert set(operation["responses"]["405"]["content"]["application/json"]["examples"]) == {"method_not_allowed"}, (path, method)
    response = alice.delete("/usps1583/documents")
    assert (response.status_code, response["Allow"], response.json()["code"]) == (405, "GET, POST, HEAD", "method_not_allowed")


def test_the_example_of_a_form_can_be_sent_as_it_is(alice: Person) -> None:
    case = alice.post("/usps1583/verifications").json()["data"]
    operation = openapi_document()["paths"]["/api/v1/{flow}/documents"]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["examples"]["Form"]["value"]
    headers = {"Authorization": f"Bearer {alice.secret}"}
    assert Client().post("/api/v1/usps1583/documents", data={**form, "verification": case["id"]}, headers=headers).status_code == 201


def test_documented_errors_are_what_is_answered_without_a_token() -> None:
    for path in ("/api/v1/flows", "/api/v1/usps1583/verifications"):
        conforms(Client().get(path))

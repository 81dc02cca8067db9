"""Names of members in three styles: every name of the API survives the way there and back, and a client's own names are never touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from scripted import Script

from config.api.docs import openapi_document
from config.api.inflection import BY_PATH, CLIENTS_OWN, STYLES, inbound, outbound, path_to_style, to_snake, to_style
from factories import Person, start, upload, work_off
from verifications.models import Verification

Picture = Callable[..., bytes]
CASES = "/usps1583/verifications"


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node.get("properties", {}) if isinstance(node.get("properties"), dict) else ()
        for value in node.values():
            yield from _names(value)
    elif isinstance(node, list):
        for value in node:
            yield from _names(value)


def _keys(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield name
            yield from _keys(value)
    elif isinstance(data, list):
        for value in data:
            yield from _keys(value)


@pytest.mark.parametrize("style", STYLES)
def test_every_name_of_the_api_comes_back(style: str) -> None:
    names = set(_names(openapi_document()["components"]["schemas"]))
    assert {"front_side_data", "street2", "iso3", "webhook_url"} <= names
    assert {to_snake(to_style(name, style), style) for name in names} == names
    if style != "snake":
        assert [name for name in names if "_" in to_style(name, style)] == []


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,3}(_[a-z][a-z0-9]{0,3}){0,3}", fullmatch=True) | st.sampled_from(sorted(CLIENTS_OWN | BY_PATH))


def _objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(NAMES, values, max_size=4)


ANYTHING = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | _objects(inner), max_leaves=20)


@given(body=_objects(ANYTHING), style=st.sampled_from(STYLES))
def test_there_and_back_is_the_same(body: dict[str, Any], style: str) -> None:
    assert inbound(outbound(body, style), style) == body


@given(body=_objects(ANYTHING), style=st.sampled_from(STYLES))
def test_our_own_names_are_always_understood(body: dict[str, Any], style: str) -> None:
    assert inbound(body, style) == body


@given(own=st.dictionaries(st.text(max_size=8), st.text(max_size=3), max_size=4), style=st.sampled_from(STYLES))
def test_what_clients_name_themselves_is_left_alone(own: dict[str, str], style: str) -> None:
    body = {"metadata": own, "extracted_fields": own}
    for changed in (outbound(body, style), inbound(body, style)):
        assert list(changed.values()) == [own, own]


@pytest.mark.parametrize(
    ("path", "camel"),
    [
        ("expected_data.person.first_name", "expectedData.person.firstName"),
        ("metadata.my_key", "metadata.my_key"),
        ("fields.person.given_names", "fields.person.given_names"),
        ("document.front_side_data", "document.frontSideData"),
    ],
)
def test_paths_of_errors(path: str, camel: str) -> None:
    assert path_to_style(path, "camel") == camel


@pytest.mark.django_db
@pytest.mark.parametrize(("style", "name", "person"), [("camel", "externalRef", "firstName"), ("kebab", "external-ref", "first-name")])
def test_bodies_in_and_out(alice: Person, style: str, name: str, person: str) -> None:
    expected = "expectedData" if style == "camel" else "expected-data"
    body = {name: "a", expected: {"person": {person: "Homer"}}, "metadata": {"my_key": 1, "myKey": 2, "my-key": 3}}
    found = alice.post(CASES, body, key_inflection=style).json()["data"]
    assert (found[name], found[expected]["person"][person], found["metadata"]) == ("a", "Homer", body["metadata"])
    row = Verification.objects.get()
    assert (row.external_ref, row.metadata, row.expected) == ("a", body["metadata"], {"person": {"first_name": "Homer"}})


@pytest.mark.django_db
def test_without_the_header_only_our_own_names_count(alice: Person) -> None:
    assert alice.post(CASES, {"externalRef": "a"}).json()["data"]["external_ref"] is None
    assert alice.post(CASES, {"external_ref": "a"}, key_inflection="camel").json()["data"]["externalRef"] == "a"


@pytest.mark.django_db
@pytest.mark.parametrize("style", ["", "Camel", "pascal", "snake,camel"])
def test_another_style_is_400_and_changes_nothing(alice: Person, style: str) -> None:
    response = alice.post(CASES, {}, key_inflection=style)
    assert (response.status_code, response.json()["code"], Verification.objects.count()) == (400, "invalid_key_inflection", 0)


@pytest.mark.django_db
def test_errors_in_another_style(alice: Person) -> None:
    body = {"document": {"contextType": "CAR", "type": 1, "country": "USA"}}
    response = alice.post("/usps1583/documents", body, key_inflection="camel")
    assert set(response.json()) == {"message", "code", "requestId", "errors"}
    assert set(response.json()["errors"]) == {"verification", "document.contextType"}
    query = alice.get(f"{CASES}?per_page=0", key_inflection="camel")
    assert list(query.json()["errors"]) == ["per_page"]
    assert "requestId" in alice.get("/no/where/here", key_inflection="camel").json()


@pytest.mark.django_db
def test_forms_in_another_style(alice: Person, picture: Picture) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    form = {"verification": start(alice)["id"], "document.contextType": "PHOTO_ID", "document.type": "1", "document.country": "USA"}
    file = SimpleUploadedFile("a.jpg", picture())
    headers = {"Authorization": f"Bearer {alice.secret}", "Key-Inflection": "camel"}
    response = Client().post("/api/v1/usps1583/documents", {**form, "document.frontSideData": file}, headers=headers)
    assert (response.status_code, response.json()["data"]["documentType"]["typeLabel"]) == (201, "Photo ID")


@pytest.mark.django_db
def test_no_name_of_ours_is_left_and_paths_of_fields_stay(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice, metadata={"my_key": 1}, expected_data={"person": {"first_name": "Homer"}})
    document = upload(alice, case, front=picture())
    work_off()
    one = f"/usps1583/documents/{document['id']}"
    for path in (f"{CASES}/{case['id']}", CASES, one, f"{one}/checks", "/flows", "/usps1583/document-types"):
        keys = {key for key in _keys(alice.get(path, key_inflection="camel").json()) if "_" in key}
        assert keys <= {"my_key"}, path
    read = alice.get(f"{one}/extracted-data", key_inflection="camel").json()["data"]
    assert "person.given_names" in read["fields"]
    assert "machineValue" in read["fields"]["person.given_names"]
    run = alice.get(f"{one}/extractions", key_inflection="camel").json()["data"][-1]
    assert "person.given_names" in {**run["extractedFields"], **alice.get(f"{one}/extractions").json()["data"][0]["extracted_fields"]}


@pytest.mark.django_db
def test_a_correction_names_fields_by_their_paths(alice: Person, picture: Picture, script: Script) -> None:
    document = upload(alice, start(alice), front=picture())
    work_off()
    body = {"fields": {"person.given_names": "Homer Jay"}, "reason": "misread"}
    response = alice.patch(f"/usps1583/documents/{document['id']}/extracted-data", body, key_inflection="camel")
    assert response.json()["data"]["fields"]["person.given_names"]["value"] == "Homer Jay"

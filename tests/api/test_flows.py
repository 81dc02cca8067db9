"""Flows and their document types over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from factories import Person
from flows.models import Flow
from flows.services import get_or_create_workspace

pytestmark = pytest.mark.django_db


def test_the_built_in_flows_are_listed(alice: Person) -> None:
    flows = {entry["path"]: entry for entry in alice.get("/flows").json()["data"]}
    assert set(flows) == {"usps1583", "identity", "address"}
    assert flows["usps1583"]["required_contexts"] == ["PHOTO_ID", "PROOF_OF_ADDRESS"]
    assert flows["usps1583"]["optional_contexts"] == ["SELFIE"]
    assert (flows["usps1583"]["extract_on"], flows["identity"]["extract_on"]) == ("upload", "submit")


def test_a_flow_of_another_workspace_is_not_there(alice: Person, charlie: Person) -> None:
    Flow.objects.get(slug="identity").workspaces.add(get_or_create_workspace(slug="factory"))
    assert alice.get("/identity").json()["code"] == "flow_not_found"
    assert charlie.get("/identity").status_code == 200


def test_an_inactive_flow_is_not_there(alice: Person) -> None:
    Flow.objects.filter(slug="identity").update(active=False)
    assert alice.get("/identity/document-types").json()["code"] == "flow_not_found"


def test_document_types_of_a_country(alice: Person) -> None:
    types = {entry["id"]: entry for entry in alice.get("/usps1583/document-types?country=USA").json()["data"]}
    assert types[5] == {
        "id": 5,
        "name": "Uniformed Service ID",
        "context_type": "PHOTO_ID",
        "type_label": "Photo ID",
        "countries": [{"iso3": "USA", "sides": 1}],
        "accepts": ["image"],
        "max_pages": 1,
    }
    assert types[2]["countries"] == [{"iso3": "USA", "sides": 2}]
    assert types[24]["accepts"] == ["image", "pdf"]
    assert 8 not in types


@pytest.mark.parametrize(("country", "present", "absent"), [("MEX", 8, 2), ("CAN", 9, 2), ("PRI", 2, 5), ("DEU", 1, 3), ("IRL", 12, 11)])
def test_a_type_is_there_where_it_is_issued(alice: Person, country: str, present: int, absent: int) -> None:
    ids = {entry["id"] for entry in alice.get(f"/usps1583/document-types?country={country}").json()["data"]}
    assert present in ids
    assert absent not in ids


def test_all_countries_without_a_filter(alice: Person) -> None:
    types = {entry["id"]: entry for entry in alice.get("/usps1583/document-types").json()["data"]}
    assert len(types[1]["countries"]) == 249
    assert {entry["iso3"]: entry["sides"] for entry in types[30]["countries"]}["MEX"] == 2


def test_an_unknown_country_is_422(alice: Person) -> None:
    response = alice.get("/usps1583/document-types?country=XXX")
    assert (response.status_code, list(response.json()["errors"])) == (422, ["country"])


def test_flows_are_answered_in_a_constant_number_of_queries(alice: Person, django_assert_num_queries: Any) -> None:
    alice.get("/flows")
    with django_assert_num_queries(2):
        alice.get("/flows")
    with django_assert_num_queries(4):
        alice.get("/usps1583/document-types")

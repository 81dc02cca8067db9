"""Flow files: what is wrong is refused with its place; versions are made by content."""

from __future__ import annotations

from typing import Any

import pytest

from config.checks import flow_messages
from flows import catalogue
from flows.definition import RESERVED_SLUGS, FlowDefinition, InvalidFlow
from flows.models import FlowVersion
from flows.services import publish_flow

GOOD: dict[str, Any] = {
    "slug": "rental",
    "name": "Rental",
    "contexts": {"required": ["PHOTO_ID"]},
    "document_types": [1, {"id": 2, "countries": ["USA"]}],
    "rules": {"document_unexpired": {"severity": "warning"}},
}


def test_a_good_file_is_parsed() -> None:
    flow = FlowDefinition.parse(GOOD)
    assert (flow.extract_on, flow.time_zone, flow.expires_after_days) == ("upload", "UTC", None)
    assert flow.types_by_id[2].countries == ("USA",)
    assert flow.severity("document_unexpired") == "warning"
    assert (flow.retention.images_after_decision_days, flow.retention.data_after_closing_days) == (90, 365)
    changed = FlowDefinition.parse({**GOOD, "retention": {"images_after_decision_days": 0, "data_after_closing_days": None}})
    assert (changed.retention.images_after_decision_days, changed.retention.data_after_closing_days) == (0, None)


@pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS))
def test_reserved_words_are_no_slugs(slug: str) -> None:
    with pytest.raises(InvalidFlow, match="slug"):
        FlowDefinition.parse({**GOOD, "slug": slug})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"slug": "Rental"}, "slug"),
        ({"slug": "x"}, "slug"),
        ({"name": ""}, "name"),
        ({"colour": 1}, "unknown colour"),
        ({"extract_on": "never"}, "extract_on"),
        ({"contexts": {"required": []}}, "contexts"),
        ({"contexts": {"required": ["PHOTO_ID"], "optional": ["PHOTO_ID"]}}, "contexts"),
        ({"contexts": {"required": ["HAT"]}}, "contexts.required"),
        ({"document_types": []}, "document_types"),
        ({"document_types": [1, 1]}, "twice"),
        ({"document_types": [True]}, "document_types"),
        ({"rules": {"document_unexpired": {"severity": "fatal"}}}, "severity"),
        ({"rules": ["document_unexpired"]}, "rules"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"lifecycle": {"expires_after_days": 0}}, "expires_after_days"),
        ({"lifecycle": {"expires_after_days": True}}, "expires_after_days"),
        ({"retention": {"images_unapproved_days": 91}}, "retention.images_unapproved_days"),
        ({"retention": {"images_unapproved_days": None}}, "retention.images_unapproved_days"),
        ({"retention": {"selfies_after_decision_days": 366}}, "retention.selfies_after_decision_days"),
        ({"retention": {"data_after_closing_days": 182}}, "retention.data_after_closing_days"),
        ({"retention": {"images_after_upload_days": True}}, "retention.images_after_upload_days"),
        ({"retention": {"forever": 1}}, "unknown forever"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidFlow, match=place):
        FlowDefinition.parse({**GOOD, **change})


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("images_after_upload_days", 0, 365), ("images_after_decision_days", 0, 365), ("restricted_images_after_upload_hours", 0, 24),
        ("selfies_after_decision_days", 0, 365), ("images_unapproved_days", 0, 90), ("data_after_closing_days", 183, 3660),
        ("data_unapproved_days", 0, 3660),
    ],
)  # fmt: skip
def test_retention_times_have_floors_and_ceilings(name: str, least: int, most: int) -> None:
    for value in (least, most):
        assert getattr(FlowDefinition.parse({**GOOD, "retention": {name: value}}).retention, name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(InvalidFlow, match=f"retention.{name}: expected a whole number from {least} to {most}"):
            FlowDefinition.parse({**GOOD, "retention": {name: value}})


@pytest.mark.parametrize("value", [None, 5, "text", [], {1: 2}])
def test_no_mapping_is_no_flow(value: Any) -> None:
    with pytest.raises(InvalidFlow):
        FlowDefinition.parse(value)


@pytest.mark.parametrize("definition", list(catalogue.definitions()), ids=lambda flow: flow.slug)
def test_built_in_flows_name_real_types_and_rules(definition: FlowDefinition) -> None:
    assert list(flow_messages(definition)) == []


def test_check_names_what_does_not_exist() -> None:
    flow = FlowDefinition.parse(
        {**GOOD, "document_types": [1, 999, 41], "rules": {"sun_shines": {}, "holder_is_adult": {"severity": "error", "minimum_size": 3}}}
    )
    assert [message.id for message in flow_messages(flow)] == ["vouchbox.E002", "vouchbox.E003", "vouchbox.E004", "vouchbox.E005"]


@pytest.mark.django_db
def test_the_same_content_is_no_new_version() -> None:
    first, made = publish_flow(definition=FlowDefinition.parse(GOOD))
    again, made_again = publish_flow(definition=FlowDefinition.parse(dict(reversed(GOOD.items()))))
    changed, made_changed = publish_flow(definition=FlowDefinition.parse({**GOOD, "name": "Rentals"}))
    assert [(first.number, made), (again.number, made_again), (changed.number, made_changed)] == [(1, True), (1, False), (2, True)]
    assert FlowVersion.objects.count() == 2

"""Conditional requests, the API's version, budgets of tokens: headers that a client may send or finds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.test import Client, override_settings
from django.utils import timezone
from scripted import Script

from config.api.throttle import forget_windows, spend_token
from factories import Person, start, upload, work_off
from flows.errors import Refused
from flows.models import ApiToken, RateWindow
from flows.services import issue_token
from verifications.models import OutboxMessage, Verification

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
CASES = "/usps1583/verifications"


def test_an_unchanged_thing_is_304_without_a_body(alice: Person) -> None:
    path = f"{CASES}/{start(alice)['id']}"
    first = alice.get(path)
    again = alice.get(path, if_none_match=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert {"Request-Id", "API-Version", "Vary", "Cache-Control"} <= set(again.headers)
    alice.patch(path, {"tags": ["new"]})
    changed = alice.get(path, if_none_match=first["ETag"])
    assert (changed.status_code, changed["ETag"] == first["ETag"]) == (200, False)


@pytest.mark.parametrize("wrap", ["W/{}", '"other", {}', "*", "{} "])
def test_none_match_compares_weakly_and_takes_lists(alice: Person, wrap: str) -> None:
    tag = alice.get("/flows")["ETag"]
    assert alice.get("/flows", if_none_match=wrap.format(tag)).status_code == 304


def test_every_get_has_a_tag(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    work_off()
    one = f"/usps1583/documents/{document['id']}"
    for path in ("/flows", "/usps1583", "/usps1583/document-types", "/verifications", CASES, f"{CASES}/{case['id']}", one, f"{one}/extractions"):
        response = alice.get(path)
        assert alice.get(path, if_none_match=response["ETag"]).status_code == 304, path
    assert "ETag" not in alice.get(f"{CASES}/ver_nothing")


def test_styles_are_told_apart(alice: Person) -> None:
    tag = alice.get("/flows")["ETag"]
    assert alice.get("/flows", if_none_match=tag, key_inflection="camel").status_code == 200


def test_a_confirmed_copy_has_links_that_are_good(alice: Person, picture: Picture) -> None:
    """Links are signed anew for each answer; the tag is the same until they are half way through their time."""
    document = upload(alice, start(alice), front=picture())
    path = f"/usps1583/documents/{document['id']}"
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(8):
            kept = alice.get(path)
            for _ in range(4):
                clock.shift(timedelta(minutes=7))
                if alice.get(path, if_none_match=kept["ETag"]).status_code == 304:
                    assert Client().get(kept.json()["data"]["url_front"]).status_code == 200


def test_a_webhook_changed_meanwhile_is_412(alice: Person) -> None:
    path = f"/webhooks/{alice.post('/webhooks', {'url': 'https://hooks.example'}).json()['data']['id']}"
    tag = alice.get(path)["ETag"]
    assert [alice.patch(path, {"description": "x"}, if_match=tag).status_code for _ in range(2)] == [200, 412]


@pytest.mark.parametrize("kind", ["verification", "document", "extracted-data"])
def test_a_change_of_something_changed_meanwhile_is_412(alice: Person, picture: Picture, script: Script, kind: str) -> None:
    case = start(alice, "identity")
    document = upload(alice, case, "identity", front=picture())
    path, body = {
        "verification": (f"/identity/verifications/{case['id']}", {"external_ref": "mine"}),
        "document": (f"/identity/documents/{document['id']}", {"verification": case["id"], "document": {"country": "CAN"}}),
        "extracted-data": (f"/identity/documents/{document['id']}/extracted-data", {"fields": {"person.surname": "x"}, "reason": "x"}),
    }[kind]
    if kind == "extracted-data":
        alice.post(f"/identity/documents/{document['id']}/extract", {})
        work_off()
    tag = alice.get(path)["ETag"]
    refused = alice.patch(path, body, if_match='"somethingelse"')
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert alice.patch(path, body, if_match=f"W/{tag}").status_code == 412
    assert alice.get(path)["ETag"] == tag
    assert alice.patch(path, body, if_match=f'"a", {tag}').status_code == 200
    assert alice.patch(path, body, if_match=tag).status_code == 412
    assert alice.patch(path, body, if_match="*").status_code == 200


def test_a_tag_matches_after_its_links_have_aged(alice: Person, picture: Picture) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    path, body = f"/usps1583/documents/{document['id']}", {"verification": case["id"], "document": {"country": "CAN"}}
    tag = alice.get(path)["ETag"]
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert alice.get(path)["ETag"] != tag
        assert alice.patch(path, body, if_match=tag).status_code == 200


def test_what_is_not_there_is_404_before_it_is_412(alice: Person) -> None:
    path = f"{CASES}/ver_nothing"
    assert alice.patch(path, {"tags": []}, if_match='"x"').json()["code"] == "verification_not_found"
    assert alice.patch(path, {"tags": "x"}, if_match='"x"').json()["code"] == "validation_failed"


def test_a_refused_condition_is_an_answer_of_its_key(alice: Person) -> None:
    path = f"{CASES}/{start(alice)['id']}"
    answers = [alice.patch(path, {"tags": ["x"]}, if_match='"x"', idempotency_key="k") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [412, 412]
    assert Verification.objects.get().tags == []


def test_the_version_is_echoed_on_every_answer(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    import config.api.headers

    monkeypatch.setattr(config.api.headers, "API_VERSIONS", ("2026-11-01", "2027-02-03"))
    monkeypatch.setattr(config.api.headers, "newest", lambda: "2027-02-03")
    assert alice.get("/flows")["API-Version"] == "2026-11-01"
    assert alice.get("/flows", api_version="2027-02-03")["API-Version"] == "2027-02-03"
    assert alice.get("/nowhere/at/all")["API-Version"] == "2027-02-03"
    assert Client().get("/api/v1/flows", headers={"API-Version": "2026-11-01"})["API-Version"] == "2026-11-01"
    ApiToken.objects.update(api_version="2027-02-03")
    assert alice.get("/flows")["API-Version"] == "2027-02-03"


@pytest.mark.parametrize("sent", ["", "2020-01-01", "1", "newest"])
def test_an_unknown_version_is_400_with_those_there_are(alice: Person, sent: str) -> None:
    response = alice.get("/flows", api_version=sent)
    body = response.json()
    assert (response.status_code, body["code"], body["versions"]) == (400, "unknown_api_version", ["2026-11-01"])
    assert response["API-Version"] == "2026-11-01"


@override_settings(RATE_LIMIT="2/min")
@pytest.mark.parametrize(("own", "allowed"), [("", 2), ("4/day", 4), ("off", 6)])
def test_a_token_may_have_a_limit_of_its_own(alice: Person, own: str, allowed: int) -> None:
    ApiToken.objects.update(rate_limit=own)
    answers = [alice.get("/flows") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * allowed + [429] * (6 - allowed)
    assert ("RateLimit" in answers[0]) == (own != "off")
    if own != "off":
        assert answers[0]["RateLimit-Policy"].endswith(f"q={allowed};w={86400 if own else 60}")


@override_settings(RATE_LIMIT="50/min")
def test_refusals_after_the_token_carry_the_budget(alice: Person, bob: Person) -> None:
    for response in (bob.post(CASES, {}), alice.get("/nosuchflow"), alice.post(CASES, {"tags": 1}), alice.get("/flows", key_inflection="x")):
        assert {"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining"} <= set(response.headers)


@override_settings(RATE_LIMIT="3/min")
def test_without_redis_the_database_counts_for_all_processes(alice: Person) -> None:
    codes = [alice.get("/flows").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert RateWindow.objects.get().used == 5
    assert forget_windows() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert forget_windows() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("racing")
@override_settings(RATE_LIMIT="10/day")
def test_forty_at_once_get_what_is_left_and_no_more(alice: Person) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(40)

    def spend() -> None:
        try:
            barrier.wait(30)
            budget = spend_token(alice.token)
            assert budget is not None
            budget.enforce()
            outcomes.append("allowed")
        except Refused as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=spend) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["allowed"] * 10 + ["rate_limited"] * 30


def test_a_limit_that_is_none_is_refused(alice: Person) -> None:
    with pytest.raises(Refused, match="rate limit"):
        issue_token(workspace=alice.token.workspace, name="x", rate_limit="many")
    assert ApiToken.objects.count() == 1


def test_work_that_follows_a_request_is_logged_under_its_id(
    alice: Person, picture: Picture, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    script.fail = RuntimeError("broken")
    case = start(alice)
    body: dict[str, Any] = {"context_type": "PHOTO_ID", "type": 1, "country": "USA"}
    from factories import b64

    sent = {"verification": case["id"], "document": {**body, "front_side_data": b64(picture())}}
    assert alice.post("/usps1583/documents", sent, request_id="from-the-client").status_code == 201
    assert set(OutboxMessage.objects.filter(event="document.uploaded").values_list("request_id", flat=True)) == {"from-the-client"}
    with caplog.at_level(logging.WARNING):
        work_off(twice=False)
    failed = [record.msg for record in caplog.records if isinstance(record.msg, dict) and record.msg.get("event") == "actor_failed"]
    assert {entry["request_id"] for entry in failed} == {"from-the-client"}

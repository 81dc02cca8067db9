"""Webhooks from registration to delivery: what is sent and how it is signed, the schedule, giving up, sending again, and what dies in between."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import dramatiq
import pytest
import time_machine
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone
from receiver import Received, Receiver, receiving
from scripted import Script
from standardwebhooks import Webhook, WebhookVerificationError

from factories import Person, make_person, start, upload, work_off
from verifications import webhooks
from verifications.destinations import Attempt
from verifications.events import PUBLIC_EVENTS
from verifications.models import AuditEntry, DeliveryStatus, Event, OutboxMessage, Verification, WebhookDelivery, WebhookEndpoint
from verifications.outbox import emit

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
HOOKS = "/webhooks"
PUBLIC = "https://hooks.example/vouchbox"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found, override_settings(WEBHOOK_ALLOWED_HOSTS=[found.host]):
        yield found


def register(person: Person, url: str = PUBLIC, **fields: Any) -> dict[str, Any]:
    response = person.post(HOOKS, {"url": url, **fields})
    assert response.status_code == 201, response.content
    return response.json()["data"]  # type: ignore[no-any-return]


def verify(received: Received, secret: str) -> Any:
    """What a receiver does, with the standard's own package and by hand for the older header."""
    stamp, *digests = [part.partition("=")[2] for part in received.headers["x-webhook-signature"].split(",")]
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    assert hmac.new(key, f"{stamp}.".encode() + received.body, hashlib.sha256).hexdigest() in digests
    return Webhook(key).verify(received.body, received.headers)


def test_an_endpoint_is_registered_shown_changed_and_deleted(alice: Person) -> None:
    made = register(alice, events=["verification.finished"], description="desk")
    assert made["id"].startswith("whk_")
    assert made["secret"].startswith("whsec_")
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    shown = alice.get(f"{HOOKS}/{made['id']}").json()["data"]
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert (shown["events"], shown["active"], shown["disabled_reason"]) == (["verification.finished"], True, None)
    changed = alice.patch(f"{HOOKS}/{made['id']}", {"active": False, "events": ["*"]}).json()["data"]
    assert (changed["active"], changed["events"], changed["description"], changed["url"]) == (False, ["*"], "desk", PUBLIC)
    assert [entry["id"] for entry in alice.get(HOOKS).json()["data"]] == [made["id"]]
    assert alice.delete(f"{HOOKS}/{made['id']}").status_code == 204
    assert alice.get(f"{HOOKS}/{made['id']}").json()["code"] == "webhook_not_found"
    assert list(AuditEntry.objects.filter(subject=made["id"]).values_list("action", flat=True)) == [
        "webhook.created", "webhook.changed", "webhook.deleted",
    ]  # fmt: skip


def test_the_secret_is_sealed_in_the_database(alice: Person) -> None:
    secret = register(alice)["secret"]
    row = WebhookEndpoint.objects.values().get()
    assert secret.encode() not in bytes(row.pop("secret_sealed"))
    assert secret not in repr(row)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "url"),
        ({"url": None}, "url"),
        ({"url": "http://hooks.example"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": 5}, "url"),
        ({"url": PUBLIC, "events": ["no.such"]}, "events"),
        ({"url": PUBLIC, "events": []}, "events"),
        ({"url": PUBLIC, "events": "*"}, "events"),
        ({"url": PUBLIC, "active": "yes"}, "active"),
        ({"url": PUBLIC, "description": "x" * 256}, "description"),
    ],
)
def test_what_is_no_endpoint_is_422(alice: Person, body: Any, path: str) -> None:
    response = alice.post(HOOKS, body)
    assert (response.status_code, [name.partition(".")[0] for name in response.json()["errors"]]) == (422, [path])
    assert not WebhookEndpoint.objects.exists()


def test_webhooks_are_their_workspaces_and_environments_own(alice: Person, charlie: Person) -> None:
    made = register(alice)
    alice.post(f"{HOOKS}/{made['id']}/test")
    delivery = WebhookDelivery.objects.get().pk
    live = make_person("live", workspace="wonder", environment="live")
    for other in (charlie, live):
        for method, tail in [("get", ""), ("patch", ""), ("delete", ""), ("post", "/test"), ("post", "/rotate"), ("get", "/deliveries")]:
            response = other.call(method, f"{HOOKS}/{made['id']}{tail}", {} if method == "patch" else None)
            assert (response.status_code, response.json()["code"]) == (404, "webhook_not_found")
        assert other.post(f"{HOOKS}/{made['id']}/deliveries/{delivery}/retry").json()["code"] == "webhook_not_found"
        assert other.get(HOOKS).json()["data"] == []
        assert other.get("/events").json()["data"] == []
    assert alice.post(f"{HOOKS}/{made['id']}/deliveries/dlv_nothing/retry").json()["code"] == "delivery_not_found"


def test_scopes(bob: Person, alice: Person) -> None:
    made = register(alice)
    reader = make_person("reader", workspace="wonder", scopes=["webhooks:read"])
    assert bob.get(HOOKS).status_code == bob.get("/events").status_code == 403
    assert reader.get(HOOKS).status_code == reader.get("/events").status_code == reader.get(f"{HOOKS}/{made['id']}/deliveries").status_code == 200
    for method, path in [("post", HOOKS), ("patch", f"{HOOKS}/{made['id']}"), ("post", f"{HOOKS}/{made['id']}/rotate")]:
        assert reader.call(method, path, {}).status_code == 403


def test_events_arrive_signed_in_order_and_with_nothing_personal(alice: Person, receiver: Receiver, picture: Picture, script: Script) -> None:
    secret = register(alice, receiver.url)["secret"]
    case = start(alice, "address", external_ref="mailbox-7", expected_data={"person": {"first_name": "Homer", "last_name": "Simpson"}})
    document = upload(alice, case, "address", context="PROOF_OF_ADDRESS", type=24, front=picture())
    work_off()
    alice.post(f"/address/verifications/{case['id']}/submit")
    work_off()
    bodies = [verify(received, secret) for received in receiver.seen]
    assert [body["type"] for body in bodies] == [
        "verification.created", "document.uploaded", "document.extracted", "verification.submitted", "decision.made", "verification.finished",
    ]  # fmt: skip
    assert [body["data"]["sequence"] for body in bodies] == [1, 2, 3, 4, 5, 6]
    for received, body in zip(receiver.seen, bodies, strict=True):
        assert set(body) == {"id", "type", "timestamp", "data"}
        assert (received.headers["webhook-id"], received.headers["content-type"]) == (body["id"], "application/json")
        assert (body["data"]["verification_id"], body["data"]["flow"], body["data"]["external_ref"]) == (case["id"], "address", "mailbox-7")
        assert not {b"Simpson", b"Evergreen", b"L898902C3"} & set(received.body.split(b'"'))
    extracted, decided, finished = bodies[2]["data"], bodies[4]["data"], bodies[5]["data"]
    assert (extracted["document_id"], extracted["document_type"], extracted["status"], extracted["status_label"]) == (
        document["id"],
        24,
        7,
        "Extracted",
    )
    assert decided["decision_id"].startswith("dec_")
    assert (finished["status"], finished["status_label"]) == (3, "Approved")
    assert bodies[0]["timestamp"].endswith("Z")
    assert set(WebhookDelivery.objects.values_list("status", "attempts", "last_status_code")) == {("delivered", 1, 200)}


def test_only_wanted_events_are_sent_and_only_to_those_who_are_on(alice: Person, charlie: Person, receiver: Receiver) -> None:
    register(alice, receiver.url, events=["verification.held", "verification.canceled"])
    register(alice, f"{receiver.url}/off", active=False)
    register(charlie, f"{receiver.url}/charlie")
    register(make_person("live", workspace="wonder", environment="live"), f"{receiver.url}/live")
    case = start(alice)
    for word in ("hold", "resume", "cancel"):
        alice.post(f"/usps1583/verifications/{case['id']}/{word}")
    work_off()
    assert [(seen.path, seen.json["type"]) for seen in receiver.seen] == [("/hook", "verification.held"), ("/hook", "verification.canceled")]


def test_an_endpoint_is_told_nothing_of_before_its_time(alice: Person, receiver: Receiver) -> None:
    start(alice)
    register(alice, receiver.url)
    work_off()
    assert receiver.seen == []


@pytest.mark.parametrize("secret", ["a-secret-of-the-client-with-32-characters", "whsec_" + base64.b64encode(b"k" * 32).decode()])
def test_a_verifications_own_webhook_is_signed_with_its_own_secret(alice: Person, receiver: Receiver, secret: str) -> None:
    case = start(alice, webhook_url=receiver.url, webhook_secret=secret)
    start(alice)
    alice.post(f"/usps1583/verifications/{case['id']}/hold")
    work_off()
    assert [verify(received, secret)["type"] for received in receiver.seen] == ["verification.created", "verification.held"]
    assert {seen.json["data"]["verification_id"] for seen in receiver.seen} == {case["id"]}


def test_without_a_secret_there_is_no_signature(alice: Person, receiver: Receiver) -> None:
    start(alice, webhook_url=receiver.url)
    work_off()
    (seen,) = receiver.seen
    assert {"webhook-id", "webhook-timestamp"} <= set(seen.headers)
    assert not {"webhook-signature", "x-webhook-signature"} & set(seen.headers)


@pytest.mark.parametrize("secret", ["short", "whsec_" + "!" * 40])
def test_a_secret_that_cannot_sign_is_422(alice: Person, secret: str) -> None:
    response = alice.post("/usps1583/verifications", {"webhook_url": PUBLIC, "webhook_secret": secret})
    assert (response.status_code, list(response.json()["errors"])) == (422, ["webhook_secret"])


def test_a_rotated_secret_and_the_old_one_sign_for_a_day(alice: Person, receiver: Receiver) -> None:
    made = register(alice, receiver.url)
    response = alice.post(f"{HOOKS}/{made['id']}/rotate")
    new = response.json()["data"]["secret"]
    assert (response.status_code, new == made["secret"]) == (200, False)
    start(alice)
    work_off()
    (seen,) = receiver.seen
    assert [verify(seen, secret)["type"] for secret in (new, made["secret"])] == ["verification.created"] * 2
    assert len(seen.headers["webhook-signature"].split(" ")) == 2
    assert seen.headers["x-webhook-signature"].count("v1=") == 2
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        start(alice)
        work_off()
        verify(receiver.seen[-1], new)
        assert len(receiver.seen[-1].headers["webhook-signature"].split(" ")) == 1
        with pytest.raises(AssertionError):
            verify(receiver.seen[-1], made["secret"])


def test_what_was_changed_on_the_way_is_noticed(alice: Person, receiver: Receiver) -> None:
    secret = register(alice, receiver.url)["secret"]
    start(alice)
    work_off()
    (seen,) = receiver.seen
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(seen.body.replace(b"created", b"expired"), seen.headers)


def _broken(alice: Person, receiver: Receiver, status: int = 500) -> WebhookDelivery:
    receiver.answer = lambda _: status
    register(alice, receiver.url, events=["verification.created"])
    start(alice)
    work_off()
    return WebhookDelivery.objects.get()


def _next_turn() -> WebhookDelivery:
    """Time passes until the delivery is due."""
    OutboxMessage.objects.filter(actor=webhooks.DELIVER).update(available_at=timezone.now())
    work_off()
    return WebhookDelivery.objects.get()


def test_the_schedule(alice: Person, receiver: Receiver) -> None:
    delivery = _broken(alice, receiver)
    expected = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    for number, seconds in enumerate(expected, start=1):
        assert (delivery.status, delivery.attempts, delivery.last_status_code, delivery.last_error) == ("failed", number, 500, "unexpected_status")
        assert delivery.next_attempt_at is not None
        waited = (delivery.next_attempt_at - timezone.now()).total_seconds()
        assert seconds * 0.9 - 5 <= waited <= seconds * 1.1
        scheduled = OutboxMessage.objects.filter(actor=webhooks.DELIVER, payload__turn=delivery.turn).get()
        assert abs((scheduled.available_at - delivery.next_attempt_at).total_seconds()) < 1
        delivery = _next_turn()
    assert (delivery.status, delivery.attempts, delivery.next_attempt_at) == ("exhausted", 10, None)
    assert len({seen.body for seen in receiver.seen}) == 1
    assert len({seen.headers["webhook-id"] for seen in receiver.seen}) == 1
    assert len(receiver.seen) == 10


def test_trouble_that_heals(alice: Person, receiver: Receiver) -> None:
    _broken(alice, receiver)
    receiver.answer = lambda _: 204
    delivery = _next_turn()
    assert (delivery.status, delivery.attempts, delivery.last_status_code, delivery.last_error) == ("delivered", 2, 204, "")
    assert delivery.delivered_at is not None


def test_gone_switches_it_off_at_once(alice: Person, receiver: Receiver) -> None:
    delivery = _broken(alice, receiver, 410)
    assert (delivery.status, delivery.attempts) == ("exhausted", 1)
    hook = alice.get(f"{HOOKS}/{delivery.endpoint_id}").json()["data"]
    assert (hook["active"], hook["disabled_reason"]) == (False, "gone")
    start(alice)
    work_off()
    assert len(receiver.seen) == 1
    alice.patch(f"{HOOKS}/{delivery.endpoint_id}", {"active": True})
    receiver.answer = lambda _: 200
    start(alice)
    work_off()
    assert len(receiver.seen) == 2


def _exhaust(count: int) -> None:
    for delivery in WebhookDelivery.objects.filter(status=DeliveryStatus.PENDING)[:count]:
        WebhookDelivery.objects.filter(pk=delivery.pk).update(step=len(webhooks.RETRIES))
        webhooks.record_attempt(delivery_id=delivery.pk, turn=delivery.turn, attempt=Attempt(500, "unexpected_status"))


@pytest.mark.parametrize("healed", [False, True])
def test_ten_given_up_in_a_row_switch_it_off(alice: Person, healed: bool) -> None:
    made = register(alice)
    for _ in range(13):
        start(alice)
    for event in Event.objects.all():
        webhooks.fan_out(event_id=event.pk)
    _exhaust(9)
    assert WebhookEndpoint.objects.get().active
    if healed:
        good = WebhookDelivery.objects.filter(status=DeliveryStatus.PENDING)[0]
        webhooks.record_attempt(delivery_id=good.pk, turn=good.turn, attempt=Attempt(200))
    _exhaust(1)
    hook = alice.get(f"{HOOKS}/{made['id']}").json()["data"]
    assert (hook["active"], hook["disabled_reason"]) == ((True, None) if healed else (False, "too_many_failures"))


def test_a_verifications_own_webhook_is_switched_off_too(alice: Person, receiver: Receiver) -> None:
    receiver.answer = lambda _: 410
    case = start(alice, webhook_url=receiver.url)
    work_off()
    alice.post(f"/usps1583/verifications/{case['id']}/hold")
    work_off()
    assert len(receiver.seen) == 1
    assert Verification.objects.get().webhook_disabled_at is not None


def test_what_waits_for_an_endpoint_that_was_switched_off_is_given_up_and_can_be_sent_again(alice: Person, receiver: Receiver) -> None:
    delivery = _broken(alice, receiver)
    alice.patch(f"{HOOKS}/{delivery.endpoint_id}", {"active": False})
    delivery = _next_turn()
    assert (delivery.status, delivery.last_error, delivery.attempts, len(receiver.seen)) == ("exhausted", "webhook_disabled", 1, 1)
    receiver.answer = lambda _: 200
    response = alice.post(f"{HOOKS}/{delivery.endpoint_id}/deliveries/{delivery.pk}/retry")
    assert (response.status_code, response.json()["data"]["status"]) == (202, "pending")
    work_off()
    assert WebhookDelivery.objects.get().status == "delivered"
    assert receiver.seen[0].body == receiver.seen[1].body


def test_sending_again_by_hand_takes_the_place_of_what_was_scheduled(alice: Person, receiver: Receiver) -> None:
    delivery = _broken(alice, receiver)
    alice.post(f"{HOOKS}/{delivery.endpoint_id}/deliveries/{delivery.pk}/retry")
    receiver.answer = lambda _: 200
    delivery = _next_turn()
    assert (delivery.status, delivery.attempts, len(receiver.seen)) == ("delivered", 2, 2)


def test_an_administrator_sends_deliveries_again(alice: Person, receiver: Receiver, admin_client: Client) -> None:
    start(alice, webhook_url=receiver.url)
    work_off()
    delivery = WebhookDelivery.objects.get()
    form = {"action": "send_again", "_selected_action": [delivery.pk]}
    assert admin_client.post("/admin/verifications/webhookdelivery/", form).status_code == 302
    work_off()
    assert (len(receiver.seen), WebhookDelivery.objects.get().attempts) == (2, 2)
    pages = ["webhookdelivery", "webhookendpoint", f"webhookdelivery/{delivery.pk}/change"]
    assert [admin_client.get(f"/admin/verifications/{page}/").status_code for page in pages] == [200] * 3


def test_secrets_are_not_shown_in_the_admin(alice: Person, admin_client: Client) -> None:
    made = register(alice)
    page = admin_client.get(f"/admin/verifications/webhookendpoint/{made['id']}/change/")
    assert page.status_code == 200
    assert made["secret"].encode() not in page.content


def test_a_test_event_is_sent_once_even_when_switched_off(alice: Person, receiver: Receiver) -> None:
    made = register(alice, receiver.url, active=False, events=["verification.held"])
    response = alice.post(f"{HOOKS}/{made['id']}/test")
    body = response.json()["data"]
    assert (response.status_code, body["event_type"], body["status"]) == (202, "webhook.test", "pending")
    receiver.answer = lambda _: 500
    work_off()
    (seen,) = receiver.seen
    assert verify(seen, made["secret"]) == {**seen.json, "type": "webhook.test", "data": {"webhook_id": made["id"]}}
    (delivery,) = alice.get(f"{HOOKS}/{made['id']}/deliveries").json()["data"]
    assert (delivery["status"], delivery["last_status_code"], delivery["attempts"]) == ("exhausted", 500, 1)
    assert WebhookEndpoint.objects.get().exhausted == 0
    assert alice.get("/events").json()["data"] == []


def test_a_test_event_that_fails_is_retried_as_any_other(alice: Person, receiver: Receiver) -> None:
    made = register(alice, receiver.url)
    receiver.answer = lambda _: 500
    alice.post(f"{HOOKS}/{made['id']}/test")
    work_off(twice=False)
    (delivery,) = alice.get(f"{HOOKS}/{made['id']}/deliveries").json()["data"]
    assert (delivery["status"], delivery["last_status_code"], delivery["attempts"]) == ("failed", 500, 1)
    wait = datetime.fromisoformat(delivery["next_attempt_at"]) - timezone.now()
    assert timedelta(0) < wait < timedelta(seconds=6)
    receiver.answer = lambda _: 200
    with time_machine.travel(timezone.now() + timedelta(seconds=7), tick=True):
        work_off()
    (delivery,) = alice.get(f"{HOOKS}/{made['id']}/deliveries").json()["data"]
    assert (delivery["status"], delivery["attempts"], len(receiver.seen)) == ("delivered", 2, 2)
    assert len({seen.headers["webhook-id"] for seen in receiver.seen}) == 1


def test_the_delivery_log(alice: Person, receiver: Receiver) -> None:
    delivery = _broken(alice, receiver)
    page = alice.get(f"{HOOKS}/{delivery.endpoint_id}/deliveries").json()
    assert (page["meta"]["total"], set(page["links"])) == (1, {"first", "last", "prev", "next"})
    (body,) = page["data"]
    assert set(body) == {
        "id", "event_id", "event_type", "status", "attempts", "last_status_code", "last_error", "next_attempt_at", "created_at", "delivered_at",
    }  # fmt: skip
    assert (body["event_id"], body["event_type"], body["delivered_at"]) == (delivery.event_id, "verification.created", None)


class Killed(BaseException):
    """A worker that dies."""


def test_a_worker_that_dies_after_sending_sends_again_under_the_same_id(alice: Person, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    register(alice, receiver.url)
    start(alice)
    broker = dramatiq.get_broker()
    fan_out = OutboxMessage.objects.get(actor="verifications.actors.fan_out_event")
    for _ in range(2):
        broker.actors[fan_out.actor].fn(fan_out.pk)
    message = OutboxMessage.objects.get(actor=webhooks.DELIVER)
    with monkeypatch.context() as dying:
        dying.setattr(webhooks, "record_attempt", lambda **_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            broker.actors[message.actor].fn(message.pk)
    OutboxMessage.objects.filter(pk=message.pk).update(lease_until=timezone.now())
    for _ in range(2):
        broker.actors[message.actor].fn(message.pk)
    assert len(receiver.seen) == 2
    assert len({(seen.headers["webhook-id"], seen.body) for seen in receiver.seen}) == 1
    assert (WebhookDelivery.objects.get().status, WebhookDelivery.objects.get().attempts) == ("delivered", 1)


def test_workers_that_always_die_count_as_failed_attempts(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    register(alice)
    start(alice)
    webhooks.fan_out(event_id=Event.objects.get().pk)
    message = OutboxMessage.objects.get(actor=webhooks.DELIVER)
    monkeypatch.setattr(webhooks, "deliver", lambda **_: (_ for _ in ()).throw(Killed()))
    for _ in range(3):
        with pytest.raises(Killed):
            dramatiq.get_broker().actors[message.actor].fn(message.pk)
        OutboxMessage.objects.filter(pk=message.pk).update(lease_until=timezone.now())
    dramatiq.get_broker().actors[message.actor].fn(message.pk)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.last_error, delivery.attempts) == ("failed", "worker_died", 1)


def test_nothing_is_sent_for_a_change_that_was_rolled_back(alice: Person, receiver: Receiver) -> None:
    register(alice, receiver.url)
    case = start(alice)
    work_off()
    with transaction.atomic():
        emit("verification.held", verification=Verification.objects.get(pk=case["id"]))
        transaction.set_rollback(True)
    work_off()
    assert [seen.json["type"] for seen in receiver.seen] == ["verification.created"]


def test_events_are_listed_and_filtered(alice: Person) -> None:
    case, other = start(alice), start(alice)
    alice.post(f"/usps1583/verifications/{case['id']}/hold")
    rows = alice.get("/events").json()["data"]
    assert [(row["type"], row["data"]["verification_id"]) for row in rows] == [
        ("verification.held", case["id"]), ("verification.created", other["id"]), ("verification.created", case["id"]),
    ]  # fmt: skip
    assert set(rows[0]) == {"id", "type", "timestamp", "data"}

    def count(query: str) -> int:
        return len(alice.get(f"/events?{query}").json()["data"])

    tomorrow = (timezone.now() + timedelta(days=1)).date()
    assert [count(query) for query in (f"verification={case['id']}", "type=verification.created", "type=no.such", "verification=ver_x")] == [
        2,
        2,
        0,
        0,
    ]
    assert [count(f"created_from={tomorrow}"), count(f"created_to={tomorrow}"), count("cursor=&per_page=2")] == [0, 3, 2]
    assert alice.get("/events?created_from=yesterday").status_code == 422


def test_the_catalogue_is_the_contracts() -> None:
    assert set(PUBLIC_EVENTS) == {
        *(f"verification.{word}" for word in (
            "created", "submitted", "finished", "review_required", "canceled", "expired", "held", "resumed", "resubmission_requested",
            "message_added", "redacted",
        )),
        *(f"document.{word}" for word in ("uploaded", "extracted", "extraction_failed", "canceled", "deleted", "redacted", "expiring")),
        "decision.made",
    }  # fmt: skip

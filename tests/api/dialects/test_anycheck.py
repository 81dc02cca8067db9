"""Verifications, uploads and folders beyond the printed page, and the callbacks."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from receiving import Receiver
from scripted import LEASE, Script
from speaking import say

from documents.models import Blob, Document, UploadedFile
from documents.uploads import forget_old_uploads
from factories import Person, b64, start, work_off
from flows.models import DataKey, IdempotencyKey
from verifications.models import Event, Folder, Verification, VerificationStatus, WebhookDelivery

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]


def uploaded(person: Person, data: bytes) -> str:
    response = say(person, "post", "/uploads", {"file": b64(data)})
    assert response.status_code == 201, response.content
    return str(response.json()["path"])


def service(person: Person, name: str) -> str:
    return next(entry["id"] for entry in say(person, "get", "/services").json()["items"] if entry["verification_types"][0] == name)


def wanted(person: Person, picture: Picture, **more: Any) -> dict[str, Any]:
    """A body that asks for passport and lease to be verified."""
    configuration = {
        "photo_id_type": "passport", "photo_id_country": "USA", "proof_of_address_type": "lease", "proof_of_address_country": "USA",
        "files": {
            "photo_id_file": [uploaded(person, picture(seed=1))], "proof_of_address_file": [uploaded(person, picture(seed=2))],
        },
    }  # fmt: skip
    folder = say(person, "post", "/folders", {"name": "June"}).json()["id"]
    return {"service_id": service(person, "PHOTO_ID_PROOF_OF_ADDRESS"), "folder_id": folder, "configuration": configuration, **more}


def test_a_verification_runs_by_itself(alice: Person, picture: Picture, script: Script) -> None:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    made = say(alice, "post", "/verifications", wanted(alice, picture)).json()
    assert (made["status"], made["output_status"], made["total_files"]) == ("IN_QUEUE", None, 2)
    work_off()
    place = f"/verifications/{made['id']}"
    shown = say(alice, "get", place).json()
    assert (shown["status"], shown["execution_time"] >= 0) == ("NEED_REVIEW", True)
    assert shown["output"]["extracted_data"]["photo_id"]["person"]["surname"] == "Simpson"
    assert len(shown["external_job_id"]["ocr_job_id"]) >= 2
    say(alice, "post", f"/api/v1/cases/{Verification.objects.get().pk}/approve", {})
    done = say(alice, "get", place).json()
    assert (done["status"], done["output_status"], done["end_date"] is not None) == ("COMPLETED", "VERIFIED", True)


@pytest.mark.parametrize(("approved", "output"), [(0, "NOT_VERIFIED"), (1, "PARTIALLY_NOT_VERIFIED")])
def test_rejected_is_not_verified(alice: Person, picture: Picture, script: Script, approved: int, output: str) -> None:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    made = say(alice, "post", "/verifications", wanted(alice, picture)).json()
    work_off()
    for number, document in enumerate(Document.objects.order_by("created_at")):
        status = 3 if number < approved else 4
        if document.status != status:
            response = alice.post("/usps1583/decisions", {"document": document.pk, "status": 5, "note": "again"}) if document.status == 3 else None
            assert response is None or response.status_code == 201
            assert alice.post("/usps1583/decisions", {"document": document.pk, "status": status}).status_code == 201
    shown = say(alice, "get", f"/verifications/{made['id']}").json()
    assert (shown["status"], shown["output_status"]) == ("COMPLETED", output)


def test_what_could_not_be_read_can_be_retried(alice: Person, picture: Picture, script: Script) -> None:
    made = say(alice, "post", "/verifications", wanted(alice, picture)).json()
    place = f"/verifications/{made['id']}/retry"
    early = say(alice, "post", place)
    assert (early.status_code, early.json()["error_code"], Verification.objects.get().status) == (400, "INVALID_VALUE", VerificationStatus.SUBMITTED)
    script.fail = RuntimeError("the engine broke")
    for _ in range(6):
        with time_machine.travel(timezone.now() + timedelta(minutes=5)):
            work_off(twice=False)
    assert say(alice, "get", f"/verifications/{made['id']}").json()["status"] == "FAILED"
    script.fail = None
    assert say(alice, "post", place).status_code == 200


@pytest.mark.parametrize(("change", "code", "status"), [
    ({"files": {}}, "INVALID_VALUE", 400), ({"files": None}, "INVALID_REQUEST", 400), ({"photo_id_type": "ktp"}, "INVALID_REQUEST", 400),
    ({"photo_id_country": "XX"}, "INVALID_REQUEST", 400), ({"files": {"moon_file": []}}, "INVALID_REQUEST", 400),
    ({"files": {"photo_id_file": []}}, "INVALID_REQUEST", 400), ({"files": {"photo_id_file": ["/uploads/upl_x"]}}, "INVALID_REQUEST", 400),
    ({"verification_type": "SELFIE"}, "INVALID_REQUEST", 400), ({"verification_type": "KTP_SELFIE"}, "NOT_OFFERED", 501),
    ({"fraud_detection": "yes"}, "INVALID_REQUEST", 400), ({"fraud_detection": 1}, "INVALID_REQUEST", 400),
], ids=str)  # fmt: skip
def test_a_configuration_that_will_not_do_leaves_nothing(alice: Person, picture: Picture, change: dict[str, Any], code: str, status: int) -> None:
    body = wanted(alice, picture)
    body["configuration"] |= change
    response = say(alice, "post", "/verifications", body)
    assert (response.status_code, response.json()["error_code"], Verification.objects.count(), Document.objects.count()) == (status, code, 0, 0)


def test_a_file_of_another_workspace_is_none(alice: Person, charlie: Person, picture: Picture) -> None:
    body = wanted(alice, picture)
    body["configuration"]["files"]["photo_id_file"] = [uploaded(charlie, picture())]
    response = say(alice, "post", "/verifications", body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "configuration.files.photo_id_file")
    assert Verification.objects.count() == 0


def test_uploads_are_forgotten_after_a_day(alice: Person, picture: Picture) -> None:
    path = uploaded(alice, picture())
    row = UploadedFile.objects.get()
    assert (path, forget_old_uploads(), UploadedFile.objects.count()) == (f"/uploads/{row.pk}", 0, 1)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        body = {**wanted(alice, picture)}
        body["configuration"]["files"]["photo_id_file"] = [path]
        assert say(alice, "post", "/verifications", body).status_code == 400
        assert [forget_old_uploads(), forget_old_uploads()] == [1, 0]
    assert (Blob.objects.get(pk=row.blob_id).state, DataKey.objects.get(pk=row.pk).destroyed_at is not None) == (3, True)


@pytest.mark.parametrize("file", ["", "bm8gaW1hZ2U=", "%%%", 5], ids=["empty", "no image", "no base64", "number"])
def test_what_is_no_image_is_not_kept(alice: Person, file: Any) -> None:
    response = say(alice, "post", "/uploads", {"file": file})
    assert (response.status_code, UploadedFile.objects.count(), Blob.objects.count()) == (400, 0, 0)


def test_files_come_as_forms(alice: Person, picture: Picture) -> None:
    file = io.BytesIO(picture())
    file.name = "front.jpg"
    response = Client().post("/uploads", {"file": file}, headers={"X-API-Key": alice.secret})
    assert (response.status_code, response.json()["content_type"], response.json()["pages"]) == (201, "image/jpeg", 1)


def test_folders_are_made_starred_and_counted(alice: Person, picture: Picture, script: Script) -> None:
    body = wanted(alice, picture)
    say(alice, "post", "/verifications", body)
    place = f"/folders/{body['folder_id']}"
    assert say(alice, "patch", place, {"starred": True}).json()["starred"] is True
    assert say(alice, "get", place).json() == say(alice, "get", "/folders").json()["items"][0]
    assert (say(alice, "get", place).json()["verification_count"], bytes(Folder.objects.get().name_sealed).find(b"June")) == (1, -1)
    assert say(alice, "get", f"/verifications?folder_id={body['folder_id']}").json()["total"] == 1
    assert say(alice, "get", "/verifications?folder_id=00000000-0000-0000-0000-000000000000").json()["total"] == 0


def test_what_was_asked_is_sealed_and_forgotten(alice: Person, picture: Picture) -> None:
    made = say(alice, "post", "/verifications", wanted(alice, picture, webhook_metadata={"order": "Simpson-7"})).json()
    case = Verification.objects.get()
    assert b"Simpson-7" not in bytes(case.request_sealed or b"")
    alice.post(f"/usps1583/verifications/{case.pk}/cancel")
    say(alice, "delete", f"/api/v1/sessions/{case.pk}/data")
    shown = say(alice, "get", f"/verifications/{made['id']}").json()
    assert (UploadedFile.objects.count(), DataKey.objects.filter(pk__startswith="upl_", destroyed_at__isnull=True).count()) == (0, 0)
    assert (shown["webhook_metadata"], shown["input_config"], shown["input_file_url"], shown["status"]) == ({}, {}, {}, "CANCELLED")


def test_each_change_of_status_is_told_and_signed(alice: Person, picture: Picture, script: Script, receiver: Receiver) -> None:
    hook = {"webhook_url": "https://hooks.example/a", "webhook_metadata": {"order": 7, "webhook_secret": "your-signing-secret"}}
    made = say(alice, "post", "/verifications", wanted(alice, picture, **hook)).json()
    work_off()
    told = [json.loads(body) for _, body, _ in receiver.posts]
    assert [entry["status"] for entry in told] == ["DRAFT", "IN_QUEUE", "COMPLETED"]
    assert {(entry["verification_id"], entry["result_id"], json.dumps(entry["webhook_metadata"])) for entry in told} == {
        (made["id"], made["result_id"], '{"order": 7}')
    }
    assert told[-1]["output_status"] == "VERIFIED"
    for _, body, headers in receiver.posts:
        stamp, signature = (part.partition("=")[2] for part in headers["X-Webhook-Signature"].split(","))
        assert signature == hmac.new(b"your-signing-secret", f"{stamp}.{body.decode()}".encode(), hashlib.sha256).hexdigest()
    assert WebhookDelivery.objects.count() == 3
    assert "Simpson" not in "".join(body.decode() for _, body, _ in receiver.posts)


def test_without_a_secret_nothing_is_signed(alice: Person, picture: Picture, script: Script, receiver: Receiver) -> None:
    say(alice, "post", "/verifications", wanted(alice, picture, webhook_url="https://hooks.example/a"))
    work_off()
    assert receiver.posts
    assert not any("X-Webhook-Signature" in headers for _, _, headers in receiver.posts)


def test_endpoints_of_the_workspace_are_told_in_our_own_words(alice: Person, picture: Picture, script: Script, receiver: Receiver) -> None:
    alice.post("/webhooks", {"url": "https://hooks.example/native"})
    say(alice, "post", "/verifications", wanted(alice, picture, webhook_url="https://hooks.example/a"))
    work_off()
    kinds = {url: set(json.loads(body)) for url, body, _ in receiver.posts}
    assert kinds["https://hooks.example/native"] == {"id", "type", "timestamp", "data"}
    assert "verification_id" in kinds["https://hooks.example/a"]


def test_a_group_has_a_status_of_its_own(alice: Person, picture: Picture, script: Script) -> None:
    group = "01a2002f-6801-45e5-0bdb-5f9904006ea6"
    say(alice, "post", "/verifications", wanted(alice, picture, result_id=group))
    one = say(alice, "get", f"/verifications?result_id={group}").json()
    work_off()
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    say(alice, "post", "/verifications", wanted(alice, picture, result_id=group))
    work_off()
    two = say(alice, "get", f"/verifications?result_id={group}").json()
    assert (one["overall_status"], two["overall_status"], two["total"]) == ("IN_QUEUE", "PARTIALLY_COMPLETED", 2)


def test_verifications_of_the_native_api_are_shown_too(alice: Person) -> None:
    start(alice)
    shown = say(alice, "get", "/verifications").json()["items"][0]
    assert (shown["status"], shown["folder_id"], shown["result_id"] == shown["id"]) == ("DRAFT", None, True)


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "k"}], ids=["plain", "with a key"])
def test_a_document_that_is_refused_leaves_nothing_of_the_others(alice: Person, picture: Picture, headers: dict[str, str]) -> None:
    """The first document would do; the second has two sides and comes with one."""
    body = wanted(alice, picture)
    body["configuration"]["proof_of_address_type"] = "driver_license"
    response = say(alice, "post", "/verifications", body, **headers)
    assert (response.status_code, response.json()["code"]) == (400, "image_missing")
    assert (Verification.objects.count(), Document.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_a_repeated_key_makes_one_verification(alice: Person, picture: Picture, script: Script) -> None:
    body = wanted(alice, picture)
    first, again = (say(alice, "post", "/verifications", body, Idempotency_Key="k") for _ in range(2))
    assert (first.json()["id"], again["Idempotency-Replayed"], Verification.objects.count()) == (again.json()["id"], "true", 1)
    assert set(IdempotencyKey.objects.values_list("verification_ref", flat=True)) == {Verification.objects.get().pk}


def test_what_a_client_names_itself_stays_as_it_is(alice: Person, picture: Picture) -> None:
    made = say(alice, "post", "/verifications", wanted(alice, picture, webhook_metadata={"orderId": 7, "a-b": 1}), Key_Inflection="camel").json()
    assert (made["webhookMetadata"], "photo_id_type" in made["inputConfig"]) == ({"orderId": 7, "a-b": 1}, True)

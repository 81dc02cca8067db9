"""Documents over HTTP: upload, change, delete, drafts, links, corrections, runs of readers."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import dramatiq
import pytest
import time_machine
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from scripted import LEASE, PASSPORT, Script

from documents.extraction import Found, Job
from documents.fields import Field
from documents.models import Blob, BlobState, Correction, Document, DocumentStatus, Extraction, Image
from documents.readers.results import ReaderRun
from documents.types import CONTEXT_LABELS
from factories import EXPECTED, Person, b64, start, upload, upload_body, work_off
from flows import datakeys
from verifications.models import AuditEntry, Event, OutboxMessage, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
S = DocumentStatus


def set_status(document: dict[str, Any], status: DocumentStatus) -> None:
    Document.objects.filter(pk=document["id"]).update(status=status)


def events() -> list[str]:
    return list(Event.objects.order_by("verification", "sequence").values_list("type", flat=True))


def test_an_upload_has_every_member_of_the_body(alice: Person, picture: Picture) -> None:
    case = start(alice)
    document = upload(alice, case, type=5, front=picture())
    assert document.pop("id").startswith("doc_")
    assert document.pop("url_front").startswith("http://testserver/files/")
    assert all(len(document.pop(name)) == 27 for name in ("created_at", "updated_at"))
    assert document == {
        "url_back": None,
        "status": 1,
        "status_label": "Uploaded",
        "verification_id": case["id"],
        "document_type": {"id": 5, "name": "Uniformed Service ID", "type_label": "Photo ID"},
        "country": {"name": "United States of America", "iso2": "US", "iso3": "USA"},
        "draft": False,
        "extracted_data": [],
        "decisions": [],
        "checks": [],
    }
    assert events() == ["verification.created", "document.uploaded"]


def _spellings(data: bytes) -> dict[str, str]:
    text = b64(data)
    return {
        "standard": text,
        "url-safe": text.replace("+", "-").replace("/", "_"),
        "unpadded": text.rstrip("="),
        "wrapped": "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)),
        "data uri": f"data:image/png;base64,{text}",
        "spaces around": f"  {text}\n",
    }


@pytest.mark.parametrize("spelling", list(_spellings(b"")))
def test_base64_in_all_its_spellings(alice: Person, picture: Picture, spelling: str) -> None:
    data = picture("JPEG", size=(331, 211))
    case = start(alice)
    body = upload_body(case, front=data)
    body["document"]["front_side_data"] = _spellings(data)[spelling]
    response = alice.post("/usps1583/documents", body)
    assert response.status_code == 201, response.content
    assert Client().get(response.json()["data"]["url_front"]).content == data


@pytest.mark.parametrize(("form", "content_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("TIFF", "image/tiff")])
def test_formats_are_told_by_their_bytes(alice: Person, picture: Picture, form: str, content_type: str) -> None:
    document = upload(alice, start(alice), front=picture(form))
    assert Client().get(document["url_front"])["Content-Type"] == content_type


def test_a_pdf_is_accepted_where_the_type_allows_pages(alice: Person, picture: Picture) -> None:
    case = start(alice)
    pdf = picture("PDF")
    document = upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=pdf)
    assert Client().get(document["url_front"])["Content-Type"] == "application/pdf"
    response = alice.post("/usps1583/documents", upload_body(case, type=1, front=pdf))
    assert (response.status_code, response.json()["code"]) == (400, "image_invalid")


def test_multipart_means_the_same(alice: Person, picture: Picture) -> None:
    case = start(alice)
    form = {
        "verification": case["id"],
        "document.context_type": "PHOTO_ID",
        "document[type]": "2",
        "document.country": "USA",
        "document.front_side_data": io.BytesIO(picture(seed=1)),
        "document.back_side_data": io.BytesIO(picture(seed=2)),
    }
    response = Client().post("/api/v1/usps1583/documents", data=form, headers={"Authorization": f"Bearer {alice.secret}"})
    assert response.status_code == 201, response.content
    assert Client().get(response.json()["data"]["url_back"]).content == picture(seed=2)


@pytest.mark.parametrize("back", ["this is not even base64!", 5, None, {"a": [1]}, "A" * 6000], ids=["text", "number", "null", "object", "large"])
def test_the_back_of_a_one_sided_type_is_neither_read_nor_kept(alice: Person, picture: Picture, settings: Any, back: Any) -> None:
    settings.MAX_IMAGE_BYTES = 4000
    case = start(alice)
    body = upload_body(case, type=5, front=picture())
    body["document"]["back_side_data"] = back
    response = alice.post("/usps1583/documents", body, idempotency_key="one")
    assert (response.status_code, response.json()["data"]["url_back"]) == (201, None)
    path = f"/usps1583/documents/{response.json()['data']['id']}"
    for document in ({"back_side_data": back}, {"back_side_data": back, "type": 5}):
        changed = alice.patch(path, {"verification": case["id"], "document": document})
        assert (changed.status_code, changed.json()["data"]["url_back"]) == (200, None)
    assert list(Image.objects.values_list("side", flat=True)) == ["front"]
    assert events() == ["verification.created", "document.uploaded", "document.uploaded"]
    body["document"]["back_side_data"] = "something else"
    assert alice.post("/usps1583/documents", body, idempotency_key="one").json()["code"] == "idempotency_mismatch"


def test_a_file_for_the_back_of_a_one_sided_type_is_not_looked_at(alice: Person, picture: Picture, settings: Any) -> None:
    settings.MAX_IMAGE_BYTES = 4000
    form = {
        "verification": start(alice)["id"], "document.context_type": "PHOTO_ID", "document.type": "5", "document.country": "USA",
        "document.front_side_data": io.BytesIO(picture()), "document.back_side_data": io.BytesIO(bytes(5000)),
    }  # fmt: skip
    response = Client().post("/api/v1/usps1583/documents", data=form, headers={"Authorization": f"Bearer {alice.secret}"})
    assert (response.status_code, response.json()["data"]["url_back"]) == (201, None)


@pytest.mark.parametrize(("back", "status"), [(5, 422), ("A" * 6000, 413), (None, 400)])
def test_the_back_of_a_two_sided_type_is_looked_at(alice: Person, picture: Picture, settings: Any, back: Any, status: int) -> None:
    settings.MAX_IMAGE_BYTES = 4000
    case = start(alice)
    document = upload(alice, case, type=2, front=picture(seed=1), back=picture(seed=2))
    change = {"verification": case["id"], "document": {"back_side_data": back}}
    assert alice.patch(f"/usps1583/documents/{document['id']}", change).status_code == status
    body = upload_body(start(alice), type=2, front=picture())
    body["document"]["back_side_data"] = back
    assert alice.post("/usps1583/documents", body).status_code == status
    assert Image.objects.count() == 2
    assert Client().get(document["url_back"]).content == picture(seed=2)


@pytest.mark.parametrize("side", ["front_side_data", "back_side_data"])
@pytest.mark.parametrize("sent", [None, ""])
def test_an_image_that_is_replaced_by_nothing_is_missing(alice: Person, picture: Picture, side: str, sent: Any) -> None:
    case = start(alice)
    document = upload(alice, case, type=2, front=picture(seed=1), back=picture(seed=2))
    response = alice.patch(f"/usps1583/documents/{document['id']}", {"verification": case["id"], "document": {side: sent}})
    assert (response.status_code, response.json()["code"]) == (400, "image_missing")
    assert events() == ["verification.created", "document.uploaded"]
    assert Client().get(document["url_front"]).content == picture(seed=1)


def _truncated(picture: Picture) -> bytes:
    return picture(size=(900, 700))[:-200]


@pytest.mark.parametrize(
    ("front", "code"),
    [
        ("missing", "image_missing"),
        (None, "image_missing"),
        ("", "image_missing"),
        ("   ", "image_missing"),
        ("data:image/png;base64,", "image_missing"),
        ("no base64 at all!", "image_invalid"),
        ("data:image/png,plain", "image_invalid"),
        (b64(b"just some text that is long enough"), "image_invalid"),
        (b64(b"GIF89a" + b"\0" * 100), "image_invalid"),
        ("truncated", "image_invalid"),
        ("A", "image_invalid"),
    ],
)
def test_an_image_that_is_not_there_or_not_good_is_400_and_nothing_is_kept(alice: Person, picture: Picture, front: Any, code: str) -> None:
    body = upload_body(start(alice), front=b"")
    if front == "missing":
        del body["document"]["front_side_data"]
    else:
        body["document"]["front_side_data"] = b64(_truncated(picture)) if front == "truncated" else front
    response = alice.post("/usps1583/documents", body)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert (Document.objects.count(), Image.objects.count(), Blob.objects.count()) == (0, 0, 0)


def test_a_side_of_another_type_than_text_is_422(alice: Person) -> None:
    body = upload_body(start(alice), front=b"")
    body["document"]["front_side_data"] = 5
    response = alice.post("/usps1583/documents", body)
    assert (response.status_code, list(response.json()["errors"])) == (422, ["document.front_side_data"])


def test_a_two_sided_type_needs_its_back(alice: Person, picture: Picture) -> None:
    response = alice.post("/usps1583/documents", upload_body(start(alice), type=2, front=picture()))
    assert (response.status_code, response.json()["code"]) == (400, "image_missing")
    assert "back_side_data" in response.json()["message"]


def test_a_picture_over_the_pixel_cap_is_refused_before_it_is_decoded(alice: Person, settings: Any, picture: Picture) -> None:
    settings.MAX_IMAGE_PIXELS = 1000
    response = alice.post("/usps1583/documents", upload_body(start(alice), front=picture("PNG")))
    assert (response.status_code, response.json()["code"]) == (400, "image_invalid")


@pytest.mark.parametrize(
    ("context", "type_id", "country"),
    [("PHOTO_ID", 999, "USA"), ("PHOTO_ID", 24, "USA"), ("PHOTO_ID", 2, "DEU"), ("SELFIE", 1, "USA"), ("PHOTO_ID", 10**15, "USA")],
)
def test_a_type_that_is_not_for_the_flow_the_context_or_the_country(
    alice: Person, picture: Picture, context: str, type_id: int, country: str
) -> None:
    body = upload_body(start(alice), context=context, type=type_id, country=country, front=picture())
    response = alice.post("/usps1583/documents", body)
    assert (response.status_code, response.json()["code"], response.json()["message"]) == (
        400,
        "document_type_not_allowed",
        "Document type not allowed.",
    )


@pytest.mark.parametrize("context", list(CONTEXT_LABELS))
def test_a_context_holds_one_document(alice: Person, picture: Picture, context: str) -> None:
    case = start(alice)
    type_id = {"PHOTO_ID": 1, "PROOF_OF_ADDRESS": 41, "SELFIE": 61}[context]
    upload(alice, case, context=context, type=type_id, front=picture())
    response = alice.post("/usps1583/documents", upload_body(case, context=context, type=type_id, front=picture(seed=2)))
    assert response.json()["code"] == "document_type_taken"
    assert response.json()["message"] == f"The verification already has a {CONTEXT_LABELS[context]} document."
    assert Document.objects.count() == 1


@pytest.mark.parametrize("status", [status for status in VerificationStatus if status != VerificationStatus.STARTED], ids=lambda status: status.label)
def test_uploads_change_and_drafts_need_a_started_verification(alice: Person, picture: Picture, status: VerificationStatus) -> None:
    case = start(alice, "identity")
    document = upload(alice, case, "identity", front=picture())
    Verification.objects.filter(pk=case["id"]).update(status=status, held_from=1 if status == VerificationStatus.HOLD else None)
    code = "verification_canceled" if status == VerificationStatus.CANCELED else "verification_not_started"
    selfie = upload_body(case, context="SELFIE", type=61, front=picture())
    assert alice.post("/identity/documents", selfie).json()["code"] == code
    change = {"verification": case["id"], "document": {"country": "DEU"}}
    assert alice.patch(f"/identity/documents/{document['id']}", change).json()["code"] == code
    assert alice.post(f"/identity/documents/{document['id']}/submit").json()["code"] == code
    assert Document.objects.get().country == "USA"


def test_patch_changes_what_is_sent_and_fires_the_upload_event_again(alice: Person, picture: Picture) -> None:
    case = start(alice, "identity")
    document = upload(alice, case, "identity", type=2, front=picture(seed=1), back=picture(seed=2))
    path, old = f"/identity/documents/{document['id']}", document["url_front"]
    change = {"verification": case["id"], "document": {"front_side_data": b64(picture(seed=3))}}
    changed = alice.patch(path, change).json()["data"]
    assert Client().get(changed["url_front"]).content == picture(seed=3)
    assert Client().get(changed["url_back"]).content == picture(seed=2)
    assert Client().get(old).status_code == 410
    assert events().count("document.uploaded") == 2


def test_a_new_type_with_one_side_drops_the_back(alice: Person, picture: Picture) -> None:
    case = start(alice, "identity")
    document = upload(alice, case, "identity", type=2, front=picture(seed=1), back=picture(seed=2))
    changed = alice.patch(f"/identity/documents/{document['id']}", {"verification": case["id"], "document": {"type": 1}}).json()["data"]
    assert (changed["document_type"]["name"], changed["url_back"]) == ("Passport", None)
    assert Client().get(document["url_back"]).status_code == 410


def test_a_new_type_with_two_sides_needs_a_back(alice: Person, picture: Picture) -> None:
    case = start(alice, "identity")
    document = upload(alice, case, "identity", type=1, front=picture())
    path = f"/identity/documents/{document['id']}"
    assert alice.patch(path, {"verification": case["id"], "document": {"type": 2}}).json()["code"] == "image_missing"
    change = {"verification": case["id"], "document": {"type": 2, "back_side_data": b64(picture(seed=2))}}
    assert alice.patch(path, change).status_code == 200


def test_patch_checks_in_order(alice: Person, picture: Picture) -> None:
    case, other = start(alice, "identity"), start(alice, "identity")
    document = upload(alice, case, "identity", front=picture())
    upload(alice, case, "identity", context="SELFIE", type=61, front=picture())
    path = f"/identity/documents/{document['id']}"

    def code(**body: Any) -> str:
        response = alice.patch(path, {"verification": case["id"], **body})
        return str(response.json().get("code", response.status_code))

    assert code(verification="ver_unknown") == "verification_not_found"
    assert code(verification=other["id"], status=3) == "verification_mismatch"
    assert code(status=8) == "validation_failed"
    assert code(status="2") == "validation_failed"
    assert code(document={"context_type": "SELFIE"}) == "document_type_not_allowed"
    assert code(document={"context_type": "SELFIE", "type": 61}) == "document_type_taken"
    assert code(document={"front_side_data": "??"}) == "image_invalid"
    set_status(document, S.EXTRACTED)
    assert code(status=3) == "document_not_uploaded"
    set_status(document, S.CANCELED)
    assert code(status=3) == "document_canceled"


@pytest.mark.parametrize("status", list(S), ids=lambda status: status.label)
def test_status_in_a_patch(alice: Person, picture: Picture, status: DocumentStatus) -> None:
    case = start(alice, "identity")
    document = upload(alice, case, "identity", front=picture())
    before = events()
    response = alice.patch(f"/identity/documents/{document['id']}", {"verification": case["id"], "status": int(status)})
    after = Document.objects.get().status
    if status in (S.UPLOADED, S.IN_PROGRESS, S.CANCELED):
        assert (response.status_code, response.json()["data"]["status"], after) == (200, status, status)
        assert events() == before + (["document.canceled"] if status == S.CANCELED else [])
    else:
        assert (response.status_code, response.json()["code"], after) == (400, "transition_not_allowed", S.UPLOADED)
        assert "use decisions" in response.json()["message"]
        assert events() == before


def test_status_2_starts_the_reading(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice, "identity")
    document = upload(alice, case, "identity", front=picture())
    work_off()
    assert Document.objects.get().status == S.UPLOADED
    alice.patch(f"/identity/documents/{document['id']}", {"verification": case["id"], "status": 2})
    work_off()
    assert (Document.objects.get().status, script.calls) == (S.EXTRACTED, [document["id"]])


def test_a_canceled_document_keeps_its_slot_until_it_is_deleted(alice: Person, picture: Picture) -> None:
    case = start(alice, "identity")
    document = upload(alice, case, "identity", front=picture())
    path = f"/identity/documents/{document['id']}"
    alice.patch(path, {"verification": case["id"], "status": 6})
    assert alice.post("/identity/documents", upload_body(case, front=picture())).json()["code"] == "document_type_taken"
    assert alice.delete(path).status_code == 204
    assert alice.post("/identity/documents", upload_body(case, front=picture())).status_code == 201


def test_delete_takes_row_and_files_and_leaves_the_hashes_in_the_audit_trail(
    alice: Person, picture: Picture, django_capture_on_commit_callbacks: Any
) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    blob = Blob.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        assert alice.delete(f"/usps1583/documents/{document['id']}").content == b""
    assert not Document.objects.exists()
    assert not default_storage.exists(f"{blob.key[-2:]}/{blob.key}")
    response = Client().get(document["url_front"])
    assert (response.status_code, response.json()["code"]) == (410, "link_gone")
    assert blob.sha256 in AuditEntry.objects.get(action="document.deleted").data
    assert alice.get(f"/usps1583/documents/{document['id']}").json()["code"] == "document_not_found"


@pytest.mark.parametrize("status", list(VerificationStatus), ids=lambda status: status.label)
def test_a_document_can_be_deleted_while_started_or_expired(alice: Person, picture: Picture, status: VerificationStatus) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    Verification.objects.filter(pk=case["id"]).update(status=status, held_from=1 if status == VerificationStatus.HOLD else None)
    response = alice.delete(f"/usps1583/documents/{document['id']}")
    if status in (VerificationStatus.STARTED, VerificationStatus.EXPIRED):
        assert (response.status_code, Document.objects.count()) == (204, 0)
    else:
        assert (response.status_code, response.json()["code"], Document.objects.count()) == (400, "document_locked", 1)


def test_a_draft_waits_for_its_files_and_its_submission(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    body = {"verification": case["id"], "draft": True, "document": {"context_type": "PHOTO_ID", "type": 2, "country": "USA"}}
    document = alice.post("/usps1583/documents", body).json()["data"]
    path = f"/usps1583/documents/{document['id']}"
    assert (document["status"], document["draft"], document["url_front"]) == (1, True, None)
    assert alice.post("/usps1583/documents", upload_body(case, front=picture())).json()["code"] == "document_type_taken"
    assert alice.patch(path, {"verification": case["id"], "status": 2}).json()["code"] == "document_is_draft"
    assert alice.post(f"{path}/extract").json()["code"] == "document_is_draft"
    alice.patch(path, {"verification": case["id"], "document": {"front_side_data": b64(picture(seed=1))}})
    assert alice.post(f"{path}/submit").json()["code"] == "no_files"
    alice.patch(path, {"verification": case["id"], "document": {"back_side_data": b64(picture(seed=2))}})
    work_off()
    assert (Document.objects.get().status, "document.uploaded" in events()) == (S.UPLOADED, False)
    assert alice.post(f"{path}/submit").json()["data"]["draft"] is False
    assert alice.post(f"{path}/submit").json()["code"] == "not_draft"
    work_off()
    assert Document.objects.get().status == S.EXTRACTED


def test_links_end_and_cannot_be_changed(alice: Person, picture: Picture) -> None:
    document = upload(alice, start(alice), front=picture())
    url, made = document["url_front"], timezone.now()
    good = Client().get(url)
    assert (good.status_code, good["Cache-Control"], good["X-Content-Type-Options"]) == (200, "private, no-store", "nosniff")
    tampered = Client().get(url[:-2] + ("AA" if not url.endswith("AA") else "BB"))
    assert (tampered.status_code, tampered.json()["code"]) == (403, "link_invalid")
    with time_machine.travel(made + timedelta(minutes=29), tick=False):
        assert Client().get(url).status_code == 200
    with time_machine.travel(made + timedelta(minutes=30, seconds=2), tick=False):
        late = Client().get(url)
        assert (late.status_code, late.json()["code"]) == (410, "link_expired")
        assert Client().get(alice.get(f"/usps1583/documents/{document['id']}").json()["data"]["url_front"]).status_code == 200


def test_links_stand_on_the_public_url(alice: Person, picture: Picture, settings: Any) -> None:
    settings.PUBLIC_URL = "https://id.example.com"
    assert upload(alice, start(alice), front=picture())["url_front"].startswith("https://id.example.com/files/")


def test_files_are_encrypted_where_they_lie(alice: Person, picture: Picture) -> None:
    data = picture()
    upload(alice, start(alice), front=data)
    blob = Blob.objects.get()
    with default_storage.open(f"{blob.key[-2:]}/{blob.key}") as file:
        stored = file.read()
    assert data[:64] not in stored
    assert datakeys.unseal(stored, blob.key) == data
    assert blob.state == BlobState.KEPT


def test_what_was_read_is_shown(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    work_off()
    shown = alice.get(f"/usps1583/documents/{document['id']}").json()["data"]
    assert shown["status_label"] == "Extracted"
    assert shown["extracted_data"]["person"] == {
        "full_name": "Simpson Homer",
        "surname": "Simpson",
        "given_names": "Homer",
        "date_of_birth": "1988-07-23",
    }
    assert shown["extracted_data"]["address"] == {}
    assert shown["extracted_data"]["document"] == {
        "type": "Passport",
        "identified": "United States of America - Passport",
        "country_code": "USA",
        "country_name": "United States of America",
        "number": "L898902C3",
        "issuing_entity": "United States of America",
        "expiration_date": "2030-01-01",
        "has_selfie": "0",
        "selfie_comparison": "",
    }
    assert {check["outcome"] for check in shown["checks"]} <= {"pass", "warning", "error", "not_applicable"}
    assert shown["decisions"] == []


def test_what_a_document_has_and_could_not_be_read_is_an_empty_string(alice: Person, picture: Picture, script: Script) -> None:
    script.fields["PHOTO_ID"] = {}
    document = upload(alice, start(alice), front=picture())
    work_off()
    shown = alice.get(f"/usps1583/documents/{document['id']}").json()["data"]["extracted_data"]
    assert shown["person"] == {"full_name": "", "surname": "", "given_names": "", "date_of_birth": ""}
    assert shown["document"]["number"] == ""


def test_a_full_name_is_surname_first_where_the_parts_are_known(alice: Person, picture: Picture, script: Script) -> None:
    printed = {**LEASE, "person.full_name": "Homer Jay Simpson", "person.surname": "Simpson", "person.given_names": "Homer Jay"}
    script.fields["PROOF_OF_ADDRESS"] = printed
    script.fields["PHOTO_ID"] = {"person.full_name": "Homer Jay Simpson"}
    case = start(alice)
    letter = upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=1))
    card = upload(alice, case, front=picture(seed=2))
    work_off()

    def name(document: dict[str, Any]) -> str:
        return str(alice.get(f"/usps1583/documents/{document['id']}").json()["data"]["extracted_data"]["person"]["full_name"])

    assert (name(letter), name(card)) == ("Simpson Homer Jay", "Homer Jay Simpson")
    path = f"/usps1583/documents/{letter['id']}/extracted-data"
    assert alice.get(path).json()["data"]["fields"]["person.full_name"]["value"] == "Homer Jay Simpson"
    alice.patch(path, {"fields": {"person.surname": "Simpsons"}, "reason": "misread"})
    assert name(letter) == "Simpsons Homer Jay"
    alice.patch(path, {"fields": {"person.full_name": "H. J. Simpson"}, "reason": "as printed"})
    assert name(letter) == "H. J. Simpson"


def test_a_selfie_is_compared_with_the_portrait_whichever_comes_first(alice: Person, picture: Picture, script: Script) -> None:
    for order in (("PHOTO_ID", "SELFIE"), ("SELFIE", "PHOTO_ID")):
        case = start(alice)
        ids = {}
        for context in order:
            ids[context] = upload(alice, case, context=context, type={"PHOTO_ID": 1, "SELFIE": 61}[context], front=picture())["id"]
            work_off()
        shown = alice.get(f"/usps1583/documents/{ids['PHOTO_ID']}").json()["data"]["extracted_data"]["document"]
        assert (shown["has_selfie"], shown["selfie_comparison"]) == ("1", "99")


def test_corrections_stand_beside_the_machines_value(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    document = upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture())
    path = f"/usps1583/documents/{document['id']}/extracted-data"
    change = {"fields": {"address.street": "744 Evergreen Terrace"}, "reason": "The stamp hides the number."}
    assert alice.patch(path, change).json()["code"] == "document_not_extracted"
    work_off()
    assert alice.patch(path, {"fields": {"address.planet": "Mars"}, "reason": "x"}).status_code == 422
    assert alice.patch(path, {"fields": {}, "reason": "x"}).status_code == 422
    assert alice.patch(path, {"fields": {"address.street": "x"}}).status_code == 422
    wrong = alice.patch(path, {"fields": {"statement.date": "5 May", "address.street": "x"}, "reason": "x"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["fields.statement.date"])
    assert not Correction.objects.exists()
    body = alice.patch(path, change).json()["data"]
    field = body["fields"]["address.street"]
    assert (field["value"], field["machine_value"], field["reader"], field["reason"]) == (
        "744 Evergreen Terrace",
        LEASE["address.street"],
        "person",
        "The stamp hides the number.",
    )
    assert field["corrected_by"] == f"token:{alice.token.prefix}"
    assert body["extracted_data"]["address"]["street"] == "744 Evergreen Terrace"
    again = alice.patch(path, {**change, "fields": {"address.street": "746"}}).json()["data"]["fields"]["address.street"]
    assert (again["value"], again["machine_value"]) == ("746", LEASE["address.street"])
    assert "Evergreen" not in AuditEntry.objects.filter(action="document.corrected").values_list("data", flat=True)[0]


def _outcomes(person: Person, document: dict[str, Any]) -> dict[str, str]:
    return {check["rule"]: check["outcome"] for check in person.get(f"/usps1583/documents/{document['id']}/checks").json()["data"]}


def test_a_document_is_extracted_and_checked_in_one_moment(alice: Person, picture: Picture, script: Script) -> None:
    document = upload(alice, start(alice), front=picture())
    reading = OutboxMessage.objects.get(actor="documents.actors.extract_document")
    dramatiq.get_broker().actors[reading.actor].fn(reading.pk)
    shown = alice.get(f"/usps1583/documents/{document['id']}").json()["data"]
    assert shown["status_label"] == "Extracted"
    assert {check["rule"]: check["outcome"] for check in shown["checks"]}["document_unexpired"] == "pass"
    work_off()
    assert alice.get(f"/usps1583/documents/{document['id']}").json()["data"]["checks"] == shown["checks"]


def test_corrections_run_the_rules_again_at_once(alice: Person, picture: Picture, script: Script) -> None:
    document = upload(alice, start(alice), front=picture())
    work_off()
    assert _outcomes(alice, document)["document_unexpired"] == "pass"
    change = {"fields": {"document.expiration_date": "2020-01-01"}, "reason": "misread"}
    alice.patch(f"/usps1583/documents/{document['id']}/extracted-data", change)
    assert _outcomes(alice, document)["document_unexpired"] == "error"
    work_off()
    assert _outcomes(alice, document)["document_unexpired"] == "error"


def test_other_expectations_run_the_rules_again_at_once(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice, expected_data=EXPECTED)
    document = upload(alice, case, front=picture())
    work_off()
    assert _outcomes(alice, document)["declared_name_agrees"] == "pass"
    marge = {"expected_data": {"person": {"first_name": "Marge", "last_name": "Bouvier"}}}
    alice.patch(f"/usps1583/verifications/{case['id']}", marge)
    assert _outcomes(alice, document)["declared_name_agrees"] == "error"
    before = alice.get(f"/usps1583/documents/{document['id']}/checks").json()["data"]
    alice.patch(f"/usps1583/verifications/{case['id']}", {"expected_data": {}})
    work_off()
    assert alice.get(f"/usps1583/documents/{document['id']}/checks").json()["data"] == before


def test_a_preview_that_breaks_takes_neither_the_reading_nor_the_correction_with_it(
    alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = upload(alice, start(alice), front=picture())
    with monkeypatch.context() as broken:
        broken.setattr("decisions.services.gather_case", lambda *_: 1 / 0)
        work_off(twice=False)
        change = {"fields": {"document.expiration_date": "2020-01-01"}, "reason": "misread"}
        assert alice.patch(f"/usps1583/documents/{document['id']}/extracted-data", change).status_code == 200
    assert (Document.objects.get().status, _outcomes(alice, document)) == (S.EXTRACTED, {})
    work_off()
    assert _outcomes(alice, document)["document_unexpired"] == "error"


def test_one_extraction_per_reader_newest_first(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    work_off()
    body = alice.get(f"/usps1583/documents/{document['id']}/extractions").json()
    kinds = {entry["extraction_type"]: entry for entry in body["data"]}
    assert set(kinds) == {"ocr", "face"}
    assert body["meta"]["total"] == 2
    ocr = kinds["ocr"]
    assert (ocr["status"], ocr["engine"], ocr["duration_ms"]) == ("completed", {"name": "scripted", "version": "1"}, 5)
    assert ocr["extracted_fields"]["person.surname"] == "Simpson"
    assert ocr["confidence_scores"]["person.surname"] == 0.97
    assert ocr["regions"]["person.surname"] == {"side": "front", "page": 1, "box": [10, 10, 50, 12]}


def test_a_record_is_created_when_its_run_begins(alice: Person, picture: Picture, script: Script) -> None:
    document = upload(alice, start(alice), front=picture())
    path = f"/usps1583/documents/{document['id']}"
    work_off()
    alice.post(f"{path}/extract", {"types": ["ocr"]})
    entries = alice.get(f"{path}/extractions").json()["data"]
    assert len(entries) == 3
    for entry in entries:
        if entry["status"] == "completed":
            took = datetime.fromisoformat(entry["completed_at"]) - datetime.fromisoformat(entry["created_at"])
            assert took == timedelta(milliseconds=entry["duration_ms"])
        else:
            assert (entry["status"], entry["engine"]) == ("pending", {"name": "", "version": ""})


def test_a_reader_that_runs_on_both_sides_has_one_record_of_both(
    alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = tuple(Field(path, value, 0.99, "barcode", "back", 1, (5, 5, 90, 20)) for path, value in PASSPORT.items())
    doubtful = Field("person.surname", "Simpsom", 0.5, "barcode", "front", 1)

    def read(job: Job) -> Found:
        found = script.read(job)
        runs = (ReaderRun("barcode", "zxing", "2", 7, (doubtful,), {"symbols": 1}), ReaderRun("barcode", "zxing", "2", 9, printed, {"symbols": 2}))
        return replace(found, reading=replace(found.reading, runs=runs))

    monkeypatch.setattr("documents.reading.read", read)
    document = upload(alice, start(alice), type=2, front=picture(seed=1), back=picture(seed=2))
    path = f"/usps1583/documents/{document['id']}"
    work_off()
    alice.post(f"{path}/extract", {"types": ["barcode"]})
    work_off()
    entries = alice.get(f"{path}/extractions").json()["data"]
    assert len(entries) == 2
    for entry in entries:
        assert entry["extracted_fields"] == PASSPORT
        assert (entry["duration_ms"], entry["confidence_scores"]["person.surname"]) == (16, 0.99)
    assert [row.result["details"] for row in Extraction.objects.all()] == [{"pages": [{"symbols": 1}, {"symbols": 2}]}] * 2


def test_extract_runs_again_and_changes_no_earlier_record(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    path = f"/usps1583/documents/{document['id']}"
    work_off()
    before = {row.pk: (row.status, row.result) for row in Extraction.objects.all()}
    response = alice.post(f"{path}/extract", {"types": ["face", "ocr"]})
    assert (response.status_code, response.json()["data"]["extraction_type"], response.json()["data"]["status"]) == (201, "ocr", "pending")
    work_off()
    assert {row.pk: (row.status, row.result) for row in Extraction.objects.filter(pk__in=before)} == before
    assert Extraction.objects.filter(status="completed").count() == len(before) + 2
    assert Document.objects.get().status == S.EXTRACTED


def test_extract_without_types_asks_for_what_the_type_has(alice: Person, picture: Picture, script: Script) -> None:
    document = upload(alice, start(alice), front=picture())
    work_off()
    assert alice.post(f"/usps1583/documents/{document['id']}/extract").json()["data"]["extraction_type"] == "mrz"


def test_extract_on_an_uploaded_document_starts_it(alice: Person, picture: Picture, script: Script) -> None:
    document = upload(alice, start(alice, "identity"), "identity", front=picture())
    alice.post(f"/identity/documents/{document['id']}/extract", {"types": ["ocr"]})
    work_off()
    assert Document.objects.get().status == S.EXTRACTED


@pytest.mark.parametrize("body", [{"types": []}, {"types": ["comparison"]}, {"types": "ocr"}, {"wait_ms": 10_001}, {"wait_ms": "5"}, {"wait_ms": -1}])
def test_extract_takes_known_types_and_a_bounded_wait(alice: Person, picture: Picture, body: dict[str, Any]) -> None:
    document = upload(alice, start(alice), front=picture())
    assert alice.post(f"/usps1583/documents/{document['id']}/extract", body).status_code == 422
    assert not Extraction.objects.exists()


@pytest.mark.parametrize(("status", "code"), [(S.IN_PROGRESS, "document_in_progress"), (S.CANCELED, "document_canceled")])
def test_extract_is_refused_where_it_makes_no_sense(alice: Person, picture: Picture, status: DocumentStatus, code: str) -> None:
    document = upload(alice, start(alice), front=picture())
    set_status(document, status)
    assert alice.post(f"/usps1583/documents/{document['id']}/extract").json()["code"] == code


def test_another_flow_in_the_path_is_a_mismatch(alice: Person, picture: Picture) -> None:
    case = start(alice)
    path = f"/address/documents/{upload(alice, case, front=picture())['id']}"
    calls = [("get", "", None), ("patch", "", {"verification": case["id"]}), ("delete", "", None), ("get", "/pdf", None), ("post", "/submit", None)]
    for method, tail, body in [
        *calls,
        ("post", "/extract", None),
        ("get", "/checks", None),
        ("get", "/extractions", None),
        ("get", "/extracted-data", None),
    ]:
        assert alice.call(method, f"{path}{tail}", body).json()["code"] == "flow_mismatch", (method, tail)


def test_lists_of_documents(alice: Person, picture: Picture) -> None:
    one, two = start(alice), start(alice)
    first, second = upload(alice, one, front=picture()), upload(alice, two, front=picture())
    body = alice.get("/usps1583/documents").json()
    assert [entry["id"] for entry in body["data"]] == [second["id"], first["id"]]
    assert [entry["id"] for entry in alice.get(f"/usps1583/documents?verification={one['id']}").json()["data"]] == [first["id"]]
    assert alice.get("/usps1583/documents?verification=ver_unknown").json()["data"] == []

"""What reviewers write for the applicant is delivered, and what they write for one another never is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from scripted import LEASE, Script

from decisions.comments import add_comment
from decisions.models import Comment
from decisions.review_models import Audience
from documents.models import Document
from factories import Person, start, upload, work_off
from verifications.models import Event, WebhookDelivery

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
SECRET, TOLD = "The bank says she moved.", "Please take the picture in daylight."


@pytest.fixture
def case(alice: Person, picture: Picture, script: Script) -> dict[str, Any]:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    case = start(alice)
    upload(alice, case, type=1, front=picture(seed=1))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off(twice=False)
    alice.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off(twice=False)
    return case


def write(alice: Person, case: dict[str, Any], audience: str, text: str) -> Comment:
    return add_comment(caller=alice.caller, flow="usps1583", verification_id=case["id"], audience=audience, text=text)


def added() -> list[dict[str, Any]]:
    return [event.data for event in Event.objects.filter(type="verification.message_added").order_by("sequence")]


def test_messages_are_in_the_verification_and_told(alice: Person, case: dict[str, Any]) -> None:
    private, public = write(alice, case, Audience.PRIVATE, SECRET), write(alice, case, Audience.APPLICANT, TOLD)
    shown = alice.get(f"/usps1583/verifications/{case['id']}").json()["data"]["messages"]
    stamp = public.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert shown == [{"id": public.pk, "document_id": None, "text": TOLD, "created_at": stamp}]
    assert [(data["message_id"], data["verification_id"]) for data in added()] == [(public.pk, case["id"])]
    assert private.pk not in str(list(Event.objects.values()))
    assert TOLD not in str(list(Event.objects.values()))


def test_a_private_comment_never_leaves(alice: Person, case: dict[str, Any]) -> None:
    """Looked for in every answer, event and delivery about the case."""
    alice.post("/webhooks", {"url": "https://hooks.example"})
    private = write(alice, case, Audience.PRIVATE, SECRET)
    write(alice, case, Audience.APPLICANT, TOLD)
    work_off()
    base, documents = f"/usps1583/verifications/{case['id']}", [f"/usps1583/documents/{pk}" for pk in Document.objects.values_list("pk", flat=True)]
    reads = [
        base, f"{base}/checks", f"{base}/data", f"{base}/form", "/verifications", "/usps1583/verifications", "/usps1583/decisions", "/events",
        *(f"{path}{part}" for path in documents for part in ("", "/checks", "/extractions", "/extracted-data")),
    ]  # fmt: skip
    for path in reads:
        answer = alice.get(path)
        assert answer.status_code == 200, path
        assert SECRET not in answer.content.decode(), path
        assert private.pk not in answer.content.decode(), path
    assert TOLD in alice.get(f"{base}/data").content.decode()
    bundle = alice.get(f"{base}/bundle")
    assert bundle.status_code == 200
    assert SECRET.encode() not in unzipped(bundle.content)
    assert WebhookDelivery.objects.filter(event__type="verification.message_added").count() == 1
    assert SECRET not in str(list(Event.objects.values()))


def unzipped(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_asking_again_delivers_what_to_do(alice: Person, case: dict[str, Any]) -> None:
    body = {"reasons": ["document_unreadable"], "note": TOLD}
    assert alice.post(f"/usps1583/verifications/{case['id']}/resubmit", body).status_code == 200
    shown = alice.get(f"/usps1583/verifications/{case['id']}").json()["data"]
    assert [entry["text"] for entry in shown["messages"]] == [TOLD]
    kinds = list(Event.objects.filter(verification_id=case["id"]).order_by("-sequence").values_list("type", flat=True)[:2])
    assert kinds == ["verification.message_added", "verification.resubmission_requested"]


def test_what_is_refused_leaves_no_message(alice: Person) -> None:
    case = start(alice)
    answer = alice.post(f"/usps1583/verifications/{case['id']}/resubmit", {"note": TOLD})
    assert (answer.status_code, answer.json()["code"]) == (400, "transition_not_allowed")
    assert (Comment.objects.count(), added()) == (0, [])


def test_messages_go_with_the_data(alice: Person, case: dict[str, Any]) -> None:
    write(alice, case, Audience.APPLICANT, TOLD)
    assert alice.delete(f"/usps1583/verifications/{case['id']}/data").status_code == 200
    assert alice.get(f"/usps1583/verifications/{case['id']}").json()["data"]["messages"] == []


def test_others_read_none_of_them(alice: Person, charlie: Person, case: dict[str, Any]) -> None:
    write(alice, case, Audience.APPLICANT, TOLD)
    assert charlie.get(f"/usps1583/verifications/{case['id']}").status_code == 404

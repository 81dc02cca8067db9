"""The verification service's drafts, and its pause before reading: what waits, what lets it go on, and what nothing of it changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo
from receiving import Receiver
from scripted import LEASE, PASSPORT, Script
from speaking import say

from config.api.dialects.common import uuid_of
from documents.models import Blob, Document, DocumentStatus, Image
from factories import Person, b64, drawn, make_person, start, submitted, upload, work_off
from verifications.models import AuditEntry, Event, OutboxMessage, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
_S = VerificationStatus
DRAFTS = "/verifications/drafts"
TYPES = {"photo_id_type": "passport", "photo_id_country": "USA", "proof_of_address_type": "lease", "proof_of_address_country": "USA"}


def uploaded(person: Person, data: bytes) -> str:
    response = say(person, "post", "/uploads", {"file": b64(data)})
    assert response.status_code == 201, response.content
    return str(response.json()["path"])


def service(person: Person) -> str:
    kinds = say(person, "get", "/services").json()["items"]
    return str(next(entry["id"] for entry in kinds if entry["verification_types"][0] == "PHOTO_ID_PROOF_OF_ADDRESS"))


def wanted(person: Person, photo: bytes, lease: bytes, *, pause: bool | None = True, **more: Any) -> dict[str, Any]:
    """A body that asks for passport and lease to be verified."""
    files = {"photo_id_file": [uploaded(person, photo)], "proof_of_address_file": [uploaded(person, lease)]}
    folder = say(person, "post", "/folders", {"name": "June"}).json()["id"]
    configuration = {**TYPES, "files": files, **({} if pause is None else {"fraud_detection": pause})}
    return {"service_id": service(person), "folder_id": folder, "configuration": configuration, **more}


def create(person: Person, photo: bytes, lease: bytes, *, pause: bool | None = True, **more: Any) -> dict[str, Any]:
    made = say(person, "post", "/verifications", wanted(person, photo, lease, pause=pause, **more))
    assert made.status_code == 201, made.content
    return made.json()  # type: ignore[no-any-return]


def own(made: dict[str, Any]) -> Verification:
    return next(case for case in Verification.objects.all() if made["id"] == uuid_of(case.pk))


def edited(**options: Any) -> bytes:
    """A JPEG whose EXIF names its editor."""
    exif = Pillow.Exif()
    exif[0x0131] = options.pop("software", "Adobe Photoshop 25.4 (Windows)")
    return drawn(exif=exif, **options)


def state() -> Any:
    return (
        list(Verification.objects.order_by("pk").values_list("pk", "status", "held_reasons", "request_sealed")),
        list(Document.objects.order_by("pk").values_list("pk", "status", "draft", "type_id")),
        list(Image.objects.order_by("pk").values_list("sha256")),
        Event.objects.count(), AuditEntry.objects.count(), OutboxMessage.objects.count(), Blob.objects.filter(state=2).count(),
    )  # fmt: skip


@pytest.fixture
def approved(alice: Person, picture: Picture, script: Script) -> dict[str, Any]:
    """Somebody's case with the first two pictures."""
    case = submitted(alice, picture)
    assert case["status"] == _S.APPROVED
    return case


class TestDrafts:
    def test_a_draft_is_begun_with_nothing_completed_and_submitted(self, alice: Person, picture: Picture, script: Script) -> None:
        made = say(alice, "post", DRAFTS, {"service_id": service(alice), "webhook_metadata": {"order": 7}})
        draft = made.json()
        assert (made.status_code, draft["status"], draft["folder_id"], draft["total_files"], draft["start_date"]) == (201, "DRAFT", None, 0, None)
        place = f"/verifications/{draft['id']}"
        photo, lease = (uploaded(alice, picture(seed=seed)) for seed in (1, 2))
        first = {"photo_id_type": "passport", "photo_id_country": "USA", "files": {"photo_id_file": [photo]}}
        shown = say(alice, "patch", place, {"configuration": first}).json()
        assert (shown["status"], shown["input_config"], shown["total_files"], len(shown["input_file_url"]["photo_id_file"])) == ("DRAFT", first, 1, 1)
        work_off()
        assert (script.calls, Document.objects.get().draft) == ([], True), "a draft is not read"
        before, early = state(), say(alice, "post", f"{place}/submit")
        assert (early.status_code, early.json()["error_code"], early.json()["missing"]) == (400, "INVALID_VALUE", ["PROOF_OF_ADDRESS"])
        assert state() == before
        second = {"proof_of_address_type": "lease", "proof_of_address_country": "USA", "files": {"proof_of_address_file": [lease]}}
        shown = say(alice, "patch", place, {"configuration": second}).json()
        assert shown["input_config"] == {**first, **second, "files": {**first["files"], **second["files"]}}
        sent = say(alice, "post", f"{place}/submit")
        assert (sent.status_code, sent.json()["status"], sent.json()["webhook_metadata"]) == (200, "IN_QUEUE", {"order": 7})
        work_off()
        assert say(alice, "get", place).json()["status"] == "COMPLETED"
        before, again = state(), say(alice, "post", f"{place}/submit")
        assert (again.status_code, again.json()["code"], state()) == (400, "verification_not_started", before)

    def test_what_is_given_is_kept(self, alice: Person, picture: Picture) -> None:
        body = wanted(alice, picture(seed=1), picture(seed=2), result_id=str(uuid4()), webhook_url="https://hooks.example/a")
        draft = say(alice, "post", DRAFTS, body).json()
        told = (draft["folder_id"], draft["result_id"], draft["webhook_url"], draft["input_config"], draft["total_files"])
        assert told == (body["folder_id"], body["result_id"], body["webhook_url"], body["configuration"], 2)
        assert set(Document.objects.values_list("draft", "status")) == {(True, DocumentStatus.UPLOADED)}
        assert say(alice, "get", "/verifications?status=DRAFT").json()["total"] == 1

    def test_a_draft_is_changed(self, alice: Person, picture: Picture) -> None:
        draft = say(alice, "post", DRAFTS, wanted(alice, picture(seed=1), picture(seed=2), pause=None)).json()
        place, kept = f"/verifications/{draft['id']}", Document.objects.get(context="PROOF_OF_ADDRESS")
        sides = [uploaded(alice, picture(seed=seed)) for seed in (3, 4)]
        to_licence = {"photo_id_type": "driver_license", "files": {"photo_id_file": sides}}
        assert say(alice, "patch", place, {"configuration": to_licence}).json()["total_files"] == 3
        to_card = {"photo_id_type": "passport", "files": {"photo_id_file": sides[:1]}}
        assert say(alice, "patch", place, {"configuration": to_card}).json()["total_files"] == 2, "a back that was not sent is gone"
        renamed = say(alice, "patch", place, {"configuration": {"proof_of_address_type": "utility_bill"}}).json()
        assert (renamed["total_files"], renamed["input_config"]["proof_of_address_type"]) == (2, "utility_bill")
        kept_now = Document.objects.get(context="PROOF_OF_ADDRESS")
        assert (kept_now.pk, kept_now.type.kind, kept_now.draft) == (kept.pk, "utility_bill", True)
        assert {row.sha256 for row in Image.objects.all()} == {hashlib.sha256(picture(seed=seed)).hexdigest() for seed in (2, 3)}
        assert say(alice, "patch", place, {"configuration": {}}).status_code == 200

    @pytest.mark.parametrize(("change", "field"), [
        ({"files": {"photo_id_file": ["/uploads/upl_x"]}}, "configuration.files.photo_id_file"), ({"files": 5}, "configuration.files"),
        ({"files": {"moon_file": []}}, "configuration.files.moon_file"), ({"photo_id_type": "lease"}, "configuration.photo_id_type"),
        ({"photo_id_country": "XX"}, "configuration.photo_id_country"), ({"fraud_detection": "yes"}, "configuration.fraud_detection"),
        ({"verification_type": "SELFIE"}, "configuration.verification_type"),
    ], ids=str)  # fmt: skip
    def test_what_will_not_do_leaves_the_draft_as_it_was(self, alice: Person, picture: Picture, change: dict[str, Any], field: str) -> None:
        body = wanted(alice, picture(seed=1), picture(seed=2))
        draft = say(alice, "post", DRAFTS, body).json()
        before = state()
        refused = say(alice, "patch", f"/verifications/{draft['id']}", {"configuration": change})
        assert (refused.status_code, refused.json()["error_code"], refused.json()["errors"][0]["field"]) == (400, "INVALID_REQUEST", field)
        assert state() == before
        made = say(alice, "post", DRAFTS, {**body, "configuration": {**body["configuration"], **change}})
        assert (made.status_code, state()) == (400, before)

    def test_a_file_that_will_not_do_takes_nothing_with_it(self, alice: Person, picture: Picture) -> None:
        draft = say(alice, "post", DRAFTS, wanted(alice, picture(seed=1), picture(seed=2))).json()
        pages, photo = BytesIO(), uploaded(alice, picture(seed=3))
        Pillow.new("RGB", (320, 200)).save(pages, "PDF")
        before = state()
        change = {"files": {"photo_id_file": [uploaded(alice, pages.getvalue())], "proof_of_address_file": [photo]}}
        after_upload = state()
        refused = say(alice, "patch", f"/verifications/{draft['id']}", {"configuration": change})
        assert (refused.status_code, refused.json()["code"], state()[:3]) == (400, "image_invalid", before[:3])
        assert state()[3:6] == after_upload[3:6]

    def test_a_side_is_missing(self, alice: Person, picture: Picture) -> None:
        body = wanted(alice, picture(seed=1), picture(seed=2))
        body["configuration"]["photo_id_type"] = "driver_license"
        draft = say(alice, "post", DRAFTS, body)
        before, refused = state(), say(alice, "post", f"/verifications/{draft.json()['id']}/submit")
        assert (draft.status_code, refused.status_code, refused.json()["error_code"], refused.json()["code"]) == (
            201,
            400,
            "INVALID_VALUE",
            "no_files",
        )
        assert state() == before

    def test_only_drafts_are_changed(self, alice: Person, picture: Picture, script: Script) -> None:
        made = create(alice, picture(seed=1), picture(seed=2), pause=None)
        native = start(alice)
        upload(alice, native, front=picture(seed=5))
        change = {"configuration": {**TYPES, "files": {"photo_id_file": [uploaded(alice, picture(seed=6))]}}}
        before = state()
        submitted_one = say(alice, "patch", f"/verifications/{made['id']}", change)
        taken = say(alice, "patch", f"/verifications/{uuid_of(native['id'])}", change)
        assert [(row.status_code, row.json()["code"]) for row in (submitted_one, taken)] == [
            (400, "verification_not_started"), (409, "document_type_taken"),
        ]  # fmt: skip
        assert state() == before

    def test_what_is_not_there_or_not_allowed(self, alice: Person, bob: Person, charlie: Person, picture: Picture) -> None:
        draft = say(alice, "post", DRAFTS, wanted(alice, picture(seed=1), picture(seed=2))).json()
        place, before = f"/verifications/{draft['id']}", state()
        calls = [("patch", place, {"configuration": {}}), ("post", f"{place}/submit", {}), ("post", f"{place}/continue", {})]
        assert [say(charlie, *call).status_code for call in calls] == [404] * 3
        assert [say(bob, *call).status_code for call in [*calls, ("post", DRAFTS, {"service_id": service(alice)})]] == [403] * 4
        unknown = [{}, {"service_id": str(uuid4())}, {"service_id": service(alice), "folder_id": str(uuid4())}]
        assert [say(alice, "post", DRAFTS, body).status_code for body in unknown] == [400, 404, 404]
        assert state() == before

    def test_a_repeated_key_makes_one_draft(self, alice: Person, picture: Picture) -> None:
        body = wanted(alice, picture(seed=1), picture(seed=2))
        first, again = (say(alice, "post", DRAFTS, body, Idempotency_Key="k") for _ in range(2))
        assert (first.json()["id"], again["Idempotency-Replayed"], Verification.objects.count()) == (again.json()["id"], "true", 1)
        place = f"/verifications/{first.json()['id']}/submit"
        sent, resent = (say(alice, "post", place, Idempotency_Key="s") for _ in range(2))
        assert (sent.status_code, resent.json()["status"], Event.objects.filter(type="verification.submitted").count()) == (200, "IN_QUEUE", 1)


class TestThePause:
    def test_a_file_of_another_case_pauses_before_anything_is_read(
        self, alice: Person, picture: Picture, script: Script, approved: dict[str, Any], receiver: Receiver
    ) -> None:
        script.calls.clear()
        made = create(alice, picture(seed=1), picture(seed=8), webhook_url="https://hooks.example/a")
        assert (made["status"], made["output"], made["output_status"]) == ("FRAUD_DETECTED", {"fraud_signals": ["file_used_elsewhere"]}, None)
        work_off()
        case, place = own(made), f"/verifications/{made['id']}"
        assert (script.calls, case.status, case.held_from) == ([], _S.HOLD, _S.SUBMITTED)
        assert set(case.documents.values_list("status", flat=True)) == {DocumentStatus.UPLOADED}
        assert [entry["status"] for entry in receiver.told] == ["DRAFT", "IN_QUEUE", "FRAUD_DETECTED"]
        held = Event.objects.get(type="verification.held")
        assert (held.data["status_label"], held.data["reasons"]) == ("Hold", ["suspected_fraud", "file_used_elsewhere"])
        moved = AuditEntry.objects.get(action="verification.hold")
        assert (moved.actor, json.loads(moved.data)) == ("system", {"from": 2, "to": 8, "reason": "suspected_fraud"})
        photo = case.documents.get(context="PHOTO_ID").pk
        noticed = json.loads(AuditEntry.objects.get(action="verification.suspected").data)
        assert noticed == {"signs": [{"code": "file_used_elsewhere", "document": photo}]}
        assert alice.get(f"/usps1583/verifications/{case.pk}").json()["data"]["status_label"] == "Hold"
        done = say(alice, "post", f"{place}/continue")
        assert (done.status_code, done.json()["status"]) == (200, "IN_QUEUE")
        work_off()
        assert sorted(script.calls) == sorted(case.documents.values_list("pk", flat=True))
        assert [entry["status"] for entry in receiver.told][3:] == ["IN_QUEUE", "COMPLETED"], "it is the same person, as was read"
        before, again = state(), say(alice, "post", f"{place}/continue")
        assert (again.status_code, again.json()["status"], state()) == (200, "COMPLETED", before)
        who = AuditEntry.objects.get(action="verification.resume", verification_ref=case.pk)
        assert who.actor == alice.caller.name

    def test_a_blocked_file_pauses(self, alice: Person, picture: Picture, script: Script) -> None:
        say(alice, "post", "/api/v1/fingerprints", {"hash": hashlib.sha256(picture(seed=2)).hexdigest()})
        made = create(alice, picture(seed=1), picture(seed=2))
        assert (made["status"], made["output"]["fraud_signals"]) == ("FRAUD_DETECTED", ["file_blocked"])
        say(alice, "post", f"/verifications/{made['id']}/continue")
        work_off()
        shown = say(alice, "get", f"/verifications/{made['id']}").json()
        assert (shown["status"], shown["output_status"]) == ("COMPLETED", "PARTIALLY_NOT_VERIFIED"), "to go on is not to take off the list"

    @pytest.mark.parametrize("name", ["exif", "png text", "xmp", "webp"])
    def test_a_picture_that_went_through_an_editor_pauses(self, alice: Person, picture: Picture, script: Script, name: str) -> None:
        text = PngInfo()
        text.add_text("Software", "GIMP 2.10.36")
        packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmp:CreatorTool="Affinity Photo 2.4"/></x:xmpmeta>'
        exif = Pillow.Exif()
        exif[0x0131] = "Snapseed 2.0"
        photo = {
            "exif": edited(), "png text": drawn("PNG", pnginfo=text), "xmp": drawn(xmp=packet), "webp": drawn("WEBP", exif=exif),
        }[name]  # fmt: skip
        made = create(alice, photo, picture(seed=2))
        assert (made["status"], made["output"]["fraud_signals"]) == ("FRAUD_DETECTED", ["image_edited"])
        assert {row.editor for row in Image.objects.all()} == {
            "", {"exif": "Adobe Photoshop", "png text": "GIMP", "xmp": "Affinity Photo", "webp": "Snapseed"}[name],
        }  # fmt: skip

    @pytest.mark.parametrize("software", ["iPhone 15 Pro 17.4", "Adobe Photoshop Lightroom Classic 13.2", "HP Scan", "", "Canvas of a browser"])
    def test_what_takes_develops_or_scans_pictures_is_no_editor(self, alice: Person, picture: Picture, script: Script, software: str) -> None:
        assert create(alice, edited(software=software), picture(seed=2))["status"] == "IN_QUEUE"

    def test_all_that_is_noticed_is_told(self, alice: Person, picture: Picture, script: Script) -> None:
        create(alice, edited(), picture(seed=2), pause=None)
        say(alice, "post", "/api/v1/fingerprints", {"hash": hashlib.sha256(edited()).hexdigest()})
        made = create(alice, edited(), picture(seed=3))
        assert made["output"]["fraud_signals"] == ["file_blocked", "file_used_elsewhere", "image_edited"]

    def test_a_draft_is_looked_at_when_it_is_submitted(self, alice: Person, picture: Picture, script: Script) -> None:
        draft = say(alice, "post", DRAFTS, wanted(alice, edited(), picture(seed=2))).json()
        assert draft["status"] == "DRAFT"
        paused = say(alice, "post", f"/verifications/{draft['id']}/submit").json()
        work_off()
        assert (paused["status"], script.calls) == ("FRAUD_DETECTED", [])
        say(alice, "post", f"/verifications/{draft['id']}/continue")
        work_off()
        assert (say(alice, "get", f"/verifications/{draft['id']}").json()["status"], len(script.calls)) == ("COMPLETED", 2)

    @pytest.mark.parametrize("pause", [None, False])
    def test_who_did_not_ask_is_not_paused(
        self, alice: Person, picture: Picture, script: Script, approved: dict[str, Any], pause: bool | None
    ) -> None:
        script.calls.clear()
        made = create(alice, edited(), picture(seed=2), pause=pause)
        work_off()
        assert (made["status"], made["output"], len(script.calls), own(made).held_reasons) == ("IN_QUEUE", {}, 2, [])
        assert not AuditEntry.objects.filter(action="verification.suspected").exists()

    def test_without_a_sign_it_goes_on_by_itself(self, alice: Person, picture: Picture, script: Script, receiver: Receiver) -> None:
        asked, plain = (create(alice, picture(seed=seed), picture(seed=seed + 1), pause=pause, webhook_url="https://hooks.example/a")
                        for seed, pause in ((1, True), (3, None)))  # fmt: skip
        work_off()
        kinds = [list(Event.objects.filter(verification=own(made)).order_by("sequence").values_list("type", flat=True)) for made in (asked, plain)]
        assert (asked["status"], kinds[0]) == ("IN_QUEUE", kinds[1])
        trail = [list(AuditEntry.objects.filter(verification_ref=own(made).pk).order_by("number").values_list("action", flat=True))
                 for made in (asked, plain)]  # fmt: skip
        assert trail[0] == trail[1]

    def test_a_case_is_no_stranger_to_what_belongs_to_it(
        self, alice: Person, charlie: Person, picture: Picture, script: Script, approved: dict[str, Any]
    ) -> None:
        """Another workspace's or environment's, a group's, the same external reference, what was given up."""
        group = str(uuid4())
        create(alice, picture(seed=5), picture(seed=6), pause=None, result_id=group)
        assert create(alice, picture(seed=5), picture(seed=6), result_id=group)["status"] == "IN_QUEUE"
        assert create(charlie, picture(seed=5), picture(seed=6))["status"] == "IN_QUEUE"
        live = make_person("live", workspace="wonder", environment="live")
        assert create(live, picture(seed=5), picture(seed=6))["status"] == "IN_QUEUE"
        Verification.objects.filter(pk=approved["id"]).update(status=_S.REJECTED)
        assert create(alice, picture(seed=1), picture(seed=2))["status"] == "IN_QUEUE", "who was refused may try again"

    def test_of_whom_a_case_is_counts_where_it_is_known(self, alice: Person, picture: Picture, script: Script) -> None:
        """Drafts may be given what the native API knows: whom the client expects."""
        script.fields = {"PHOTO_ID": PASSPORT, "PROOF_OF_ADDRESS": LEASE, "SELFIE": {}}
        first = submitted(alice, picture)
        Verification.objects.filter(pk=first["id"]).update(status=_S.REJECTED)
        told = []
        for name in ("Homer", "Bartholomew"):
            draft = say(alice, "post", DRAFTS, wanted(alice, picture(seed=1), picture(seed=9))).json()
            expected = {"person": {"first_name": name, "last_name": "Simpson"}}
            assert alice.patch(f"/usps1583/verifications/{own(draft).pk}", {"expected_data": expected}).status_code == 200
            told.append(say(alice, "post", f"/verifications/{draft['id']}/submit").json()["status"])
            alice.post(f"/usps1583/verifications/{own(draft).pk}/cancel")
        assert told == ["IN_QUEUE", "FRAUD_DETECTED"]


class TestAPausedCase:
    @pytest.fixture
    def paused(self, alice: Person, picture: Picture, script: Script) -> dict[str, Any]:
        made = create(alice, edited(), picture(seed=2))
        work_off()
        return made

    def test_it_is_found_by_its_status(self, alice: Person, paused: dict[str, Any]) -> None:
        other = start(alice)
        alice.post(f"/usps1583/verifications/{other['id']}/hold")
        for status, pk in (("FRAUD_DETECTED", paused["id"]), ("NEED_REVIEW", uuid_of(other["id"]))):
            found = say(alice, "get", f"/verifications?status={status}").json()
            assert [(row["id"], row["status"]) for row in found["items"]] == [(pk, status)]
        group = say(alice, "get", f"/verifications?result_id={paused['result_id']}").json()
        assert group["overall_status"] == "FRAUD_DETECTED"

    def test_nothing_of_it_is_read_by_any_door(self, alice: Person, script: Script, paused: dict[str, Any]) -> None:
        case = own(paused)
        before = state()
        for document in case.documents.all():
            refused = say(alice, "post", f"/api/v1/documents/{document.pk}/extract")
            assert (refused.status_code, refused.json()["error"]) == (400, "verification_on_hold")
            native = alice.post(f"/usps1583/documents/{document.pk}/extract")
            assert (native.status_code, native.json()["code"]) == (400, "verification_on_hold")
        session = f"/api/v1/sessions/ses_{case.pk.partition('_')[2]}"
        for name, body in (("gate", {"decision": "approve"}), ("simulate", {"action": "fail"})):
            assert say(alice, "post", f"{session}/{name}", body).status_code == 400
        work_off()
        assert (script.calls, state()) == ([], before)

    @pytest.mark.parametrize("door", ["native", "sessions"])
    def test_it_goes_on_by_any_door_that_resumes(self, alice: Person, script: Script, paused: dict[str, Any], door: str) -> None:
        case = own(paused)
        place = f"/api/v1/usps1583/verifications/{case.pk}" if door == "native" else f"/api/v1/sessions/ses_{case.pk.partition('_')[2]}"
        say(alice, "post", f"{place}/resume")
        work_off()
        assert (say(alice, "get", f"/verifications/{paused['id']}").json()["status"], len(script.calls)) == ("COMPLETED", 2)

    def test_a_hold_that_somebody_places_is_no_pause(self, alice: Person, script: Script, paused: dict[str, Any]) -> None:
        case = own(paused)
        say(alice, "post", f"/verifications/{paused['id']}/continue")
        alice.post(f"/usps1583/verifications/{case.pk}/hold")
        before, shown = state(), say(alice, "get", f"/verifications/{paused['id']}").json()
        refused = say(alice, "post", f"/verifications/{paused['id']}/continue")
        assert (shown["status"], refused.status_code, refused.json()["error_code"], state()) == ("NEED_REVIEW", 400, "INVALID_VALUE", before)

    @pytest.mark.parametrize("what", ["draft", "in queue", "canceled", "redacted"])
    def test_what_is_not_paused_is_not_continued(self, alice: Person, picture: Picture, script: Script, paused: dict[str, Any], what: str) -> None:
        case, place = own(paused), f"/verifications/{paused['id']}"
        if what == "draft":
            place = f"/verifications/{say(alice, 'post', DRAFTS, {'service_id': service(alice)}).json()['id']}"
        elif what == "in queue":
            place = f"/verifications/{create(alice, picture(seed=7), picture(seed=8), pause=None)['id']}"
        elif what == "canceled":
            alice.post(f"/usps1583/verifications/{case.pk}/cancel")
        else:
            alice.delete(f"/usps1583/verifications/{case.pk}/data")
        before, refused = state(), say(alice, "post", f"{place}/continue")
        code = "redacted" if what == "redacted" else "transition_not_allowed"
        assert (refused.status_code, refused.json()["error_code"], refused.json()["code"], state()) == (400, "INVALID_VALUE", code, before)

    def test_a_repeated_key_continues_once(self, alice: Person, paused: dict[str, Any]) -> None:
        first, again = (say(alice, "post", f"/verifications/{paused['id']}/continue", Idempotency_Key="k") for _ in range(2))
        told = [(row.status_code, row.json()["status"]) for row in (first, again)]
        assert (told, again["Idempotency-Replayed"], Event.objects.filter(type="verification.resumed").count()) == (
            [(200, "IN_QUEUE")] * 2,
            "true",
            1,
        )

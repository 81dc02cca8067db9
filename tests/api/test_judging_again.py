"""Judging again: two documents compared, one rule retried, a verification reprocessed for real and as a dry run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scripted import EVERGREEN, HOMER, LEASE, PASSPORT, Script

from decisions.models import Check, Decision, DecisionStatus
from documents.models import Document, Extraction
from factories import EXPECTED, Person, document_of, make_person, shown, start, submitted, upload, work_off
from flows import catalogue
from flows.definition import FlowDefinition
from flows.services import publish_flow
from verifications.models import AuditEntry, Event, OutboxMessage, Verification

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
EXPIRED = {**PASSPORT, "document.expiration_date": "2020-01-01"}


def everything() -> tuple[Any, ...]:
    """What a refusal or a dry run must leave alone."""
    return (
        list(Verification.objects.order_by("id").values_list("id", "status", "flow_version_id", "updated_at")),
        list(Document.objects.order_by("id").values_list("id", "status", "reprocess_run", "updated_at")),
        list(Check.objects.order_by("id").values_list("id", "current")),
        Decision.objects.count(), Extraction.objects.count(), AuditEntry.objects.count(), Event.objects.count(), OutboxMessage.objects.count(),
    )  # fmt: skip


def refused(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def without_expiry_rule() -> FlowDefinition:
    definition = next(entry for entry in catalogue.definitions() if entry.slug == "usps1583")
    rules = {name: options for name, options in definition.rules.items() if name != "document_unexpired"}
    return FlowDefinition.parse({**definition.source, "rules": rules})


def reprocess(person: Person, case: dict[str, Any], **body: Any) -> Any:
    return person.post(f"/usps1583/verifications/{case['id']}/reprocess", body)


class TestCompare:
    def both(self, alice: Person, picture: Picture) -> tuple[dict[str, Any], dict[str, Any]]:
        one, other = start(alice), start(alice, "address")
        passport = upload(alice, one, type=1, front=picture(seed=1))
        lease = upload(alice, other, "address", context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
        work_off()
        return passport, lease

    def test_any_two_documents_of_the_workspace(self, alice: Person, picture: Picture, script: Script) -> None:
        script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "person.surname": "Simson", "person.full_name": "Simson Homer"}
        passport, lease = self.both(alice, picture)
        response = alice.post(f"/usps1583/documents/{passport['id']}/compare", {"reference_document_id": lease["id"]})
        assert response.status_code == 201
        record = response.json()["data"]
        assert (record["extraction_type"], record["status"], record["document_id"]) == ("comparison", "completed", passport["id"])
        assert record["reference_document_id"] == lease["id"]
        assert record["completed_at"] is not None
        results = record["comparison_results"]
        assert set(results) == {*PASSPORT, *LEASE}
        assert results["person.given_names"] == {"document": "Homer", "reference": "Homer", "match": True, "score": 1.0, "method": "name_tokens"}
        assert (results["person.surname"]["match"], results["person.surname"]["reference"]) == (False, "Simson")
        assert 0.8 < results["person.surname"]["score"] < 1
        lacking = {"document": "L898902C3", "reference": None, "match": None, "score": None, "method": "number"}
        assert results["document.number"] == lacking
        assert results["person.date_of_birth"]["match"] is True
        listed = alice.get(f"/usps1583/documents/{passport['id']}/extractions").json()["data"]
        assert listed[0] == record

    def test_it_adds_a_record_each_time_and_changes_no_status(self, alice: Person, picture: Picture, script: Script) -> None:
        passport, lease = self.both(alice, picture)
        before = list(Document.objects.order_by("id").values_list("status", "updated_at"))
        path = f"/usps1583/documents/{passport['id']}/compare"
        ids = {alice.post(path, {"reference_document_id": lease["id"]}).json()["data"]["id"] for _ in range(2)}
        assert len(ids) == 2
        assert list(Document.objects.order_by("id").values_list("status", "updated_at")) == before

    def test_refusals(self, alice: Person, bob: Person, charlie: Person, picture: Picture, script: Script) -> None:
        passport, lease = self.both(alice, picture)
        raw = upload(alice, start(alice), type=1, front=picture(seed=3))
        foreign = upload(charlie, start(charlie), type=1, front=picture(seed=4))
        before, path = everything(), f"/usps1583/documents/{passport['id']}/compare"
        assert refused(alice.post(path, {})) == (422, "validation_failed")
        assert refused(alice.post(path, {"reference_document_id": 5})) == (422, "validation_failed")
        assert refused(alice.post("/usps1583/documents/doc_none/compare", {"reference_document_id": lease["id"]})) == (404, "document_not_found")
        assert refused(alice.post(path, {"reference_document_id": "doc_none"})) == (404, "document_not_found")
        assert refused(alice.post(path, {"reference_document_id": foreign["id"]})) == (404, "document_not_found")
        assert refused(alice.post(f"/identity/documents/{passport['id']}/compare", {"reference_document_id": lease["id"]})) == (400, "flow_mismatch")
        assert refused(alice.post(path, {"reference_document_id": passport["id"]})) == (422, "same_document")
        assert refused(alice.post(path, {"reference_document_id": raw["id"]})) == (422, "not_extracted")
        assert refused(alice.post(f"/usps1583/documents/{raw['id']}/compare", {"reference_document_id": lease["id"]})) == (422, "not_extracted")
        assert refused(bob.post(path, {"reference_document_id": lease["id"]})) == (403, "missing_scope")
        assert everything() == before


class TestRetry:
    def test_one_that_did_not_pass_is_evaluated_again(self, alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
        script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
        case = submitted(alice, picture)
        check = next(entry for entry in case["documents"][1]["checks"] if entry["rule"] == "zip_matches_state")
        assert check["outcome"] == "warning"
        path = f"/usps1583/documents/{case['documents'][1]['id']}/extracted-data"
        # Evidence that changed, and rules that were not run since.
        monkeypatch.setattr("decisions.services.preview_verification", lambda **_: None)
        alice.patch(path, {"fields": {"address.zip": "97477"}, "reason": "misread"})
        response = alice.post(f"/usps1583/verifications/{case['id']}/checks/{check['id']}/retry")
        assert response.status_code == 202
        fresh = response.json()["data"]
        assert (fresh["rule"], fresh["outcome"], fresh["fix"]) == ("zip_matches_state", "pass", "none")
        assert fresh["id"] != check["id"]
        now = alice.get(f"/usps1583/verifications/{case['id']}/checks").json()["data"]
        place = ("zip_matches_state", check["document_id"])
        assert [entry["id"] for entry in now if (entry["rule"], entry["document_id"]) == place] == [fresh["id"]]
        assert shown(alice, case)["status_label"] == "Double Check"
        again = alice.post(f"/usps1583/verifications/{case['id']}/checks/{check['id']}/retry")
        assert (again.status_code, again.json()["data"]["outcome"]) == (202, "pass")
        stored = alice.get(f"/usps1583/documents/{check['document_id']}").json()["data"]["decisions"][0]["checks"]
        assert [entry["outcome"] for entry in stored if entry["rule"] == "zip_matches_state"] == ["warning"]

    def test_refusals(self, alice: Person, bob: Person, picture: Picture, script: Script) -> None:
        case = submitted(alice, picture)
        checks = case["documents"][0]["checks"]
        passed = next(entry for entry in checks if entry["outcome"] == "pass")
        idle = next(entry for entry in checks if entry["outcome"] == "not_applicable")
        before, path = everything(), f"/usps1583/verifications/{case['id']}/checks"
        assert refused(alice.post(f"{path}/{passed['id']}/retry")) == (400, "check_passed")
        assert refused(alice.post(f"{path}/chk_none/retry")) == (404, "check_not_found")
        assert refused(alice.post(f"/identity/verifications/{case['id']}/checks/{idle['id']}/retry")) == (400, "flow_mismatch")
        assert refused(alice.post(f"/usps1583/verifications/{start(alice)['id']}/checks/{idle['id']}/retry")) == (404, "check_not_found")
        assert refused(bob.post(f"{path}/{idle['id']}/retry")) == (403, "missing_scope")
        assert everything()[2:4] == before[2:4]
        canceled = start(alice)
        upload(alice, canceled, type=1, front=picture(seed=1))
        work_off()
        old = Check.objects.filter(verification_id=canceled["id"]).exclude(outcome="pass")[0]
        alice.post(f"/usps1583/verifications/{canceled['id']}/cancel")
        assert refused(alice.post(f"/usps1583/verifications/{canceled['id']}/checks/{old.pk}/retry")) == (400, "verification_canceled")
        assert alice.post(f"{path}/{idle['id']}/retry").json()["data"]["outcome"] == "not_applicable"


class TestReprocess:
    def test_a_rejected_case_is_read_and_judged_by_todays_rules(self, alice: Person, picture: Picture, script: Script) -> None:
        script.fields["PHOTO_ID"] = EXPIRED
        case = submitted(alice, picture)
        assert (case["status_label"], case["flow_version"]) == ("Rejected", 1)
        publish_flow(definition=without_expiry_rule())
        script.calls.clear()
        response = reprocess(alice, case)
        assert response.status_code == 202
        assert (response.json()["data"]["id"], response.json()["data"]["status_label"]) == (case["id"], "Rejected")
        work_off()
        after = shown(alice, case)
        assert (after["status_label"], after["flow_version"]) == ("Approved", 2)
        assert sorted(set(script.calls)) == sorted(entry["id"] for entry in case["documents"])
        labels = [(entry["from_label"], entry["to_label"]) for entry in after["history"]][-2:]
        assert labels == [("Rejected", "Double Check"), ("Double Check", "Approved")]
        assert after["finished_at"] > case["finished_at"]
        decisions = Decision.objects.filter(document_id=document_of(after, "Photo ID")["id"]).order_by("created_at")
        assert [(entry.status, entry.workflow) for entry in decisions] == [(4, "Automatic"), (3, "Automatic")]
        assert not Document.objects.exclude(reprocess_run="").exists()

    def test_new_readings_count(self, alice: Person, picture: Picture, script: Script) -> None:
        script.fields["PHOTO_ID"] = EXPIRED
        case = submitted(alice, picture)
        script.fields["PHOTO_ID"] = PASSPORT
        reprocess(alice, case)
        work_off()
        assert shown(alice, case)["status_label"] == "Approved"
        assert Document.objects.get(context="PHOTO_ID").reading["fields"]["document.expiration_date"]["value"] == "2030-01-01"

    def test_an_unchanged_outcome_moves_nothing(self, alice: Person, picture: Picture, script: Script) -> None:
        script.fields["PHOTO_ID"] = EXPIRED
        case = submitted(alice, picture)
        reprocess(alice, case)
        work_off()
        after = shown(alice, case)
        assert (after["status"], after["history"], after["finished_at"]) == (case["status"], case["history"], case["finished_at"])
        assert Decision.objects.count() == 4

    def test_what_a_person_decided_stays(self, alice: Person, picture: Picture, script: Script) -> None:
        script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
        case = submitted(alice, picture)
        lease = document_of(case, "Proof of Address")
        alice.post("/usps1583/decisions", {"document": lease["id"], "status": 4, "reasons": ["address_mismatch"]})
        script.fields["PROOF_OF_ADDRESS"] = LEASE
        script.calls.clear()
        reprocess(alice, case)
        work_off()
        assert lease["id"] not in script.calls
        assert document_of(shown(alice, case), "Proof of Address")["status_label"] == "Rejected"
        assert Decision.objects.filter(document_id=lease["id"]).latest("created_at").status == DecisionStatus.REJECTED

    def test_an_engine_that_breaks_leaves_the_old_reading_and_rejects_nobody(self, alice: Person, picture: Picture, script: Script) -> None:
        script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
        case = submitted(alice, picture)
        script.fail = RuntimeError("engine")
        reprocess(alice, case)
        work_off(twice=False)
        assert shown(alice, case)["status_label"] == "Double Check"
        assert document_of(shown(alice, case), "Proof of Address")["extracted_data"]["address"]["zip"] == "92026"
        assert Extraction.objects.filter(status="failed").exists()
        assert not Document.objects.exclude(reprocess_run="").exists()

    def test_a_dry_run_tells_and_changes_nothing(self, alice: Person, bob: Person, picture: Picture, script: Script) -> None:
        script.fields["PHOTO_ID"] = EXPIRED
        case = submitted(alice, picture)
        publish_flow(definition=without_expiry_rule())
        before = everything()
        for person in (alice, bob):
            response = reprocess(person, case, dry_run=True)
            assert response.status_code == 200
            assert response.json()["data"]["changes"] == [
                {
                    "document": document_of(case, "Photo ID")["id"], "before": 4, "before_label": "Rejected", "after": 3, "after_label": "Approved",
                    "rules": [{"rule": "document_unexpired", "before": "error", "after": None}],
                },
            ]  # fmt: skip
        assert everything() == before

    def test_the_same_rules_change_nothing(self, alice: Person, picture: Picture, script: Script) -> None:
        case = submitted(alice, picture)
        assert case["status_label"] == "Approved"
        assert reprocess(alice, case, dry_run=True).json()["data"] == {"changes": []}

    def test_refusals(self, alice: Person, bob: Person, picture: Picture, script: Script) -> None:
        approved, fresh, held, canceled = submitted(alice, picture), start(alice), start(alice), start(alice)
        alice.post(f"/usps1583/verifications/{held['id']}/hold")
        alice.post(f"/usps1583/verifications/{canceled['id']}/cancel")
        waiting = start(alice)
        for context, kind in (("PHOTO_ID", 1), ("PROOF_OF_ADDRESS", 24)):
            upload(alice, waiting, context=context, type=kind, front=picture(seed=kind))
        alice.post(f"/usps1583/verifications/{waiting['id']}/submit")
        blind = make_person("blind", workspace="wonder", scopes=["flows:read"])
        before = everything()
        assert refused(reprocess(alice, approved)) == (400, "transition_not_allowed")
        assert refused(reprocess(alice, fresh)) == (400, "verification_not_submitted")
        assert refused(reprocess(alice, fresh, dry_run=True)) == (400, "verification_not_submitted")
        assert refused(reprocess(alice, held)) == (400, "verification_on_hold")
        assert refused(reprocess(alice, canceled)) == (400, "verification_canceled")
        assert refused(reprocess(alice, waiting, dry_run=True)) == (400, "verification_not_finished")
        assert refused(reprocess(alice, approved, dry_run="yes")) == (422, "validation_failed")
        assert refused(alice.post("/usps1583/verifications/ver_none/reprocess", {})) == (404, "verification_not_found")
        assert refused(alice.post(f"/identity/verifications/{approved['id']}/reprocess", {"dry_run": True})) == (400, "flow_mismatch")
        assert refused(reprocess(bob, approved)) == (403, "missing_scope")
        assert refused(reprocess(blind, approved, dry_run=True)) == (403, "missing_scope")
        assert everything() == before


def test_the_pictures_of_a_family_are_not_mixed_up(alice: Person, picture: Picture, script: Script) -> None:
    """One lease of two people: the second case waits for a person, and says which other case it means."""
    first = submitted(alice, picture)
    script.fields = {**script.fields, "PHOTO_ID": {**PASSPORT, **MARGE, "document.number": "L898902C4"}, "PROOF_OF_ADDRESS": {**LEASE, **MARGE}}
    second = submitted_as(alice, picture, "Marge")
    check = next(entry for entry in second["documents"][1]["checks"] if entry["rule"] == "document_used_by_one_person")
    assert (check["outcome"], check["reason_code"]) == ("warning", "duplicate_document")
    assert check["evidence"]["computed"]["uses"][0]["verification"] == first["id"]


MARGE = {**HOMER, "person.full_name": "Simpson Marge", "person.given_names": "Marge", "person.date_of_birth": "1990-03-19", **EVERGREEN}


def submitted_as(person: Person, picture: Picture, given: str) -> dict[str, Any]:
    case = start(person, expected_data={**EXPECTED, "person": {"first_name": given, "last_name": "Simpson"}})
    upload(person, case, type=1, front=picture(seed=5))
    upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off()
    person.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off()
    return shown(person, case)

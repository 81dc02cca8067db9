"""The registration bundle of a quarter: which mailboxes, what it says of them, and that it goes with the data it holds."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from scripted import Script

from decisions import exports
from decisions.bundle_verifier import check
from decisions.models import Export, ExportState
from decisions.quarters import change_in, quarter_of
from documents.models import Blob, BlobState
from factories import Person, make_person, start, upload, work_off
from verifications.models import AuditEntry, Verification

Picture = Callable[..., bytes]
EXPECTED = {
    "person": {"first_name": "Homer", "last_name": "Simpson"},
    "address": {"street": "742 Evergreen Terrace", "city": "Springfield", "state": "OR", "postal_code": "97477", "country": "USA"},
}


@pytest.mark.parametrize(
    ("name", "begins", "ends", "due"),
    [
        ("2026Q1", date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 15)),
        ("2026Q2", date(2026, 4, 1), date(2026, 6, 30), date(2026, 7, 15)),
        ("2026Q3", date(2026, 7, 1), date(2026, 9, 30), date(2026, 10, 15)),
        ("2026Q4", date(2026, 10, 1), date(2026, 12, 31), date(2027, 1, 15)),
    ],
)
def test_quarters(name: str, begins: date, ends: date, due: date) -> None:
    quarter = quarter_of(name)
    assert (quarter.begins, quarter.ends, quarter.due) == (begins, ends, due)


@pytest.mark.parametrize(
    ("opened", "closed", "amended", "expected"),
    [
        ("2026-04-01", None, True, "opened"),
        ("2026-03-31", "2026-06-30", False, "closed"),
        ("2026-05-01", "2026-05-02", False, "closed"),
        ("2026-03-31", None, True, "changed"),
        ("2026-03-31", "2026-07-01", False, "unchanged"),
        (None, None, False, "unchanged"),
    ],
)
def test_what_happened_to_a_mailbox(opened: str | None, closed: str | None, amended: bool, expected: str) -> None:
    days = [date.fromisoformat(day) if day else None for day in (opened, closed)]
    assert change_in(quarter_of("2026Q2"), *days, amended=amended) == expected


def approved(person: Person, picture: Picture, ref: str, **finished: Any) -> str:
    case = start(person, expected_data=EXPECTED, external_ref=ref)
    upload(person, case, type=1, front=picture(seed=1))
    upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off(twice=False)
    person.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off(twice=False)
    Verification.objects.filter(pk=case["id"]).update(**{"finished_at": datetime(2026, 5, 2, 12, tzinfo=UTC), **finished})
    return str(case["id"])


def requested(person: Person, **body: Any) -> dict[str, Any]:
    response = person.post("/usps1583/exports", {"quarter": "2026Q2", **body})
    assert response.status_code == 202, response.content
    work_off()
    return person.get(f"/usps1583/exports/{response.json()['data']['id']}").json()["data"]  # type: ignore[no-any-return]


def content(person: Person, export: dict[str, Any]) -> bytes:
    return b"".join(person.get(f"/usps1583/exports/{export['id']}/file").streaming_content)


@pytest.mark.django_db
class TestOverHttp:
    def test_a_quarter(self, alice: Person, picture: Picture, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exports, "PART_BYTES", 3000)
        opened = approved(alice, picture, "box-1")
        earlier = approved(alice, picture, "=box-2", finished_at=datetime(2026, 1, 2, tzinfo=UTC))
        closed = approved(alice, picture, "box-3", finished_at=datetime(2026, 1, 2, tzinfo=UTC), closed_on=date(2026, 6, 30))
        approved(alice, picture, "later", finished_at=datetime(2026, 7, 1, tzinfo=UTC))
        approved(alice, picture, "closed before", closed_on=date(2026, 3, 31))
        protected = approved(alice, picture, "protected")
        alice.patch(f"/usps1583/verifications/{protected}/form", {"applicant": {"protected": True}})
        start(alice)
        export = requested(alice)
        assert (export["state"], export["done"], export["total"], export["due_on"]) == ("done", 3, 3, "2026-07-15")
        data = content(alice, export)
        assert (len(data), Export.objects.get().parts.count()) == (export["size"], -(-len(data) // 3000))
        (tmp_path / "x.zip").write_bytes(data)
        manifest, _ = check(str(tmp_path / "x.zip"))
        assert manifest["about"]["quarter"] == "2026Q2"
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            report = json.loads(archive.read("report.json"))
            rows = list(csv.DictReader(io.StringIO(archive.read("mailboxes.csv").decode())))
            names = archive.namelist()
        assert {name: report[name] for name in ("opened", "changed", "closed", "unchanged", "expiring", "mailboxes", "due")} == {
            "opened": [opened], "changed": [], "closed": [closed], "unchanged": [earlier], "expiring": {}, "mailboxes": 3, "due": "2026-07-15",
        }  # fmt: skip
        assert "witness.kind" in report["incomplete"][opened]
        assert [(row["external_ref"], row["change"], row["applicant"], row["form_complete"]) for row in rows] == [
            ("box-1", "opened", "Homer Simpson", "no"), ("'=box-2", "unchanged", "Homer Simpson", "no"), ("box-3", "closed", "Homer Simpson", "no"),
        ]  # fmt: skip
        assert sum(name.startswith(f"mailboxes/{opened}/images/") for name in names) == 2
        assert f"mailboxes/{opened}/form.pdf" in names
        assert protected not in str(names)
        everybody = requested(alice, include_protected=True)
        assert everybody["total"] == 4
        noted = AuditEntry.objects.get(action="protected.exported")
        assert (noted.subject, noted.verification_ref) == (everybody["id"], protected)
        signed = [alice.post(f"/usps1583/exports/{export['id']}/sign-off").json()["data"]["signed_off_at"] for _ in range(2)]
        assert signed[0] == signed[1] is not None
        actions = AuditEntry.objects.filter(subject=export["id"]).order_by("number").values_list("action", flat=True)
        assert list(actions) == ["export.requested", "export.written", "export.downloaded", "export.signed_off"]

    def test_it_goes_with_the_data_it_holds(self, alice: Person, picture: Picture, script: Script) -> None:
        case = approved(alice, picture, "box-1")
        export = requested(alice)
        alice.delete(f"/usps1583/verifications/{case}/data")
        response = alice.get(f"/usps1583/exports/{export['id']}/file")
        assert (response.status_code, response.json()["code"]) == (400, "export_not_ready")
        assert alice.get(f"/usps1583/exports/{export['id']}").json()["data"]["state"] == "no_longer_kept"
        assert not Blob.objects.filter(state=BlobState.KEPT).exists()

    def test_data_deleted_while_it_is_written_is_left_out(
        self, alice: Person, picture: Picture, script: Script, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        case, other = approved(alice, picture, "box-1"), approved(alice, picture, "box-2")
        store = exports._store

        def redacted_meanwhile(*arguments: Any) -> Any:
            alice.delete(f"/usps1583/verifications/{case}/data")
            return store(*arguments)

        monkeypatch.setattr(exports, "_store", redacted_meanwhile)
        export = requested(alice)
        assert (export["state"], export["total"]) == ("done", 1)
        with zipfile.ZipFile(io.BytesIO(content(alice, export))) as archive:
            assert {name.split("/")[1] for name in archive.namelist() if name.startswith("mailboxes/")} == {other}

    def test_it_is_kept_for_a_week(self, alice: Person) -> None:
        export = requested(alice)
        assert exports.forget_old_exports() == 0
        Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert (exports.forget_old_exports(), exports.forget_old_exports()) == (1, 0)
        assert Export.objects.get(pk=export["id"]).state == ExportState.GONE

    @pytest.mark.parametrize("quarter", ["2026Q5", "2026", "Q1", "2026q1", ""])
    def test_what_is_no_quarter_is_refused(self, alice: Person, quarter: str) -> None:
        response = alice.post("/usps1583/exports", {"quarter": quarter})
        assert (response.status_code, list(response.json()["errors"])) == (422, ["quarter"])
        assert not Export.objects.exists()

    def test_others_do_not_see_it(self, alice: Person, charlie: Person, bob: Person) -> None:
        export = requested(alice)
        for path in ("", "/file"):
            response = charlie.get(f"/usps1583/exports/{export['id']}{path}")
            assert (response.status_code, response.json()["code"]) == (404, "export_not_found")
        assert charlie.get("/usps1583/exports").json()["data"] == []
        assert charlie.post(f"/usps1583/exports/{export['id']}/sign-off").status_code == 404
        assert bob.post("/usps1583/exports", {"quarter": "2026Q2"}).json()["code"] == "missing_scope"
        clerk = make_person("clerk", workspace="wonder", scopes=["verifications:read", "verifications:write", "documents:read", "decisions:write"])
        before = AuditEntry.objects.count()
        path = f"/usps1583/exports/{export['id']}"
        refused = [clerk.get(path), clerk.get(f"{path}/file"), clerk.post(f"{path}/sign-off"), clerk.get("/usps1583/exports")]
        refused += [clerk.post("/usps1583/exports", {"quarter": "2026Q2"}), clerk.post("/usps1583/inspections", {"verifications": ["ver_x"]})]
        assert [answer.json()["code"] for answer in refused] == ["missing_scope"] * len(refused)
        assert (AuditEntry.objects.count(), Export.objects.get(pk=export["id"]).signed_off_at) == (before, None)

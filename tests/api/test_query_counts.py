"""Every endpoint's number of queries: exact, and the same however much there is to show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from scripted import LEASE, Script

from factories import Person, b64, start, upload, upload_body, work_off
from verifications.models import OutboxMessage, WebhookEndpoint

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
READS = {
    "/flows": 2,
    "/{flow}": 4,
    "/{flow}/document-types": 4,
    "/verifications": 4,
    "/{flow}/verifications": 5,
    "/{flow}/verifications/{case}": 16,
    "/{flow}/verifications/{case}/checks": 14,
    "/{flow}/documents": 13,
    "/{flow}/documents/{document}": 12,
    "/{flow}/documents/{document}/checks": 12,
    "/{flow}/documents/{document}/extractions": 11,
    "/{flow}/documents/{document}/extracted-data": 9,
    "/{flow}/decisions": 7,
    "/{flow}/verifications/{case}/data": 20,
    "/{flow}/verifications/{case}/receipts": 5,
    "/lists": 3,
    "/lists/{entry}": 2,
    "/webhooks": 3,
    "/webhooks/{webhook}": 2,
    "/webhooks/{webhook}/deliveries": 4,
    "/events": 3,
}


def _decided(person: Person, picture: Picture, *, more: int) -> dict[str, str]:
    """A judged case with two documents; ``more`` further cases, runs of readers, corrections and decisions around it."""
    hooks = [person.post("/webhooks", {"url": "https://hooks.example"}).json()["data"]["id"] for _ in range(1 + more)]
    for _ in range(1 + more):
        person.post(f"/webhooks/{hooks[0]}/test")
    OutboxMessage.objects.all().delete()
    ids = {"flow": "usps1583", "webhook": hooks[0]}
    WebhookEndpoint.objects.update(active=False)
    cases = [start(person) for _ in range(1 + more)]
    for case in cases:
        upload(person, case, type=1, front=picture(seed=1))
        document = upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
        work_off(twice=False)
        for number in range(more):
            person.post(f"/usps1583/documents/{document['id']}/extract", {"types": ["ocr"]})
            fields = {"fields": {"address.street": f"{number} Elm Street"}, "reason": "misread"}
            person.patch(f"/usps1583/documents/{document['id']}/extracted-data", fields)
        person.post(f"/usps1583/verifications/{case['id']}/submit")
        work_off(twice=False)
        ids |= {"case": case["id"], "document": document["id"]}
    for number in range(1 + more):
        entry = person.post("/lists", {"kind": "blocked_name", "value": f"Somebody Else{'e' * number}", "reason": "x"})
        ids["entry"] = entry.json()["data"]["id"]
    return ids


@pytest.mark.parametrize("more", [0, 2], ids=["little", "much"])
def test_reads(alice: Person, picture: Picture, script: Script, more: int) -> None:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    ids = _decided(alice, picture, more=more)
    counted = {}
    for path in READS:
        with CaptureQueriesContext(connection) as queries:
            assert alice.get(path.format(**ids)).status_code == 200, path
        counted[path] = len(queries)
    assert counted == READS


@pytest.mark.parametrize("more", [1, 3], ids=["little", "much"])
def test_judging_again(alice: Person, picture: Picture, script: Script, more: int) -> None:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    ids = _decided(alice, picture, more=more)
    case = "/usps1583/verifications/{case}".format(**ids)
    others = [row["id"] for row in alice.get("/usps1583/documents").json()["data"] if row["verification_id"] == ids["case"]]
    check = next(row for row in alice.get(f"{case}/checks").json()["data"] if row["outcome"] == "warning")
    calls = {
        "compare": (f"/usps1583/documents/{others[0]}/compare", {"reference_document_id": others[1]}),
        "dry run": (f"{case}/reprocess", {"dry_run": True}),
        "retry": (f"{case}/checks/{check['id']}/retry", None),
    }
    counted = {}
    for name, (path, body) in calls.items():
        with CaptureQueriesContext(connection) as queries:
            assert alice.post(path, body).status_code < 300, name
        counted[name] = len(queries)
    assert counted == {"compare": 24, "dry run": 18, "retry": 26}


def _writes(ids: dict[str, str], picture: Picture) -> list[tuple[str, str, Any]]:
    case, document = f"/identity/verifications/{ids['case']}", f"/identity/documents/{ids['document']}"
    selfie = upload_body({"id": ids["case"]}, context="SELFIE", type=61, front=picture(seed=3))
    change = {"verification": ids["case"], "document": {"front_side_data": b64(picture(seed=4))}}
    return [
        ("post", "/identity/verifications", {}),
        ("patch", case, {"tags": ["x"]}),
        ("post", "/identity/documents", selfie),
        ("patch", document, change),
        ("post", f"{document}/extract", {}),
        ("post", f"{case}/submit", None),
        ("post", f"{case}/hold", None),
        ("post", f"{case}/resume", None),
        ("post", f"{case}/cancel", None),
    ]


def test_writes_take_the_same_number_of_queries_beside_many_others(alice: Person, picture: Picture) -> None:
    def counts() -> list[int]:
        case = start(alice, "identity")
        ids = {"case": case["id"], "document": upload(alice, case, "identity", front=picture())["id"]}
        found = []
        for method, path, body in _writes(ids, picture):
            with CaptureQueriesContext(connection) as queries:
                response = alice.call(method, path, body)
            assert response.status_code < 300, (path, response.content)
            found.append(len(queries))
        return found

    counts()
    first = counts()
    for _ in range(5):
        upload(alice, start(alice, "identity"), "identity", front=picture())
    assert counts() == first
    assert max(first) <= 60

"""Every address of a dialect that names a thing: of another workspace it does not exist, and nothing changes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.urls import get_resolver
from PIL import Image
from scripted import Script
from speaking import JSON_API, say, views_of

from config.api.dialects.common import uuid_of
from decisions.models import Fingerprint
from factories import make_person, start, upload, work_off
from verifications.models import AuditEntry, Event, Verification

pytestmark = pytest.mark.django_db
NAMES = ("verification", "document", "uuid", "folder", "entry", "event", "fingerprint")


class World:
    """Alice's things, and Charlie, whose they are not."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr("documents.reading.read", Script().read)
        alice = make_person("alice", workspace="wonder")
        self.charlie = make_person("charlie", workspace="factory")
        buffer = io.BytesIO()
        Image.new("RGB", (320, 200), "#345678").save(buffer, "JPEG")
        case = start(alice)
        document = upload(alice, case, front=buffer.getvalue())
        self.folder = say(alice, "post", "/folders", {"name": "June"}).json()["id"]
        self.entry = alice.post("/lists", {"kind": "blocked_name", "value": "Ned Flanders", "reason": "x"}).json()["data"]["id"]
        self.list = say(alice, "post", "/api/v1/list/names", {"data": {"attributes": {"name": "Ours"}}}).json()["data"]["id"]
        work_off()
        self.ids = {
            "verification": case["id"], "document": document["id"], "uuid": uuid_of(case["id"]), "folder": self.folder, "page": "1",
            "check": "chk_x", "fingerprint": Fingerprint.objects.latest("created_at").pk, "event": Event.objects.latest("created_at").pk,
        }  # fmt: skip

    def state(self) -> Any:
        kept = (AuditEntry, Fingerprint, Event)
        return [kind.objects.count() for kind in kept], list(Verification.objects.values_list("status", "tags", "external_ref"))


def named() -> list[tuple[str, str, bool]]:
    """Method and path of each, and whether JSON:API has to be asked for."""
    found = {
        (method.upper(), pattern, other)
        for pattern, view, other in views_of(get_resolver().url_patterns)
        for method in ("get", "post", "patch", "delete")
        if not hasattr(view, "sentence")
        and any(f"<str:{name}>" in pattern for name in NAMES)
        and method in view.http_method_names
        and hasattr(view, method)
    }
    return sorted(found)


def test_the_walk_finds_the_addresses() -> None:
    assert len(named()) >= 90


_ATTRIBUTES = {"data": {"attributes": {}}}
_BODIES = {
    "simulate": {"action": "expire"}, "gate": {"decision": "approve"}, "add": {"tag": "x"}, "remove": {"tag": "x"}, "set": {"tags": ["x"]},
    "verifications": {"configuration": {}}, "notes": {"text": "x"}, "compare-identity": {"verification_id": "ver_x"},
    "add-tag": {"meta": {"tag_name": "x"}}, "remove-tag": {"meta": {"tag_name": "x"}}, "set-tags": {"meta": {"tag_name": ["x"]}},
    "generics": _ATTRIBUTES, "inquiries": _ATTRIBUTES, "government-ids": _ATTRIBUTES,
    "documents": {"document_type": "passport", "country": "USA", "file": "aaaa"},
}  # fmt: skip


@pytest.mark.parametrize(("method", "pattern", "json_api"), named(), ids=str)
def test_what_is_another_workspaces_does_not_exist(world: World, method: str, pattern: str, json_api: bool) -> None:
    path = "/" + pattern
    for name, value in {**world.ids, "entry": world.list if pattern.startswith("api/v1/lists/") else world.entry}.items():
        path = path.replace(f"<str:{name}>", value).replace(f"<int:{name}>", value)
    words = [word for word in path.split("/") if word]
    # A document's own tags have the same words as a case's; files of a session end in "documents", too.
    body = _BODIES.get(words[-1]) or (_BODIES.get(words[-2]) if words[-2] != "documents" else None) or {}
    if words[-3:-1] == ["verification", "documents"] or words[-2] == "government-ids":
        body = _ATTRIBUTES
    before = world.state()
    response = say(world.charlie, method, path, body if method in ("POST", "PATCH") else None, **(JSON_API if json_api else {}))
    assert response.status_code == 404, response.content
    assert world.state() == before

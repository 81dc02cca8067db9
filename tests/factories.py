"""People, verifications and documents for tests: made through the services, read by a scripted reader with known results."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.test import Client
from django.utils import timezone
from PIL import Image

from flows.models import ApiToken
from flows.services import get_or_create_workspace, issue_token
from verifications.models import MessageState, OutboxMessage
from verifications.services import Caller


@dataclass(frozen=True)
class Person:
    """Somebody with a token, and a client that sends it."""

    name: str
    secret: str
    token: ApiToken

    @property
    def caller(self) -> Caller:
        return Caller(self.token.workspace, self.token.environment, f"token:{self.token.prefix}")

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One request as this person; ``body`` is sent as JSON. Answers with the response, ``.json()`` included."""
        extra = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        if "HTTP_AUTHORIZATION" not in extra:
            extra["HTTP_AUTHORIZATION"] = f"Bearer {self.secret}"
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(Client(raise_request_exception=False), method)(f"/api/v1{path}", **content, **extra)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("get", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("post", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("patch", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("delete", path, **headers)


def make_person(name: str, *, workspace: str, scopes: Iterable[str] | None = None, environment: str = "sandbox") -> Person:
    issued = issue_token(workspace=get_or_create_workspace(slug=workspace), name=name, environment=environment, scopes=scopes)
    return Person(name, issued.secret, issued.token)


def drawn(form: str = "JPEG", size: tuple[int, int] = (320, 200), seed: int = 1, **options: Any) -> bytes:
    """A small real image of any format; another ``seed`` gives other bytes."""
    buffer = io.BytesIO()
    Image.new("RGB", size, ((seed * 53) % 200 + 30, (seed * 31) % 200 + 30, 120)).save(buffer, form, **options)
    return buffer.getvalue()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def start(person: Person, flow: str = "usps1583", **fields: Any) -> dict[str, Any]:
    """A new verification's body."""
    response = person.post(f"/{flow}/verifications", fields)
    assert response.status_code == 201, response.content
    return response.json()["data"]  # type: ignore[no-any-return]


def upload_body(
    verification: Mapping[str, Any], *, context: str = "PHOTO_ID", type: int = 1, country: str = "USA", front: bytes = b"", back: bytes | None = None
) -> dict[str, Any]:
    content: dict[str, Any] = {"context_type": context, "type": type, "country": country, "front_side_data": b64(front)}
    if back is not None:
        content["back_side_data"] = b64(back)
    return {"verification": verification["id"], "document": content}


def upload(person: Person, verification: Mapping[str, Any], flow: str = "usps1583", **options: Any) -> dict[str, Any]:
    """An uploaded document's body."""
    response = person.post(f"/{flow}/documents", upload_body(verification, **options))
    assert response.status_code == 201, response.content
    return response.json()["data"]  # type: ignore[no-any-return]


def work_off(*, twice: bool = True) -> None:
    """Run everything the outbox holds, in this thread, until it is empty; ``twice`` delivers each message again afterwards."""
    import dramatiq

    broker = dramatiq.get_broker()
    seen: list[OutboxMessage] = []
    due = Q(attempts__gt=0) | Q(available_at__lte=timezone.now())
    while rows := list(OutboxMessage.objects.filter(due, state=MessageState.PENDING).order_by("created_at", "id")):
        for row in rows:
            broker.actors[row.actor].fn(row.pk)
            seen.append(row)
        OutboxMessage.objects.filter(state=MessageState.PENDING, attempts__gt=0).update(available_at=row.created_at)
        due = Q(attempts__gt=0) | Q(available_at__lte=timezone.now())
    if twice:
        for row in seen:
            OutboxMessage.objects.filter(pk=row.pk, state=MessageState.DONE).update(state=MessageState.PENDING, done_at=None)
            broker.actors[row.actor].fn(row.pk)


EXPECTED = {
    "person": {"first_name": "Homer", "last_name": "Simpson"},
    "address": {"street": "742 Evergreen Terrace", "city": "Springfield", "state": "OR", "postal_code": "97477", "country": "USA"},
}


def submitted(person: Person, picture: Callable[..., bytes]) -> dict[str, Any]:
    """A usps1583 verification with passport and lease, read, submitted and judged."""
    case = start(person, expected_data=EXPECTED)
    upload(person, case, type=1, front=picture(seed=1))
    upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off()
    assert person.post(f"/usps1583/verifications/{case['id']}/submit").status_code == 200
    work_off()
    return shown(person, case)


def shown(person: Person, case: Mapping[str, Any]) -> dict[str, Any]:
    return person.get(f"/usps1583/verifications/{case['id']}").json()["data"]  # type: ignore[no-any-return]


def document_of(case: Mapping[str, Any], label: str) -> dict[str, Any]:
    return next(entry for entry in case["documents"] if entry["document_type"]["type_label"] == label)

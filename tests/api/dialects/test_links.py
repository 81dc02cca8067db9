"""One-time links and the page behind them: who gets in, for how long, and what is written down."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from scripted import Script
from speaking import say

from documents.models import Document
from factories import Person, make_person, work_off
from verifications.models import AuditEntry, CaptureLink, MessageState, OutboxMessage, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
SESSIONS = "/api/v1/sessions"
ROBOT = {"User-Agent": "preview"}


@pytest.fixture
def session(alice: Person) -> dict[str, Any]:
    made = say(alice, "post", SESSIONS, {"workflow_id": "usps1583", "redirect_url": "https://shop.example/done"})
    assert made.status_code == 201, made.content
    return made.json()  # type: ignore[no-any-return]


def path_of(url: str) -> str:
    return url.removeprefix("http://testserver")


def link(person: Person, session: dict[str, Any], **body: Any) -> dict[str, Any]:
    made = say(person, "post", f"{SESSIONS}/{session['id']}/links", body)
    assert made.status_code == 201, made.content
    return made.json()  # type: ignore[no-any-return]


def opened(url: str, browser: Client | None = None) -> tuple[Client, str]:
    """A browser on the page, and the page's address."""
    visitor = browser or Client(REMOTE_ADDR="203.0.113.7")
    answer = visitor.get(path_of(url))
    assert answer.status_code == 303, answer.content
    return visitor, str(answer["Location"])


def agreed(url: str) -> tuple[Client, str]:
    visitor, page = opened(url)
    assert visitor.post(f"{page}/consent", {"agree": "yes", "version": "1"}).status_code == 303
    return visitor, page


def show(visitor: Client, page: str, data: bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("IMG_Homer.jpg", data, "image/jpeg")
    return visitor.post(f"{page}/documents", {"context": "PHOTO_ID", "type": "1", "country": "USA", "front": file, **fields})


def trail() -> list[str]:
    rows = AuditEntry.objects.filter(action__startswith="capture.").order_by("number")
    return list(rows.values_list("action", flat=True))


def test_a_link_has_an_address_a_picture_of_it_and_an_end(alice: Person, session: dict[str, Any]) -> None:
    made = link(alice, session)
    assert set(made) == {"id", "session_id", "capture_url", "status", "expires_at", "created_at", "qr_code_data_url"}
    assert (made["session_id"], made["status"], made["qr_code_data_url"][:22]) == (session["id"], "created", "data:image/png;base64,")
    row = CaptureLink.objects.get(pk=made["id"])
    assert timedelta(minutes=19) < row.expires_at - row.created_at <= timedelta(minutes=20)
    longer = CaptureLink.objects.get(pk=link(alice, session, expires_in_minutes=90)["id"])
    assert longer.expires_at - longer.created_at > timedelta(minutes=89)


@pytest.mark.parametrize("minutes", [0, 10081, "5", 1.5])
def test_a_time_out_of_range_makes_no_link(alice: Person, session: dict[str, Any], minutes: Any) -> None:
    refused = say(alice, "post", f"{SESSIONS}/{session['id']}/links", {"expires_in_minutes": minutes})
    assert (refused.status_code, CaptureLink.objects.count()) == (422, 1)


def test_a_new_link_revokes_the_one_before(alice: Person, session: dict[str, Any]) -> None:
    visitor, page = opened(session["capture_url"])
    second = link(alice, session)
    assert (visitor.get(page).status_code, Client().get(path_of(session["capture_url"])).status_code) == (410, 410)
    third = link(alice, session)
    assert Client().get(path_of(second["capture_url"])).status_code == 410
    told = say(alice, "get", f"{SESSIONS}/{session['id']}/links").json()["data"]
    assert [(row["status"], row["consumed_at"] is not None) for row in told] == [("created", False), ("revoked", False), ("revoked", True)]
    assert (told[0]["id"], "capture_url" in told[0]) == (third["id"], False)


def test_the_first_visit_consumes_the_link(alice: Person, session: dict[str, Any]) -> None:
    visitor, page = opened(session["capture_url"])
    again = Client().get(path_of(session["capture_url"]))
    assert (again.status_code, "opened before" in again.content.decode()) == (410, True)
    assert (visitor.get(page).status_code, Client().get(page).status_code) == (200, 403)
    assert trail() == ["capture.link_made", "capture.opened"]
    shown = say(alice, "get", f"{SESSIONS}/{session['id']}").json()
    inquiry = say(alice, "get", f"/api/v1/inquiries/{session['id']}").json()["data"]["attributes"]["status"]
    assert (shown["status"], inquiry) == ("capturing", "pending")
    lists = [len(say(alice, "get", f"{SESSIONS}?status={status}").json()["data"]) for status in ("pending", "capturing")]
    assert lists == [0, 1]


def test_a_look_ahead_consumes_nothing(session: dict[str, Any]) -> None:
    path = path_of(session["capture_url"])
    looks = [
        Client().head(path),
        Client().get(path, headers={"Sec-Purpose": "prefetch;prerender"}),
        Client().get(path, headers={"Purpose": "prefetch"}),
    ]
    assert ([look.status_code for look in looks], CaptureLink.objects.get().consumed_at) == ([204] * 3, None)
    assert Client().post(path).status_code == 405


def test_a_link_ends_by_itself(session: dict[str, Any]) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=21)):
        assert Client().get(path_of(session["capture_url"])).status_code == 410
    assert (CaptureLink.objects.get().consumed_at, trail()) == (None, ["capture.link_made"])


def test_an_open_page_ends_after_two_hours(session: dict[str, Any]) -> None:
    visitor, page = opened(session["capture_url"])
    with time_machine.travel(timezone.now() + timedelta(minutes=119)):
        assert visitor.get(page).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=121)):
        assert visitor.get(page).status_code in (403, 410)
        assert visitor.post(f"{page}/consent", {"agree": "yes", "version": "1"}).status_code in (403, 410)
    assert Verification.objects.get().consent is None


def test_a_token_that_was_guessed_opens_nothing_and_is_counted(session: dict[str, Any], settings: Any) -> None:
    settings.RATE_LIMIT = "2/min"
    with time_machine.travel(timezone.now(), tick=False):
        told = [Client().get(f"/capture/{'x' * 43}").status_code for _ in range(3)]
    assert (told, CaptureLink.objects.get().consumed_at) == ([404, 404, 429], None)


def test_the_cookie_is_for_this_page_only(session: dict[str, Any]) -> None:
    visitor, page = opened(session["capture_url"])
    cookie = visitor.cookies["vouchbox_capture"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (page, True, "Lax")
    forged = Client()
    forged.cookies["vouchbox_capture"] = page.rpartition("/")[2]
    assert forged.get(page).status_code == 403
    elsewhere = Client()
    elsewhere.cookies["vouchbox_capture"] = cookie.value
    assert elsewhere.get("/capture/at/lnk_01jd8x3m5k7n9p1r3t5v7x9z1b").status_code == 403


def test_no_secret_is_kept_or_logged(alice: Person, session: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = session["capture_url"].rpartition("/")[2]
    visitor, page = opened(session["capture_url"])
    visitor.get(page)
    Client().get(path_of(session["capture_url"]))
    assert token not in caplog.text + repr([record.__dict__ for record in caplog.records])
    rows = [*CaptureLink.objects.values(), *AuditEntry.objects.values(), *Verification.objects.values(), *OutboxMessage.objects.values()]
    assert (token in repr(rows), token in page) == (False, False)


def test_forms_need_the_token_of_their_page(session: dict[str, Any]) -> None:
    visitor, page = opened(session["capture_url"], Client(enforce_csrf_checks=True))
    assert visitor.post(f"{page}/consent", {"agree": "yes", "version": "1"}).status_code == 403
    assert Verification.objects.get().consent is None
    shown = visitor.get(page).content.decode()
    token = shown.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert visitor.post(f"{page}/consent", {"agree": "yes", "version": "1", "csrfmiddlewaretoken": token}).status_code == 303


def test_consent_comes_before_any_document(alice: Person, session: dict[str, Any], picture: Picture) -> None:
    visitor, page = opened(session["capture_url"])
    refused = show(visitor, page, picture())
    assert (refused.status_code, "Please agree first" in refused.content.decode(), Document.objects.count()) == (400, True, 0)
    unticked = visitor.post(f"{page}/consent", {"version": "1"})
    stale = visitor.post(f"{page}/consent", {"agree": "yes", "version": "0"})
    assert (unticked.status_code, stale.status_code, Verification.objects.get().consent) == (422, 409, None)
    for _ in range(2):
        assert visitor.post(f"{page}/consent", {"agree": "yes", "version": "1"}).status_code == 303
    case = Verification.objects.get()
    assert case.consent is not None
    assert (case.consent["ip"], case.consent["version"], case.consent["flow_version"]) == ("203.0.113.7", "1", case.flow_version_id)
    assert (b"203.0.113.7" in bytes(case.consent_sealed or b""), trail().count("capture.consented")) == (False, 1)
    assert "203.0.113.7" not in repr(list(AuditEntry.objects.values()))
    assert show(visitor, page, picture()).status_code == 303


def test_the_address_is_the_one_that_a_trusted_proxy_saw(session: dict[str, Any], settings: Any) -> None:
    settings.TRUST_FORWARDED_FOR = True
    visitor, page = opened(session["capture_url"])
    headers = {"X-Forwarded-For": "198.51.100.1, 192.0.2.9"}
    visitor.post(f"{page}/consent", {"agree": "yes", "version": "1"}, headers=headers)
    assert (Verification.objects.get().consent or {})["ip"] == "192.0.2.9"


def test_consent_is_for_those_who_may_see_personal_data_and_goes_with_them(alice: Person, session: dict[str, Any]) -> None:
    agreed(session["capture_url"])
    place = f"{SESSIONS}/{session['id']}"
    clerk = make_person("clark", workspace="wonder", scopes=["verifications:read"])
    assert say(alice, "get", f"{place}/export").json()["data"]["consent"]["ip"] == "203.0.113.7"
    assert [say(person, "get", place).json()["consent_ip"] for person in (alice, clerk)] == ["203.0.113.7", None]
    say(alice, "delete", f"{place}/data")
    shown = say(alice, "get", place).json()
    assert (shown["consent_ip"], shown["capture_url"], Verification.objects.get().consent_sealed) == (None, None, None)
    assert CaptureLink.objects.filter(revoked_at__isnull=True).count() == 0


def test_documents_come_through_the_same_door(alice: Person, session: dict[str, Any], picture: Picture, script: Script) -> None:
    visitor, page = agreed(session["capture_url"])
    assert show(visitor, page, picture(seed=1)).status_code == 303
    twice = show(visitor, page, picture(seed=1))
    assert (twice.status_code, "received before" in twice.content.decode(), Document.objects.count()) == (400, True, 1)
    early = visitor.post(f"{page}/submit")
    assert (early.status_code, "A document is missing" in early.content.decode()) == (400, True)
    assert Verification.objects.get().status == VerificationStatus.STARTED
    assert show(visitor, page, picture(seed=2), context="PROOF_OF_ADDRESS", type="24").status_code == 303
    assert AuditEntry.objects.filter(action="document.attached").values_list("actor", flat=True).distinct().get() == f"link:{page.rpartition('/')[2]}"
    assert visitor.post(f"{page}/submit").status_code == 303
    ended = visitor.get(page).content.decode()
    assert ("Thank you" in ended, "https://shop.example/done" in ended) == (True, True)
    work_off()
    assert Verification.objects.get().status in (VerificationStatus.APPROVED, VerificationStatus.DOUBLE_CHECK)
    late = show(visitor, page, picture(seed=3))
    assert (late.status_code, Document.objects.count()) == (400, 2)
    assert visitor.post(f"{page}/submit").status_code == 400


def test_a_document_is_removed_and_shown_again(session: dict[str, Any], picture: Picture, script: Script) -> None:
    visitor, page = agreed(session["capture_url"])
    show(visitor, page, picture(seed=1))
    work_off()
    document = Document.objects.get()
    assert "Passport received" in visitor.get(page).content.decode()
    assert visitor.post(f"{page}/documents/{document.pk}").status_code == 303
    assert (visitor.post(f"{page}/documents/{document.pk}").status_code, Document.objects.count()) == (404, 0)
    assert show(visitor, page, picture(seed=2)).status_code == 303


def test_a_better_picture_is_asked_for_where_it_helps(session: dict[str, Any], picture: Picture, script: Script) -> None:
    script.kinds["PHOTO_ID"] = "driver_license"
    visitor, page = agreed(session["capture_url"])
    show(visitor, page, picture(seed=1))
    work_off()
    assert 'class="advice"' in visitor.get(page).content.decode()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"context": "POEM"}, 422), ({"type": "x"}, 422), ({"type": "61"}, 400), ({"country": "XX"}, 422), ({"front": ""}, 400),
        ({"front": "text"}, 400), ({"type": "2"}, 400),
    ],
    ids=str,
)  # fmt: skip
def test_what_will_not_do_is_told_in_a_persons_words(session: dict[str, Any], picture: Picture, change: dict[str, str], status: int) -> None:
    visitor, page = agreed(session["capture_url"])
    refused = show(visitor, page, picture(), **change)
    text = refused.content.decode()
    assert (refused.status_code, 'role="alert"' in text, "_" in text.partition('role="alert">')[2].partition("<")[0]) == (status, True, False)
    assert Document.objects.count() == 0


def test_what_is_too_large_is_refused(session: dict[str, Any], settings: Any) -> None:
    visitor, page = agreed(session["capture_url"])
    settings.MAX_IMAGE_BYTES = 1000
    large = show(visitor, page, b"x" * 1001)
    settings.MAX_REQUEST_BYTES = 1000
    huge = show(visitor, page, b"x" * 1001)
    assert (large.status_code, huge.status_code, Document.objects.count()) == (413, 413, 0)


def test_another_sessions_documents_cannot_be_reached(alice: Person, session: dict[str, Any], picture: Picture) -> None:
    other = say(alice, "post", SESSIONS, {"workflow_id": "usps1583"}).json()
    theirs, their_page = agreed(other["capture_url"])
    show(theirs, their_page, picture())
    visitor, page = agreed(session["capture_url"])
    assert (visitor.post(f"{page}/documents/{Document.objects.get().pk}").status_code, Document.objects.count()) == (404, 1)
    assert visitor.get(their_page).status_code == 403


@pytest.mark.parametrize("name", ["cancel", "hold", "expire"])
def test_a_session_that_is_over_takes_no_documents_and_gets_no_link(alice: Person, session: dict[str, Any], picture: Picture, name: str) -> None:
    visitor, page = agreed(session["capture_url"])
    alice.post(f"/usps1583/verifications/{Verification.objects.get().pk}/{name}")
    assert (show(visitor, page, picture()).status_code, Document.objects.count()) == (400, 0)
    refused = say(alice, "post", f"{SESSIONS}/{session['id']}/links", {})
    assert (refused.status_code, refused.json()["error"], CaptureLink.objects.count()) == (400, "capture_closed", 1)
    shown = say(alice, "get", f"{SESSIONS}/{session['id']}").json()
    assert (shown["capture_url"], shown["token_expires_at"]) == (None, None)


def test_links_are_made_by_who_may_and_for_ones_own(session: dict[str, Any], bob: Person, charlie: Person) -> None:
    place = f"{SESSIONS}/{session['id']}/links"
    told = [say(bob, "post", place, {}).status_code, say(charlie, "post", place, {}).status_code, say(charlie, "get", place).status_code]
    assert (told, CaptureLink.objects.count()) == ([403, 404, 404], 1)


def test_pages_are_for_nobodys_memory(session: dict[str, Any]) -> None:
    visitor, page = opened(session["capture_url"])
    shown = visitor.get(page)
    assert (shown["Cache-Control"], shown["X-Robots-Tag"], shown["Referrer-Policy"]) == ("private, no-store", "noindex", "same-origin")
    assert "script-src 'self'" in shown["Content-Security-Policy"]


def test_a_page_takes_few_queries(session: dict[str, Any], picture: Picture) -> None:
    visitor, page = agreed(session["capture_url"])
    show(visitor, page, picture())
    with CaptureQueriesContext(connection) as queries:
        assert visitor.get(page).status_code == 200
    assert len(queries) <= 5


def test_an_invitation_is_mailed_once(alice: Person, settings: Any) -> None:
    settings.EMAIL_URL, settings.PUBLIC_URL = "memorymail://", "https://vouchbox.example"
    fields = {"workflow_id": "usps1583", "fields": {"email": "homer@springfield.example"}}
    session = say(alice, "post", SESSIONS, fields).json()
    invited = say(alice, "post", f"{SESSIONS}/{session['id']}/resend-invitation")
    assert (invited.status_code, mail.outbox) == (202, [])
    work_off()
    assert [message.to for message in mail.outbox] == [["homer@springfield.example"]]
    url = next(word for word in mail.outbox[0].body.split() if word.startswith("https://"))
    assert Client().get(url.removeprefix("https://vouchbox.example")).status_code == 303
    assert "homer" not in repr(list(OutboxMessage.objects.values())) + repr(list(AuditEntry.objects.values()))
    assert not OutboxMessage.objects.exclude(state=MessageState.DONE).exists()


@pytest.mark.parametrize(("url", "fields", "code"), [
    ("", {"email": "homer@springfield.example"}, "mail_not_configured"), ("memorymail://", {}, "email_missing"),
])  # fmt: skip
def test_who_cannot_be_written_to_gets_no_new_link(alice: Person, settings: Any, url: str, fields: dict[str, str], code: str) -> None:
    settings.EMAIL_URL, settings.PUBLIC_URL = url, "https://vouchbox.example"
    session = say(alice, "post", SESSIONS, {"workflow_id": "usps1583", "fields": fields}).json()
    refused = say(alice, "post", f"{SESSIONS}/{session['id']}/resend-invitation")
    assert (refused.status_code, refused.json()["error"], CaptureLink.objects.count(), mail.outbox) == (400, code, 1, [])


def test_a_link_made_under_another_secret_still_opens_and_is_not_shown(alice: Person, session: dict[str, Any], settings: Any) -> None:
    settings.SECRET_KEY = "another-secret-that-is-long-enough-for-a-test-of-this-kind"
    assert say(alice, "get", f"{SESSIONS}/{session['id']}").json()["capture_url"] is None
    assert Client().get(path_of(session["capture_url"])).status_code == 303


def test_an_unsafe_address_to_go_back_to_is_refused(alice: Person) -> None:
    for address in ("javascript:alert(1)", "shop", 5):
        refused = say(alice, "post", SESSIONS, {"workflow_id": "usps1583", "redirect_url": address})
        assert (refused.status_code, Verification.objects.count()) == (422, 0)


def test_no_picture_in_the_form_is_text(session: dict[str, Any]) -> None:
    """A file that is sent as a word is none."""
    visitor, page = agreed(session["capture_url"])
    file = io.BytesIO(b"")
    file.name = "empty.jpg"
    sent = visitor.post(f"{page}/documents", {"context": "PHOTO_ID", "type": "1", "country": "USA", "front": file})
    assert (sent.status_code, Document.objects.count()) == (400, 0)


def test_one_link_adds_only_so_many_documents(session: dict[str, Any], picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.capture.MOST_DOCUMENTS", 2)
    visitor, page = agreed(session["capture_url"])
    for _ in range(2):
        assert show(visitor, page, picture()).status_code == 303
        visitor.post(f"{page}/documents/{Document.objects.get().pk}")
    refused = show(visitor, page, picture())
    assert (refused.status_code, Document.objects.count()) == (429, 0)

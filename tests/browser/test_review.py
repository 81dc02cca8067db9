"""A reviewer's day in a real browser: sign in, open the queue, look closely, approve, reject. Drawn specimens, read by the real readers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone
from playwright.sync_api import Page, expect
from scripted import LEASE, Script

from decisions.apps import REVIEWERS
from decisions.models import Decision
from documents.specimens import Holder, draw, holder
from factories import Person, start, upload, work_off
from verifications.models import AuditEntry, Verification, VerificationStatus

pytestmark = [pytest.mark.service, pytest.mark.django_db(transaction=True)]
PASSWORD = "long-enough-for-everybody"
Picture = Callable[..., bytes]


@pytest.fixture
def reviewer(db: None) -> User:
    user = User.objects.create_user("marge", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=REVIEWERS))
    return user


def sign_in(page: Page, name: str = "marge") -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def declared(person: Holder, first_name: str) -> dict[str, Any]:
    address = {"street": person.street, "street2": person.street2, "city": person.city, "state": person.state, "postal_code": person.zip}
    return {
        "person": {"first_name": first_name, "last_name": person.surname, "date_of_birth": person.date_of_birth.isoformat()},
        "address": {**address, "country": "USA"},
    }


def read_case(alice: Person, seed: int, *, called: str, reference: str, proof: str = "utility_bill", kind: int = 41) -> Verification:
    """A licence, a proof of address and a selfie of one person who declared ``called`` as first name; read, submitted, judged."""
    today = timezone.now().date()
    person = holder(seed, state="CA")
    licence, paper, selfie = (draw(name, seed=seed, holder=person, today=today) for name in ("driver_license", proof, "selfie"))
    case = start(alice, external_ref=reference, expected_data=declared(person, called))
    upload(alice, case, type=2, front=licence.jpeg("front"), back=licence.jpeg("back"))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=kind, front=paper.jpeg())
    upload(alice, case, context="SELFIE", type=61, front=selfie.jpeg())
    work_off(twice=False)
    assert alice.post(f"/usps1583/verifications/{case['id']}/submit").status_code == 200
    work_off(twice=False)
    return Verification.objects.get(pk=case["id"])


def scripted_case(alice: Person, picture: Picture, script: Script, reference: str) -> Verification:
    """The same without engines: the lease's ZIP code belongs to another state."""
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    case = start(alice, external_ref=reference)
    upload(alice, case, type=1, front=picture(seed=1))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off(twice=False)
    alice.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off(twice=False)
    return Verification.objects.get(pk=case["id"])


def card(page: Page, name: str) -> Any:
    return page.locator(".vb-document", has=page.locator("h2", has_text=name))


def view_box(image: Any) -> list[float]:
    return [float(number) for number in image.get_attribute("viewBox").split()]


def wait_for_images(page: Page) -> None:
    page.wait_for_load_state("networkidle")


@pytest.mark.engine
def test_a_reviewer_decides_a_case(alice: Person, reviewer: User, page: Page, picture_for_docs: Callable[..., None]) -> None:
    case = read_case(alice, 15, called="Sam", reference="mailbox-1042")
    assert case.status == VerificationStatus.DOUBLE_CHECK
    Verification.objects.filter(pk=case.pk).update(submitted_at=timezone.now() - timedelta(hours=3))
    if_pictures(alice, picture_for_docs)

    sign_in(page)
    page.goto("/admin/decisions/reviewcase/")
    expect(page.get_by_role("row", name=re.compile("mailbox-1042"))).to_contain_text("Double Check")
    picture_for_docs("queue")

    page.get_by_role("link", name=re.compile("mailbox-1042")).click()
    wait_for_images(page)
    expect(card(page, "Photo ID")).to_contain_text("OKAFOR", ignore_case=True)
    expect(card(page, "Proof of Address")).to_contain_text("address_id_not_on_usps_list")
    assert page.locator("svg.vb-page image").count() == 4
    picture_for_docs("review")
    card(page, "Photo ID").get_by_role("button", name="Approve").click()
    expect(page.locator(".messagelist")).to_contain_text("The document is Approved.")
    expect(card(page, "Photo ID").locator(".vb-head .vb-status")).to_have_text("Approved")

    paper = card(page, "Proof of Address")
    paper.get_by_label("Reason").select_option(label="This kind of document is not accepted")
    paper.get_by_role("textbox", name="Note").fill("Please send the lease or the vehicle registration.")
    paper.get_by_role("button", name="Reject").click()
    expect(page.locator(".messagelist")).to_contain_text("The document is Rejected.")
    expect(page.locator("#content .vb-head .vb-status").first).to_have_text("Rejected")
    expect(card(page, "Proof of Address")).to_contain_text("document_not_accepted")
    wait_for_images(page)
    picture_for_docs("decided")

    assert Verification.objects.get(pk=case.pk).status == VerificationStatus.REJECTED
    by_hand = Decision.objects.filter(workflow="Manual").order_by("created_at")
    assert [(entry.status, entry.decided_by, entry.reasons) for entry in by_hand] == [
        (3, "user:marge", []),
        (4, "user:marge", ["document_not_accepted"]),
    ]
    assert AuditEntry.objects.filter(action="image.viewed", actor="user:marge").count() >= 4


def if_pictures(alice: Person, picture_for_docs: Callable[..., None]) -> None:
    """A queue of one would make a poor picture."""
    if os.environ.get("SCREENSHOTS") != "1":
        return
    for number, (seed, called, proof, kind) in enumerate([(9, "Jim", "lease", 24), (24, "Diana", "bank_statement", 42), (29, "Jimmy", "lease", 24)]):
        other = read_case(alice, seed, called=called, reference=f"mailbox-{1051 + 4 * number}", proof=proof, kind=kind)
        Verification.objects.filter(pk=other.pk).update(submitted_at=timezone.now() - timedelta(minutes=100 - 40 * number))


def test_a_page_can_be_looked_at_closely(alice: Person, reviewer: User, page: Page, picture: Picture, script: Script) -> None:
    case = scripted_case(alice, picture, script, "mailbox-7")
    sign_in(page)
    page.goto(f"/admin/decisions/reviewcase/{case.pk}/change/")
    image = page.locator("svg.vb-page").first
    whole = view_box(image)

    image.hover()
    page.mouse.wheel(0, -300)
    closer = view_box(image)
    assert closer[2] < whole[2]
    page.mouse.wheel(0, 300)
    assert view_box(image) == pytest.approx(whole)

    image.focus()
    image.press("+")
    zoomed = view_box(image)
    assert zoomed[2] == pytest.approx(whole[2] / 1.25)
    image.press("ArrowRight")
    assert view_box(image)[0] > zoomed[0]
    image.press("ArrowLeft")
    image.press("-")
    assert view_box(image)[2] == pytest.approx(whole[2])
    for _ in range(20):
        image.press("+")
    assert view_box(image)[2] == pytest.approx(whole[2] / 12)
    image.press("0")
    assert view_box(image) == pytest.approx(whole)


def test_a_field_and_its_place_on_the_page_light_up_together(alice: Person, reviewer: User, page: Page, picture: Picture, script: Script) -> None:
    case = scripted_case(alice, picture, script, "mailbox-7")
    sign_in(page)
    page.goto(f"/admin/decisions/reviewcase/{case.pk}/change/")
    document = card(page, "Photo ID")
    document.locator('tr[data-path="person.surname"]').hover()
    expect(document.locator('rect[data-path="person.surname"]')).to_have_class(re.compile("vb-on"))
    expect(document.locator('rect[data-path="person.given_names"]')).not_to_have_class(re.compile("vb-on"))


def test_a_rejection_without_a_reason_says_so(alice: Person, reviewer: User, page: Page, picture: Picture, script: Script) -> None:
    case = scripted_case(alice, picture, script, "mailbox-7")
    sign_in(page)
    page.goto(f"/admin/decisions/reviewcase/{case.pk}/change/")
    card(page, "Proof of Address").get_by_role("button", name="Reject").click()
    expect(page.locator(".messagelist")).to_contain_text("Choose a reason for the rejection.")
    assert Verification.objects.get(pk=case.pk).status == VerificationStatus.DOUBLE_CHECK


def test_somebody_who_may_only_look_finds_no_buttons(alice: Person, page: Page, picture: Picture, script: Script) -> None:
    case = scripted_case(alice, picture, script, "mailbox-7")
    looker = User.objects.create_user("lisa", password=PASSWORD, is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_reviewcase"))
    sign_in(page, "lisa")
    page.goto(f"/admin/decisions/reviewcase/{case.pk}/change/")
    expect(card(page, "Proof of Address")).to_contain_text("Evergreen")
    assert page.locator("#review form").count() == 0


def test_a_narrow_screen_shows_images_above_fields(alice: Person, reviewer: User, page: Page, picture: Picture, script: Script) -> None:
    case = scripted_case(alice, picture, script, "mailbox-7")
    page.set_viewport_size({"width": 420, "height": 900})
    sign_in(page)
    page.goto(f"/admin/decisions/reviewcase/{case.pk}/change/")
    image, facts = page.locator("svg.vb-page").first.bounding_box(), page.locator(".vb-facts").first.bounding_box()
    assert image is not None
    assert facts is not None
    assert facts["y"] > image["y"] + image["height"] - 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

"""A reviewer's day in a real browser: sign in, take a case, look closely, correct, approve, reject, ask again, agree with a second person."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Browser, Page, expect
from scripted import LEASE, Script

from decisions.apps import COMPLIANCE, REVIEWERS
from decisions.models import Decision, Inspection, Opinion
from documents.models import Correction, DocumentStatus
from documents.specimens import Holder, draw, holder
from factories import Person, start, upload, work_off
from flows import catalogue
from flows.definition import FlowDefinition
from flows.services import publish_flow
from verifications.models import AuditEntry, LegalHold, Verification, VerificationStatus

pytestmark = [pytest.mark.service, pytest.mark.django_db(transaction=True)]
PASSWORD = "long-enough-for-everybody"
QUEUE = "/admin/decisions/reviewcase/"
TABLET = {"width": 820, "height": 1180}
DESK = {"width": 1280, "height": 800}
Picture = Callable[..., bytes]
V = VerificationStatus


def person(name: str, *groups: str) -> User:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


@pytest.fixture
def reviewer(db: None) -> User:
    return person("marge", REVIEWERS)


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
    shown = holder(seed, state="CA")
    licence, paper, selfie = (draw(name, seed=seed, holder=shown, today=today) for name in ("driver_license", proof, "selfie"))
    case = start(alice, external_ref=reference, expected_data=declared(shown, called))
    upload(alice, case, type=2, front=licence.jpeg("front"), back=licence.jpeg("back"))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=kind, front=paper.jpeg())
    upload(alice, case, context="SELFIE", type=61, front=selfie.jpeg())
    work_off(twice=False)
    assert alice.post(f"/usps1583/verifications/{case['id']}/submit").status_code == 200
    work_off(twice=False)
    return Verification.objects.get(pk=case["id"])


def scripted_case(alice: Person, picture: Picture, script: Script, reference: str, *, selfie: bool = False) -> Verification:
    """The same without engines: the lease's ZIP code belongs to another state."""
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    case = start(alice, external_ref=reference)
    seed = 3 * Verification.objects.count()
    upload(alice, case, type=1, front=picture(seed=seed))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=seed + 1))
    if selfie:
        upload(alice, case, context="SELFIE", type=61, front=picture(seed=seed + 2))
    work_off(twice=False)
    alice.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off(twice=False)
    return Verification.objects.get(pk=case["id"])


@pytest.fixture
def case(alice: Person, picture: Picture, script: Script) -> Verification:
    return scripted_case(alice, picture, script, "mailbox-7")


def open_case(page: Page, case: Verification) -> None:
    page.goto(f"{QUEUE}{case.pk}/change/")
    ready(page)


def ready(page: Page) -> None:
    expect(page.locator("#review")).to_have_attribute("data-ready", "1")
    page.wait_for_load_state("networkidle")


def panel(page: Page) -> Any:
    return page.locator(".vb-document:not([hidden])")


def shown(page: Page) -> Any:
    return page.locator(".vb-stage .vb-figure:not([hidden]) svg.vb-page")


def view_box(image: Any) -> list[float]:
    return [float(number) for number in image.get_attribute("viewBox").split()]


def dialog(page: Page) -> Any:
    return page.locator("dialog[open]")


def said(page: Page, text: str) -> None:
    expect(page.locator(".messagelist")).to_contain_text(text)


def status_of(case: Verification) -> int:
    return int(Verification.objects.get(pk=case.pk).status)


# The admin's colours change in a transition; half-way they are nobody's choice. It begins with the next frame.
SETTLE = """async () => {
  for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
  for (const one of document.getAnimations()) if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
}"""


def accessible(page: Page) -> None:
    """No violation of WCAG 2.2 A or AA, and of axe's best practices, in light and dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(SETTLE)
        # Without preloading: axe would fetch the admin's imported styles itself, from the wrong folder and against the page's policy.
        found = Axe().run(page, options={"preload": False})
        assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"
    page.emulate_media(color_scheme="light")


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.engine
def test_a_reviewer_decides_a_case(alice: Person, reviewer: User, page: Page, picture_for_docs: Callable[..., None]) -> None:
    case = read_case(alice, 15, called="Sam", reference="mailbox-1042")
    assert case.status == V.DOUBLE_CHECK
    Verification.objects.filter(pk=case.pk).update(submitted_at=timezone.now() - timedelta(hours=31))
    if_pictures(alice, picture_for_docs)
    page.set_viewport_size({"width": 1360, "height": 860})

    sign_in(page)
    page.goto(QUEUE)
    row = page.get_by_role("row", name=re.compile("mailbox-1042"))
    expect(row).to_contain_text("Double Check")
    expect(row.locator(".vb-age")).to_have_class(re.compile("vb-age-late"))
    picture_for_docs("queue")

    page.get_by_role("button", name="Take the next case").click()
    ready(page)
    expect(page.locator("h1")).to_have_text("mailbox-1042")
    expect(page.locator(".vb-claim")).to_have_text("Yours")
    page.keyboard.press("1")
    assert shown(page).count() == 3
    expect(panel(page)).to_contain_text("OKAFOR", ignore_case=True)
    number = panel(page).locator('tr[data-path="document.number"]')
    expect(number).to_contain_text("••••")
    picture_for_docs("review")
    page.keyboard.press("a")
    picture_for_docs("approve")
    page.keyboard.press("Enter")
    said(page, "The document is Approved.")

    ready(page)
    expect(panel(page)).to_contain_text("address_id_not_on_usps_list")
    page.keyboard.press("r")
    dialog(page).get_by_label("This kind of document is not accepted").check()
    dialog(page).get_by_role("textbox", name="Note").fill("Please send the lease or the vehicle registration.")
    picture_for_docs("reject")
    dialog(page).get_by_role("button", name="Reject").click()
    said(page, "The document is Rejected.")
    expect(page.locator("#vb-case-status")).to_have_text("Rejected")
    ready(page)
    page.keyboard.press("2")
    picture_for_docs("decided")

    assert status_of(case) == V.REJECTED
    by_hand = Decision.objects.filter(workflow="Manual").order_by("created_at")
    assert [(entry.status, entry.decided_by, entry.reasons) for entry in by_hand] == [
        (3, "user:marge", []),
        (4, "user:marge", ["document_not_accepted"]),
    ]
    assert AuditEntry.objects.filter(action="image.viewed", actor="user:marge").count() >= 4
    page.goto(f"{QUEUE}dashboard/")
    expect(page.get_by_role("heading", name="Machine and people")).to_be_visible()
    picture_for_docs("dashboard")
    page.emulate_media(color_scheme="dark")
    open_case(page, case)
    page.keyboard.press("1")
    page.wait_for_load_state("networkidle")
    picture_for_docs("dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(TABLET)
    open_case(page, case)
    picture_for_docs("tablet")


def if_pictures(alice: Person, picture_for_docs: Callable[..., None]) -> None:
    """A queue of one would make a poor picture."""
    if os.environ.get("SCREENSHOTS") != "1":
        return
    for number, (seed, called, proof, kind) in enumerate([(9, "Jim", "lease", 24), (24, "Diana", "bank_statement", 42), (29, "Jimmy", "lease", 24)]):
        other = read_case(alice, seed, called=called, reference=f"mailbox-{1051 + 4 * number}", proof=proof, kind=kind)
        Verification.objects.filter(pk=other.pk).update(submitted_at=timezone.now() - timedelta(hours=20 - 8 * number))


def code_of(user: User, *, later: int = 0) -> str:
    device = TOTPDevice.objects.get(user=user)
    made = TOTP(device.bin_key, device.step, device.t0, device.digits)
    made.time = time.time() + later * device.step
    return f"{made.token():06d}"


def test_the_second_factor_is_set_up_and_asked_for(reviewer: User, page: Page, settings: Any, picture_for_docs: Callable[..., None]) -> None:
    settings.ADMIN_REQUIRE_2FA = True
    sign_in(page)
    expect(page.get_by_role("img", name="QR code of the key below")).to_be_visible()
    accessible(page)
    picture_for_docs("second-factor")
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".errornote")).to_contain_text("The code is not right")
    assert not TOTPDevice.objects.filter(confirmed=True).exists()
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    page.get_by_label("Code", exact=True).fill(code_of(reviewer))
    page.get_by_role("button", name="Confirm").click()
    codes = page.locator(".vb-codes li").all_inner_texts()
    assert len(set(codes)) == 10
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("button", name="Log out").click()

    sign_in(page)
    page.goto(QUEUE)
    expect(page.get_by_label("Code", exact=True)).to_be_visible()
    accessible(page)
    page.get_by_label("Code", exact=True).fill(code_of(reviewer, later=1))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Double check")).to_be_visible()
    page.get_by_role("button", name="Log out").click()

    sign_in(page)
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("link", name="Second factor")).to_be_visible()


def test_a_page_can_be_looked_at_closely(reviewer: User, page: Page, case: Verification) -> None:
    sign_in(page)
    open_case(page, case)
    page.keyboard.press("1")
    image = shown(page).first
    whole = view_box(image)

    image.hover()
    page.mouse.wheel(0, -300)
    closer = view_box(image)
    assert closer[2] < whole[2]
    box = image.bounding_box()
    assert box is not None
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 - 40, box["y"] + box["height"] / 2)
    page.mouse.up()
    assert view_box(image)[0] > closer[0]
    page.keyboard.press("0")
    assert view_box(image) == pytest.approx(whole)

    image.focus()
    image.press("+")
    zoomed = view_box(image)
    assert zoomed[2] == pytest.approx(whole[2] / 1.25)
    image.press("ArrowRight")
    assert view_box(image)[0] > zoomed[0]
    for _ in range(20):
        image.press("+")
    assert view_box(image)[2] == pytest.approx(whole[2] / 12)
    image.press("0")
    image.press(".")
    assert view_box(image)[2:] == pytest.approx([whole[3], whole[2]])
    image.press(",")
    assert view_box(image) == pytest.approx(whole)
    image.press("]")
    image.press("]")
    assert image.locator("image").evaluate("image => image.style.filter") == "brightness(1.4)"
    expect(page.locator("#vb-image-state")).to_have_text("100 %, brightness 140 %")


def test_documents_stand_side_by_side(reviewer: User, alice: Person, page: Page, picture: Picture, script: Script) -> None:
    case = scripted_case(alice, picture, script, "mailbox-8", selfie=True)
    sign_in(page)
    open_case(page, case)
    page.keyboard.press("1")
    assert [svg.get_attribute("aria-label").split(",")[0] for svg in shown(page).all()] == ["Photo ID", "Selfie"]
    one, two = (svg.bounding_box() for svg in shown(page).all())
    assert one is not None
    assert two is not None
    assert two["x"] >= one["x"] + one["width"]
    page.keyboard.press("v")
    assert shown(page).count() == 3
    page.keyboard.press("f")
    assert shown(page).count() == 1


def test_a_field_and_its_place_on_the_page_light_up_together(reviewer: User, page: Page, case: Verification) -> None:
    sign_in(page)
    open_case(page, case)
    page.keyboard.press("1")
    panel(page).locator('tr[data-path="person.surname"]').hover()
    expect(page.locator('.vb-figure:not([hidden]) rect[data-path="person.surname"]')).to_have_class(re.compile("vb-on"))
    expect(page.locator('.vb-figure:not([hidden]) rect[data-path="person.given_names"]')).not_to_have_class(re.compile("vb-on"))
    whole = view_box(shown(page).first)
    panel(page).get_by_role("button", name="Surname", exact=True).click()
    assert view_box(shown(page).first)[2] < whole[2]


def test_a_number_is_shown_when_it_is_asked_for(reviewer: User, page: Page, case: Verification) -> None:
    sign_in(page)
    open_case(page, case)
    page.keyboard.press("1")
    row = panel(page).locator('tr[data-path="document.number"]')
    masked = row.locator("[data-value]").inner_text()
    assert masked.startswith("••••")
    row.get_by_role("button", name="Show Document number").click()
    expect(row.locator("[data-value]")).not_to_contain_text("••••")
    assert row.locator("[data-value]").inner_text().endswith(masked.removeprefix("••••"))
    assert AuditEntry.objects.filter(action="number.revealed", actor="user:marge").count() == 1


def test_a_field_is_corrected_and_the_case_approved_by_keys_alone(reviewer: User, page: Page, case: Verification) -> None:
    sign_in(page)
    page.goto(QUEUE)
    page.get_by_role("button", name="Take the next case").focus()
    page.keyboard.press("Enter")
    ready(page)
    expect(panel(page)).to_contain_text("zip_state_mismatch")
    page.keyboard.press("c")
    dialog(page).get_by_label("Field").select_option("address.zip")
    dialog(page).get_by_label("Value").fill("97477")
    dialog(page).get_by_label("Reason").fill("A smudge on the page")
    page.keyboard.press("Enter")
    said(page, "The field is corrected")
    ready(page)
    expect(panel(page).locator('tr[data-path="address.zip"]')).to_contain_text("97477")
    expect(panel(page).locator('tr[data-path="address.zip"]')).to_contain_text("read: 92026")
    assert panel(page).locator(".vb-warning").count() == 0
    assert Correction.objects.get().content == {"value": "97477", "reason": "A smudge on the page"}
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    said(page, "The document is Approved.")
    assert status_of(case) == V.APPROVED
    page.keyboard.press("n")
    said(page, "Nothing waits for you.")


def test_documents_are_asked_for_again(reviewer: User, page: Page, case: Verification) -> None:
    sign_in(page)
    open_case(page, case)
    page.keyboard.press("s")
    dialog(page).get_by_label("Proof of Address").check()
    dialog(page).get_by_label("Reason").select_option("document_unreadable")
    dialog(page).get_by_label("What the applicant shall do").fill("Please in daylight.")
    dialog(page).get_by_role("button", name="Ask again").click()
    said(page, "The documents were asked for again.")
    expect(page.get_by_label("Comments", exact=True)).to_contain_text("Please in daylight.")
    expect(page.get_by_label("Earlier attempts")).to_contain_text("Earlier attempt: Proof of Address")
    fresh = Verification.objects.get(pk=case.pk)
    assert (fresh.status, fresh.attempt) == (V.STARTED, 2)


def test_comments_and_hold(reviewer: User, page: Page, case: Verification) -> None:
    sign_in(page)
    open_case(page, case)
    page.keyboard.press("m")
    dialog(page).get_by_label("Text").fill("The bank was called.")
    dialog(page).get_by_role("button", name="Keep").click()
    expect(page.get_by_label("Comments", exact=True)).to_contain_text("Colleagues only")
    ready(page)
    page.keyboard.press("h")
    said(page, "The case is on hold.")
    assert status_of(case) == V.HOLD
    ready(page)
    page.keyboard.press("h")
    said(page, "The case is taken up again.")
    assert status_of(case) == V.DOUBLE_CHECK


def test_a_compliance_officer_overrides_a_rule(page: Page, case: Verification) -> None:
    person("ned", COMPLIANCE)
    sign_in(page, "ned")
    open_case(page, case)
    page.keyboard.press("o")
    dialog(page).get_by_label("Reason").fill("The ZIP code was reassigned in May.")
    dialog(page).get_by_role("button", name="Override").click()
    said(page, "The rule's result is overridden.")
    expect(panel(page).locator(".vb-overridden")).to_contain_text("The ZIP code was reassigned in May.")


def colleague(browser: Browser, page: Page, name: str) -> Page:
    opened = browser.new_context(viewport=DESK, base_url=page.url.partition("/admin")[0]).new_page()
    sign_in(opened, name)
    return opened


def test_two_reviewers_collide_and_one_decides(reviewer: User, browser: Browser, page: Page, case: Verification) -> None:
    person("bart", REVIEWERS)
    sign_in(page)
    other = colleague(browser, page, "bart")
    open_case(page, case)
    open_case(other, case)
    page.keyboard.press("r")
    dialog(page).get_by_label("The addresses do not match").check()
    dialog(page).get_by_role("button", name="Reject").click()
    said(page, "The document is Rejected.")
    other.keyboard.press("a")
    other.keyboard.press("Enter")
    said(other, "The case was changed meanwhile.")
    assert status_of(case) == V.REJECTED
    assert Decision.objects.filter(workflow="Manual").count() == 1
    other.context.close()


def test_somebody_elses_case_is_not_decided(reviewer: User, browser: Browser, page: Page, case: Verification) -> None:
    person("bart", REVIEWERS)
    sign_in(page)
    other = colleague(browser, page, "bart")
    other.goto(QUEUE)
    other.get_by_role("button", name="Take the next case").click()
    ready(other)
    open_case(page, case)
    expect(page.locator(".vb-claim")).to_have_text("bart is working on this case")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    said(page, "Somebody else is working on this case: bart.")
    assert status_of(case) == V.DOUBLE_CHECK
    other.context.close()


def test_a_second_person_must_agree(
    reviewer: User, browser: Browser, page: Page, alice: Person, picture: Picture, script: Script, picture_for_docs: Callable[..., None]
) -> None:
    flow = next(entry for entry in catalogue.definitions() if entry.slug == "usps1583")
    publish_flow(definition=FlowDefinition.parse({**flow.source, "review": {"second_reviewer": True}}))
    case = scripted_case(alice, picture, script, "mailbox-9")
    person("bart", REVIEWERS)
    sign_in(page)
    open_case(page, case)
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    said(page, "A second person must agree")
    assert status_of(case) == V.DOUBLE_CHECK
    page.keyboard.press("n")
    said(page, "Nothing waits for you.")
    other = colleague(browser, page, "bart")
    other.goto(QUEUE)
    other.get_by_role("button", name="Take the next case").click()
    ready(other)
    expect(panel(other)).to_contain_text("A first opinion by user:marge")
    accessible(other)
    other.keyboard.press("a")
    other.keyboard.press("Enter")
    said(other, "The document is Approved.")
    assert status_of(case) == V.APPROVED
    opinion = Opinion.objects.get()
    assert (opinion.author, opinion.closed_by) == ("user:marge", "user:bart")
    other.context.close()


def test_somebody_who_may_only_look_finds_no_buttons(page: Page, case: Verification) -> None:
    looker = person("lisa")
    looker.user_permissions.add(Permission.objects.get(codename="view_reviewcase"))
    sign_in(page, "lisa")
    open_case(page, case)
    expect(page.locator(".vb-panel")).to_contain_text("Evergreen")
    assert page.locator("#review form").count() == 0


@pytest.mark.parametrize("size", [DESK, TABLET], ids=["desk", "tablet"])
def test_every_page_is_accessible(reviewer: User, alice: Person, page: Page, picture: Picture, script: Script, size: Any) -> None:
    case = scripted_case(alice, picture, script, "mailbox-7", selfie=True)
    reviewer.groups.add(Group.objects.get(name=COMPLIANCE))
    page.set_viewport_size(size)
    page.goto("/admin/")
    accessible(page)
    sign_in(page)
    for address in (QUEUE, f"{QUEUE}dashboard/", "/admin/second-factor/"):
        page.goto(address)
        accessible(page)
        fits(page)
    open_case(page, case)
    accessible(page)
    fits(page)
    for key in ("a", "r", "s", "c", "o", "m", "?"):
        page.keyboard.press(key)
        expect(dialog(page), f"the dialog of {key}").to_be_visible()
        accessible(page)
        page.keyboard.press("Escape")
        expect(dialog(page)).to_have_count(0)


@pytest.mark.parametrize("size", [DESK, TABLET], ids=["desk", "tablet"])
def test_compliance_pages_are_accessible_and_work_by_keys(
    alice: Person, page: Page, case: Verification, size: Any, picture_for_docs: Callable[..., None]
) -> None:
    """A bundle is followed until it is written, a link is made and revoked, a hold placed and lifted, an Approved case renewed."""
    person("ned", COMPLIANCE)
    approve_by_hand(alice, case)
    page.set_viewport_size(size)
    sign_in(page, "ned")
    now = timezone.now()
    places = {"Workspace": case.workspace.name, "Environment": "Sandbox", "Flow": case.flow.name}

    page.goto("/admin/decisions/export/add/")
    choose(page, {**places, "Quarter": f"{now.year}Q{(now.month + 2) // 3}"})
    accessible(page)
    save_by_key(page)
    expect(page.get_by_role("status")).to_have_text("Pending")
    accessible(page)
    fits(page)
    work_off(twice=False)
    expect(page.get_by_role("status")).to_have_text("Done")
    expect(page.locator("#export-count")).to_have_text("1 of 1 mailboxes")
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Sign off the quarter").press("Enter")
    said(page, "You answer for")
    if size == DESK:
        picture_for_docs("bundle")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").press("Enter")
    assert download.value.path().read_bytes()[:2] == b"PK"

    page.goto("/admin/decisions/inspection/add/")
    choose(page, places)
    page.get_by_label("Verifications").fill(case.pk)
    accessible(page)
    save_by_key(page)
    url = page.get_by_label("Link", exact=True).input_value()
    accessible(page)
    fits(page)
    page.goto(url)
    accessible(page)
    inspection = Inspection.objects.get()
    page.goto(f"/admin/decisions/inspection/{inspection.pk}/change/")
    expect(page.get_by_role("row", name=re.compile("inspection.viewed"))).to_be_visible()
    accessible(page)
    fits(page)
    if size == DESK:
        picture_for_docs("inspection")
    page.get_by_role("button", name="Revoke now").press("Enter")
    said(page, "The link opens nothing any more.")

    open_case(page, case)
    accessible(page)
    page.get_by_role("link", name="Legal hold").press("Enter")
    page.get_by_label("Reason").fill("Superior Court, 26-1042")
    accessible(page)
    save_by_key(page)
    accessible(page)
    fits(page)
    open_case(page, case)
    expect(page.locator(".vb-head")).to_contain_text("Legal hold")
    page.goto(f"/admin/verifications/legalhold/{LegalHold.objects.get().pk}/change/")
    page.get_by_role("button", name="Lift the hold").press("Enter")
    said(page, "The hold is lifted")

    open_case(page, case)
    page.get_by_role("button", name="Renew").press("Enter")
    said(page, "The renewal is")
    renewal = Verification.objects.get(renews=case)
    expect(page.locator(".vb-head")).to_contain_text(f"renewed by {renewal.pk}")
    accessible(page)
    fits(page)
    for address in ("/admin/decisions/export/", "/admin/decisions/inspection/", "/admin/verifications/legalhold/"):
        page.goto(address)
        accessible(page)


def approve_by_hand(alice: Person, case: Verification) -> None:
    for document in case.documents.filter(status=DocumentStatus.DOUBLE_CHECK):
        assert alice.post("/usps1583/decisions", {"document": document.pk, "status": 3}).status_code == 201
    work_off(twice=False)
    assert status_of(case) == V.APPROVED


def choose(page: Page, chosen: dict[str, str]) -> None:
    for label, value in chosen.items():
        options = page.get_by_label(label).locator("option").all_inner_texts()
        page.get_by_label(label).select_option(label=next(option for option in options if option.startswith(value)))


def save_by_key(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).press("Enter")


def test_keys_can_be_switched_off(reviewer: User, page: Page, case: Verification) -> None:
    sign_in(page)
    open_case(page, case)
    page.keyboard.press("?")
    dialog(page).get_by_label("Single keys act").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    assert dialog(page).count() == 0
    open_case(page, case)
    page.keyboard.press("a")
    assert dialog(page).count() == 0


def test_a_narrow_screen_shows_images_above_fields(reviewer: User, page: Page, case: Verification) -> None:
    page.set_viewport_size(TABLET)
    sign_in(page)
    open_case(page, case)
    image, facts = shown(page).first.bounding_box(), panel(page).bounding_box()
    assert image is not None
    assert facts is not None
    assert facts["y"] > image["y"] + image["height"] - 1
    fits(page)


def crowd(case: Verification, size: int) -> None:
    """``size`` more cases like ``case`` in Double Check."""
    columns = [field.column for field in Verification._meta.concrete_fields if field.column != "id"]
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO verifications_verification (id, {names}) WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter"
            f" WHERE n < %s) SELECT 'ver_' || n, {names} FROM counter, verifications_verification WHERE id = %s",
            [size, case.pk],
        )


def test_a_case_is_ready_within_a_second_while_a_hundred_thousand_wait(
    reviewer: User, alice: Person, page: Page, picture: Picture, script: Script
) -> None:
    case = scripted_case(alice, picture, script, "mailbox-7", selfie=True)
    crowd(case, 100_000)
    Verification.objects.filter(pk=case.pk).update(submitted_at=timezone.now() - timedelta(days=3))
    sign_in(page)
    open_case(page, case)
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        page.goto(f"{QUEUE}{case.pk}/change/", wait_until="commit")
        expect(page.locator("#review")).to_have_attribute("data-ready", "1")
        took.append(time.perf_counter() - begun)
    assert min(took) < 1, took
    page.goto(QUEUE)
    expect(page.locator(".vb-counts")).to_contain_text("100001")
    page.get_by_role("button", name="Take the next case").click()
    ready(page)
    expect(page.locator("h1")).to_have_text("mailbox-7")
    assert DocumentStatus.DOUBLE_CHECK in {int(entry.status) for entry in case.documents.all()}

"""A person shows documents from a telephone: agrees, takes pictures, sends them; also without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from scripted import Script

from documents.capture import issue_link, path_of
from documents.models import Document
from documents.specimens import draw
from factories import Person, start
from verifications.models import Verification, VerificationStatus

pytestmark = [pytest.mark.service, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def address(alice: Person) -> str:
    case = start(alice)
    return str(path_of(issue_link(caller=alice.caller, verification_id=case["id"])))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A licence's two sides and a utility bill."""
    today, found = timezone.now().date(), {}
    licence, bill = draw("driver_license", seed=15, today=today), draw("utility_bill", seed=15, today=today)
    for name, data in (("front", licence.jpeg("front")), ("back", licence.jpeg("back")), ("bill", bill.jpeg())):
        found[name] = tmp_path / f"{name}.jpg"
        found[name].write_bytes(data)
    return found


def accessible(page: Page) -> None:
    """No violation of WCAG 2.2 A or AA, and of axe's best practices, in light and dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = Axe().run(page, options={"preload": False})
        assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"
    page.emulate_media(color_scheme="light")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_person_shows_documents(page: Page, address: str, files: dict[str, Path], script: Script, picture_for_docs: Callable[..., None]) -> None:
    page.set_viewport_size(PHONE)
    page.goto(address)
    assert "/capture/at/lnk_" in page.url
    accessible(page)
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Continue").click()

    photo = page.locator("section", has=page.get_by_role("heading", name="Photo ID"))
    back = photo.get_by_label("Back")
    expect(back).to_be_hidden()
    photo.get_by_label("Document").select_option(label="Driver License")
    expect(back).to_be_visible()
    photo.get_by_label("Document").select_option(label="Passport")
    expect(back).to_be_hidden()
    photo.get_by_label("Document").select_option(label="Driver License")
    photo.get_by_label("Front").set_input_files(files["front"])
    back.set_input_files(files["back"])
    expect(photo.get_by_alt_text("The picture that you chose")).to_have_count(2)
    accessible(page)
    picture_for_docs("capture")
    photo.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Driver License received")).to_be_visible()

    proof = page.locator("section", has=page.get_by_role("heading", name="Proof of Address"))
    proof.get_by_label("Document").select_option(label="Utility Bill")
    proof.get_by_label("Picture or PDF").set_input_files(files["bill"])
    proof.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Utility Bill received")).to_be_visible()
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    accessible(page)
    assert (Verification.objects.get().status, Document.objects.count()) == (VerificationStatus.SUBMITTED, 2)
    # Waits for the last answer, so that the server is at rest.
    page.wait_for_load_state("networkidle")


def test_the_page_works_without_javascript(browser: Browser, live_server: Any, one_at_a_time: None, address: str, files: dict[str, Path]) -> None:
    context = browser.new_context(viewport=PHONE, base_url=live_server.url, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("alert")).to_contain_text("A document is missing")
    photo = page.locator("section", has=page.get_by_role("heading", name="Photo ID"))
    photo.locator("select[name=type]").select_option(label="Driver License")
    photo.get_by_label("Front").set_input_files(files["front"])
    photo.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("two sides")
    photo.get_by_label("Front").set_input_files(files["front"])
    photo.get_by_label("Back").set_input_files(files["back"])
    photo.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Driver License received")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Driver License received")).to_have_count(0)
    context.close()
    assert Document.objects.count() == 0

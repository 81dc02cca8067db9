"""The interactive documentation renders under the strict policy, and asks no other host for anything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Page, expect

from decisions.apps import ADMINISTRATORS
from flows.models import ApiToken
from flows.services import get_or_create_workspace
from verifications.models import Verification

pytestmark = [pytest.mark.service, pytest.mark.django_db(transaction=True)]
PASSWORD = "long-enough-for-everybody"


def sign_in(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill("lisa")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_the_operations_are_shown(page: Page) -> None:
    page.goto("/docs")
    expect(page.locator(".opblock").first).to_be_visible(timeout=20_000)  # a document of a megabyte, on a machine that tests share
    assert page.locator(".opblock").count() >= 25
    expect(page.locator("#api")).to_contain_text("/api/v1/{flow}/verifications/{verification}/submit")


def test_an_operation_opens_with_its_example(page: Page) -> None:
    page.goto("/docs")
    page.locator(".opblock-post", has_text="/api/v1/{flow}/decisions").first.click()
    expect(page.locator(".opblock.is-open")).to_contain_text("document_expired")


def test_somebody_who_may_make_tokens_tries_an_operation_with_a_click(page: Page, flows: None) -> None:
    administrator = User.objects.create_user("lisa", password=PASSWORD, is_staff=True)
    administrator.groups.set(Group.objects.filter(name=ADMINISTRATORS))
    get_or_create_workspace(slug="springfield", name="Springfield")
    page.goto("/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    expect(page.get_by_role("button", name="Use a sandbox token")).to_have_count(0)
    assert page.context.cookies() == []

    sign_in(page)
    page.goto("/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    assert ApiToken.objects.count() == 0
    page.get_by_role("button", name="Use a sandbox token").click()
    expect(page.locator("#sandbox output")).to_contain_text("A sandbox token is filled in until")
    token = ApiToken.objects.get()
    assert (token.environment, token.workspace.slug) == ("sandbox", "springfield")
    assert token.expires_at is not None
    assert timedelta(hours=3) < token.expires_at - timezone.now() <= timedelta(hours=4)

    answer = _tried(page, ".opblock-post", 201)
    assert answer["data"]["external_ref"] == "mailbox-1042"
    assert Verification.objects.get().pk == answer["data"]["id"]
    assert [case["id"] for case in _tried(page, ".opblock-get", 200)["data"]] == [answer["data"]["id"]]
    kept = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, location.href, document.cookie])")
    assert "vk_sandbox" not in kept
    page.goto("/docs")
    expect(page.get_by_role("button", name="Use a sandbox token")).to_be_visible()
    assert "vk_sandbox" not in page.content()


def _tried(page: Page, kind: str, status: int) -> Any:
    """Press "Try it out" and "Execute" and nothing else; what was answered."""
    block = page.locator(kind).filter(has=page.locator('[data-path="/api/v1/{flow}/verifications"]'))
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    with page.expect_response(lambda response: "/api/v1/usps1583/verifications" in response.url) as told:
        block.get_by_role("button", name="Execute").click()
    assert told.value.status == status
    assert told.value.request.headers["authorization"].startswith("Bearer vk_sandbox_")
    expect(block.locator(".live-responses-table tr.response .response-col_status").first).to_contain_text(str(status))
    return told.value.json()

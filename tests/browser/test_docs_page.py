"""The interactive documentation renders under the strict policy, and asks no other host for anything."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.service, pytest.mark.django_db(transaction=True)]


def test_the_operations_are_shown(page: Page) -> None:
    page.goto("/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    assert page.locator(".opblock").count() >= 25
    expect(page.locator("#api")).to_contain_text("/api/v1/{flow}/verifications/{verification}/submit")


def test_an_operation_opens_with_its_example(page: Page) -> None:
    page.goto("/docs")
    page.locator(".opblock-post", has_text="/api/v1/{flow}/decisions").first.click()
    expect(page.locator(".opblock.is-open")).to_contain_text("document_expired")

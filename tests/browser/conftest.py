"""A real browser against a real server. Everything a page complains about is collected, and a test that leaves complaints behind fails."""

from __future__ import annotations

import io
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.handlers.wsgi import WSGIHandler
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright
from servers import missing

# Playwright's synchronous API runs an event loop in this thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--force-color-profile=srgb"])
        yield found
        found.close()


@pytest.fixture(autouse=True)
def _emptied_after_each_test(emptied: None) -> None:
    """These tests commit."""


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' SQLite lives in memory, where a second connection is refused at once instead of waiting: requests take turns."""
    turn, answer = threading.Lock(), WSGIHandler.__call__

    def in_turn(handler: WSGIHandler, environ: Any, start_response: Any) -> Any:
        with turn:
            return answer(handler, environ, start_response)

    monkeypatch.setattr(WSGIHandler, "__call__", in_turn)


@pytest.fixture
def page(browser: Browser, live_server: Any, one_at_a_time: None) -> Iterator[Page]:
    """A page of its own context. Console errors, uncaught exceptions, policy violations, requests to other hosts and failed ones end the test."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1360, "height": 900}, device_scale_factor=1.5, base_url=live_server.url)
    context.add_init_script(VIOLATIONS)
    context.set_default_timeout(15_000)
    opened = context.new_page()
    opened.on("console", lambda message: complaints.extend(_complaint(message)))
    opened.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
    opened.on("request", lambda request: complaints.extend(_stranger(request, live_server.url)))
    opened.on("response", lambda response: complaints.append(f"{response.status} {response.url}") if response.status >= 400 else None)
    yield opened
    context.close()
    assert complaints == [], "\n".join(dict.fromkeys(complaints))


def _complaint(message: ConsoleMessage) -> list[str]:
    """Django's own pages name no icon, so that the browser asks for one at an address that is not there."""
    if message.type not in ("error", "warning"):
        return []
    return [f"console {message.type}: {message.text}"]


def _stranger(request: Request, home: str) -> list[str]:
    parts = urlsplit(request.url)
    return [f"left the house: {request.url}"] if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(home).netloc else []


@pytest.fixture
def picture_for_docs(page: Page) -> Callable[..., None]:
    """``SCREENSHOTS=1`` in the environment renews the pictures of the documentation; else nothing is written."""

    def take(name: str) -> None:
        if os.environ.get("SCREENSHOTS") == "1":
            IMAGES.mkdir(parents=True, exist_ok=True)
            page.mouse.move(0, 0)
            with Image.open(io.BytesIO(page.screenshot())) as taken:
                taken.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(IMAGES / f"{name}.png", optimize=True)

    return take

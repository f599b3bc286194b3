"""Signing in and out."""

import gzip
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import PAGES
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

FIRST_VIEW_BYTES = 100_000


def test_a_wrong_password_is_told_and_the_right_one_leads_on(
    open_page: OpenPage, expected_errors: list[str]
) -> None:
    expected_errors.append("401")
    page = open_page("/alarms", user=None)
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.get_by_label("E-mail").fill("operator@example.org")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.get_by_label("Password", exact=True).fill("pilotline")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Alarms")).to_be_visible()


def test_an_empty_form_is_not_sent(open_page: OpenPage, expected_errors: list[str]) -> None:
    expected_errors.append("401")
    page = open_page("/", user=None)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Write your e-mail address")
    expect(page.get_by_label("E-mail")).to_be_focused()


def test_signing_out_ends_the_session(open_page: OpenPage, expected_errors: list[str]) -> None:
    expected_errors.append("401")
    page = open_page("/")
    page.get_by_role("button", name="User menu").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.reload(wait_until="domcontentloaded")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_that_ended_is_told(open_page: OpenPage, expected_errors: list[str]) -> None:
    expected_errors.append("401")
    page = open_page("/")
    expect(page.get_by_test_id("tile").first).to_be_visible()
    page.context.clear_cookies()
    # The page may notice by itself before a real click lands.
    page.evaluate("document.querySelector('a[href=\"/alarms\"]')?.click()")
    expect(page.get_by_text("Your session has ended")).to_be_visible()


def test_the_first_view_is_light(open_page: OpenPage, expected_errors: list[str]) -> None:
    expected_errors.append("401")
    page = open_page("/", user=None)
    scripts: set[str] = set()
    page.on(
        "request",
        lambda request: scripts.add(request.url) if request.url.endswith(".js") else None,
    )
    page.get_by_label("E-mail").fill("operator@example.org")
    page.get_by_label("Password", exact=True).fill("pilotline")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("tile").first).to_be_visible()
    page.reload(wait_until="domcontentloaded")
    expect(page.get_by_test_id("tile").first).to_be_visible()
    files = [PAGES / urlsplit(url).path.lstrip("/") for url in scripts]
    size = sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)
    assert 0 < size <= FIRST_VIEW_BYTES


def test_the_pages_obey_a_strict_policy(open_page: OpenPage) -> None:
    page = open_page("/")
    expect(page.get_by_test_id("tile").first).to_be_visible()
    assert page.locator("script:not([src])").count() == 0
    assert page.locator("body [style*='url(']").count() == 0


def test_a_calendar_address_is_shown_once(open_page: OpenPage) -> None:
    page = open_page("/account", user="customer")
    page.get_by_role("button", name="Make an address").click()
    address = page.get_by_label("Feed address")
    expect(address).to_be_visible()
    assert address.input_value().endswith(".ics")
    page.reload(wait_until="domcontentloaded")
    expect(page.get_by_text("A feed is active")).to_be_visible()
    expect(address).to_have_count(0)
    page.get_by_role("button", name="Remove the feed").click()
    expect(page.get_by_text("There is no feed yet")).to_be_visible()

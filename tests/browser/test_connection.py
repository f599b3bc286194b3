"""A page never shows old values as if they were new."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import DevelopmentServer
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser


def test_a_refused_stream_is_told_and_comes_back_by_itself(
    open_page: OpenPage, trouble: DevelopmentServer, expected_errors: list[str]
) -> None:
    expected_errors.extend(["503", "ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED_ENCODING"])
    page = open_page("/machines/mill-1")
    connection = page.get_by_test_id("connection")
    expect(connection).to_have_attribute("data-phase", "live")
    trouble.set(stream="refused")
    expect(connection).to_have_attribute("data-phase", "lost", timeout=8_000)
    banner = page.get_by_test_id("connection-banner")
    expect(banner).to_contain_text("No connection to the server for")
    expect(banner).to_contain_text("Values are not current")
    expect(page.locator("header .measure.stale").first).to_be_visible()
    # Once the pause is long, pressing the button is what brings the stream back so soon.
    expect(banner).to_contain_text(re.compile(r"again in ([6-9]|1\d)\s*s"), timeout=20_000)
    trouble.set()
    banner.get_by_role("button", name="Try now").click()
    expect(connection).to_have_attribute("data-phase", "live", timeout=4_000)
    expect(banner).to_have_count(0)


def test_a_stream_that_falls_silent_counts_as_lost(
    open_page: OpenPage, trouble: DevelopmentServer
) -> None:
    page = open_page("/alarms")
    connection = page.get_by_test_id("connection")
    expect(connection).to_have_attribute("data-phase", "live")
    trouble.set(stream="silent")
    expect(connection).to_have_attribute("data-phase", "lost", timeout=14_000)
    # The silent server accepts connections all the while.
    page.wait_for_timeout(3_000)
    expect(connection).to_have_attribute("data-phase", "lost")
    trouble.set()
    expect(connection).to_have_attribute("data-phase", "live", timeout=25_000)


def test_all_tabs_of_a_browser_share_one_stream(
    open_page: OpenPage, server: DevelopmentServer
) -> None:
    deadline = time.monotonic() + 10
    while server.open_streams() > 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    first = open_page("/")
    expect(first.get_by_test_id("connection")).to_have_attribute("data-phase", "live")
    for path in ("/alarms", "/", "/machines/mill-1"):
        tab = open_page(path, beside=first)
        expect(tab.get_by_test_id("connection")).to_have_attribute("data-phase", "live")
    expect(first.get_by_test_id("tile").first).to_contain_text(re.compile(r"\d"))
    assert server.open_streams() == 1


def test_a_tab_that_comes_late_starts_complete(open_page: OpenPage) -> None:
    first = open_page("/")
    expect(first.get_by_test_id("connection")).to_have_attribute("data-phase", "live")
    late = open_page("/", beside=first)
    expect(late.locator('[data-machine="ferm-2"]')).to_contain_text("Aborted", timeout=3_000)

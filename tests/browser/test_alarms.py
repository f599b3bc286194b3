"""An operator acknowledges alarms, and everyone sees who did it and when."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import DevelopmentServer
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser


def alarm(page: Page, message: str) -> Locator:
    return page.get_by_test_id("alarm").filter(has_text=message)


def acknowledge(page: Page, message: str) -> None:
    alarm(page, message).first.get_by_role("button", name="Acknowledge").click()
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()


def test_the_worst_alarm_that_waits_stands_first(open_page: OpenPage) -> None:
    page = open_page("/alarms?state=unacknowledged")
    first = page.get_by_test_id("alarm").first
    expect(first).to_contain_text("Critical")
    expect(first.locator('svg[data-shape="critical"]')).to_be_visible()


def test_an_alarm_is_acknowledged_with_the_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page("/alarms")
    row = alarm(page, "Coolant flow below the low limit").first
    row.get_by_role("button", name="Acknowledge").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Acknowledge")
    expect(dialog).to_contain_text("Turn-mill centre")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(row.get_by_role("button", name="Acknowledge")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Comment").fill("Filter changed")
    page.keyboard.press("Control+Enter")
    expect(row).to_contain_text("Mette Holm")
    expect(row).to_contain_text("Filter changed")
    expect(page.get_by_text("Alarm acknowledged.")).to_be_visible()


def test_others_see_the_acknowledgement_at_once(open_page: OpenPage) -> None:
    mine = open_page("/alarms")
    theirs = open_page("/machines/ferm-2", user="planner")
    message = "Jacket temperature above the high limit"
    expect(alarm(theirs, message).get_by_role("button")).to_be_visible()
    acknowledge(mine, message)
    expect(alarm(theirs, message)).to_contain_text("Acknowledged by Mette Holm")


def test_an_acknowledgement_meanwhile_is_told_in_the_dialog(open_page: OpenPage) -> None:
    message = "Feeder 12 is nearly empty"
    first = open_page("/alarms")
    second = open_page("/alarms", user="engineer")
    alarm(second, message).get_by_role("button", name="Acknowledge").click()
    dialog = second.get_by_role("dialog")
    dialog.get_by_label("Comment").fill("Half a sentence")
    acknowledge(first, message)
    expect(dialog).to_contain_text("Mette Holm acknowledged this alarm already")
    expect(dialog.get_by_role("button", name="Acknowledge")).to_be_disabled()


def test_who_comes_second_learns_who_was_first(
    open_page: OpenPage, trouble: DevelopmentServer, expected_errors: list[str]
) -> None:
    expected_errors.append("409")
    message = "Oil temperature above the high limit"
    waiting = "/alarms?state=unacknowledged"
    first = open_page(waiting)
    second = open_page(waiting, user="engineer")
    expect(alarm(second, message)).to_be_visible()
    trouble.set(stream="silent")
    acknowledge(first, message)
    expect(alarm(first, message)).to_contain_text("Mette Holm")
    acknowledge(second, message)
    expect(second.get_by_text("Mette Holm acknowledged this alarm already")).to_be_visible()
    expect(alarm(second, message)).to_contain_text("Mette Holm")


def test_what_the_server_refuses_is_taken_back(
    open_page: OpenPage, trouble: DevelopmentServer, expected_errors: list[str]
) -> None:
    expected_errors.append("500")
    trouble.set(failing=["/acknowledgement"])
    page = open_page("/alarms")
    row = alarm(page, "Pressure above the high-high limit").first
    acknowledge(page, "Pressure above the high-high limit")
    expect(page.get_by_text("Not acknowledged")).to_be_visible()
    expect(row.get_by_role("button", name="Acknowledge")).to_be_visible()


def test_older_alarms_are_shown_on_demand(open_page: OpenPage) -> None:
    page = open_page("/alarms?state=all")
    rows = page.get_by_test_id("alarm")
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="Show more").click()
    expect(rows.nth(110)).to_be_attached()


def test_nothing_to_do_is_said_in_words(open_page: OpenPage, trouble: DevelopmentServer) -> None:
    trouble.set(empty=["/alarms"])
    page = open_page("/alarms?state=unacknowledged")
    expect(page.get_by_role("heading", name="Everything is acknowledged")).to_be_visible()

"""An operator watches all machines without reloading and without guessing."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import DevelopmentServer
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

MACHINES = 24


def tiles(page: Page) -> Locator:
    return page.get_by_test_id("tile")


def tile(page: Page, machine: str) -> Locator:
    return page.locator(f'[data-testid="tile"][data-machine="{machine}"]')


def test_values_change_by_themselves(open_page: OpenPage) -> None:
    page = open_page("/")
    speed = tile(page, "mill-1").locator('[data-tag="spindle_speed"]')
    expect(speed).to_contain_text("min⁻¹")
    before = speed.get_attribute("data-source-ms")
    assert before is not None
    expect(speed).not_to_have_attribute("data-source-ms", before, timeout=3_000)


def test_every_machine_is_seen_on_a_small_desk_without_scrolling(open_page: OpenPage) -> None:
    page = open_page("/", size="small desk")
    expect(tiles(page)).to_have_count(MACHINES)
    expect(tiles(page).last).to_be_in_viewport(ratio=1)
    expect(tiles(page).first).to_be_in_viewport(ratio=1)


def test_state_is_told_by_shape_and_word_as_well(open_page: OpenPage) -> None:
    page = open_page("/")
    held = tile(page, "mill-3")
    expect(held).to_contain_text("Held")
    expect(held.locator('svg[data-shape="held"]')).to_be_visible()
    aborted = tile(page, "ferm-2")
    expect(aborted).to_contain_text("Aborted")
    expect(aborted.locator('svg[data-shape="aborted"]')).to_be_visible()


def test_alarms_are_marked_on_their_machine(open_page: OpenPage) -> None:
    page = open_page("/")
    marker = tile(page, "ferm-2").get_by_test_id("alarm-marker")
    expect(marker).to_contain_text("Critical: 2 open alarms")
    expect(tile(page, "spray-1").get_by_test_id("alarm-marker")).to_have_count(0)


def test_the_counts_by_state_are_filters(open_page: OpenPage) -> None:
    page = open_page("/")
    summary = page.get_by_role("list", name="Machines by state")
    aborted = summary.get_by_role("button", name=re.compile(r"1\s*Aborted"))
    aborted.click()
    expect(aborted).to_have_attribute("aria-pressed", "true")
    expect(tiles(page)).to_have_count(1)
    aborted.click()
    expect(tiles(page)).to_have_count(MACHINES)


def test_abnormal_machines_come_first_on_demand(open_page: OpenPage) -> None:
    page = open_page("/")
    page.get_by_role("radio", name="None").check()
    page.get_by_label("Order").select_option("Abnormal first")
    expect(tiles(page).first).to_contain_text("Aborted")
    expect(tiles(page).nth(1)).to_contain_text("Held")


def test_machines_are_grouped_by_sector_and_the_choice_is_kept(open_page: OpenPage) -> None:
    page = open_page("/")
    page.get_by_role("radio", name="Sector").check()
    expect(page.get_by_role("heading", name="Medical devices")).to_be_visible()
    page.reload(wait_until="domcontentloaded")
    expect(page.get_by_role("heading", name="Medical devices")).to_be_visible()


def test_a_search_without_a_match_says_so_and_can_be_undone(open_page: OpenPage) -> None:
    page = open_page("/")
    page.get_by_role("searchbox", name="Search machines").fill("no such machine")
    expect(page.get_by_role("heading", name="No machine matches")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(tiles(page)).to_have_count(MACHINES)


def test_each_site_shows_its_own_time(open_page: OpenPage) -> None:
    page = open_page("/")
    heading = page.get_by_role("heading", name=re.compile("Raleigh"))
    expect(heading).to_contain_text(re.compile(r"\d\d:\d\d\s+(GMT-[45]|E[SD]T)"))


def test_a_wall_shows_everything_and_no_controls(open_page: OpenPage) -> None:
    page = open_page("/?wall", size="wall")
    expect(tiles(page)).to_have_count(MACHINES)
    expect(tiles(page).last).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("searchbox")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox")).to_be_visible()


def test_a_lost_machine_is_greyed_and_says_since_when(open_page: OpenPage) -> None:
    page = open_page("/")
    lost = tile(page, "coat-1")
    expect(lost).to_contain_text("No connection")
    expect(lost).to_contain_text(re.compile(r"Complete|Execute|Idle|Held"))
    expect(lost).to_contain_text("ago")
    expect(lost.locator(".measure.stale")).to_have_count(3)


def test_a_value_that_stopped_coming_shows_its_age(
    open_page: OpenPage, trouble: DevelopmentServer
) -> None:
    page = open_page("/")
    frozen = tile(page, "mill-1").locator('[data-tag="spindle_speed"]')
    first = frozen.get_attribute("data-source-ms")
    assert first is not None
    expect(frozen).not_to_have_attribute("data-source-ms", first)
    page.wait_for_timeout(4_000)
    trouble.set(frozen=["mill-1/spindle_speed"])
    expect(frozen).to_contain_text(re.compile(r"\d+\s*s ago"), timeout=12_000)
    expect(tile(page, "mill-1").locator('[data-tag="spindle_load"]')).not_to_contain_text("ago")
    trouble.set()
    expect(frozen).not_to_contain_text("ago")


def test_a_plant_without_machines_says_what_to_do(
    open_page: OpenPage, trouble: DevelopmentServer
) -> None:
    trouble.set(empty=["/machines"])
    page = open_page("/")
    expect(page.get_by_role("heading", name="The plant has no machines yet")).to_be_visible()


def test_a_fault_of_the_server_can_be_tried_again(
    open_page: OpenPage, trouble: DevelopmentServer, expected_errors: list[str]
) -> None:
    expected_errors.append("500")
    trouble.set(failing=["/machines"])
    page = open_page("/")
    expect(page.get_by_role("alert")).to_contain_text("Request req-")
    trouble.set()
    page.get_by_role("button", name="Try again").click()
    expect(tiles(page)).to_have_count(MACHINES)

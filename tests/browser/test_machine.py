"""An operator follows one machine over time."""

import re
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.chromium import DevelopmentServer
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser


def span_s(request: Request) -> float:
    """Return how much time a history request asks for, in seconds."""
    query = parse_qs(urlsplit(request.url).query)
    start, end = (datetime.fromisoformat(query[name][0]) for name in ("start", "end"))
    return (end - start).total_seconds()


def is_history(request: Request) -> bool:
    return "/history?" in request.url


def drag_over_first_trend(page: Page, from_share: float, to_share: float) -> None:
    box = page.locator('[data-testid="trend"] .u-over').first.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * from_share, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * to_share, y, steps=6)
    page.mouse.up()


def test_zooming_asks_for_the_shorter_time_at_full_resolution(open_page: OpenPage) -> None:
    page = open_page("/machines/mill-1?range=1h")
    expect(page.get_by_test_id("trend")).to_have_count(3)
    page.wait_for_timeout(500)
    with page.expect_request(is_history) as zoomed:
        drag_over_first_trend(page, 0.25, 0.5)
    assert span_s(zoomed.value) == pytest.approx(900, rel=0.15)
    points = int(parse_qs(urlsplit(zoomed.value.url).query)["points"][0])
    assert points >= 600
    page.get_by_role("button", name="Back to live").click()
    expect(page.get_by_role("button", name="Back to live")).to_have_count(0)


def test_what_is_shown_stays_while_new_values_come(open_page: OpenPage) -> None:
    page = open_page("/machines/mill-1?range=15min")
    expect(page.get_by_test_id("trend")).to_have_count(3)
    page.get_by_role("button", name="Earlier").click()
    shown = page.get_by_test_id("range").inner_text()
    page.wait_for_timeout(2_500)
    assert page.get_by_test_id("range").inner_text() == shown


def test_the_range_and_the_tags_are_in_the_address(open_page: OpenPage) -> None:
    page = open_page("/machines/mill-1")
    page.get_by_role("radio", name="8 h").check()
    page.get_by_label("Show Vibration as a trend").check()
    expect(page.get_by_test_id("trend")).to_have_count(4)
    page.reload(wait_until="domcontentloaded")
    expect(page.get_by_test_id("trend")).to_have_count(4)
    expect(page.get_by_role("radio", name="8 h")).to_be_checked()


def test_states_are_summed_up_in_words(open_page: OpenPage) -> None:
    page = open_page("/machines/ferm-2?range=24h")
    timeline = page.get_by_test_id("timeline")
    expect(timeline).to_have_attribute("aria-label", re.compile(r"Running .*\(\d+ %\)"))
    expect(timeline.locator("title").first).to_contain_text("from")


def test_a_chart_says_its_extremes_to_a_screen_reader(open_page: OpenPage) -> None:
    page = open_page("/machines/mill-1")
    chart = page.get_by_role("img", name=re.compile(r"Spindle load, .*lowest .* highest .* %"))
    expect(chart).to_be_visible()


def test_the_data_shown_can_be_downloaded(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("/machines/mill-1?range=15min")
    button = page.get_by_role("button", name="CSV")
    expect(button).to_be_enabled()
    with page.expect_download() as started:
        button.click()
    assert started.value.suggested_filename.startswith("mill-1-")
    file = tmp_path / "data.csv"
    started.value.save_as(file)
    head, first, *_ = file.read_text("utf-8-sig").splitlines()
    assert head.startswith("time,Spindle speed min [min⁻¹],Spindle speed mean [min⁻¹]")
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z,[\d.]+,[\d.]+", first)


def test_a_lost_machine_shows_the_age_of_its_values(open_page: OpenPage) -> None:
    page = open_page("/machines/coat-1?range=15min")
    header = page.locator("main header")
    expect(header).to_contain_text("No connection")
    expect(header).to_contain_text(re.compile(r"\d+\s*min ago"))


def test_times_can_be_read_on_the_viewers_own_clock(open_page: OpenPage) -> None:
    page = open_page("/machines/bio-1?range=15min", zone="Europe/Copenhagen")
    shown = page.get_by_test_id("range")
    expect(shown).to_contain_text(re.compile("GMT-[45]|E[SD]T"))
    page.get_by_role("radio", name="My time").check()
    expect(shown).to_contain_text(re.compile("CES?T"))


def test_a_machine_that_does_not_exist_is_told(open_page: OpenPage) -> None:
    page = open_page("/machines/no-such-machine")
    expect(page.get_by_role("heading", name="There is no such machine")).to_be_visible()


def test_history_that_cannot_be_read_does_not_hide_live_values(
    open_page: OpenPage, trouble: DevelopmentServer, expected_errors: list[str]
) -> None:
    expected_errors.append("500")
    trouble.set(failing=["/history"])
    asked: list[Request] = []
    page = open_page("/machines/mill-1")
    page.on("request", lambda request: asked.append(request) if is_history(request) else None)
    expect(page.get_by_role("alert").first).to_contain_text("The server had a fault")
    expect(page.locator("main header")).to_contain_text("Spindle speed")
    page.wait_for_timeout(3_000)
    assert len(asked) <= 4, "a failing history is not asked for again and again"
    trouble.set()
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_role("alert")).to_have_count(0)

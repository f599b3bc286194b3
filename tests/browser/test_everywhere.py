"""Every page suits every screen, theme, language and way of using it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import AXE
from tests.browser.conftest import OpenPage
from tests.real_parts import need

pytestmark = pytest.mark.browser

PAGES = {
    "overview": ("/", "operator"),
    "machine": ("/machines/mill-1", "operator"),
    "lost machine": ("/machines/coat-1", "operator"),
    "alarms": ("/alarms?state=unacknowledged", "operator"),
    "account": ("/account", "operator"),
    "plan": ("/plan", "planner"),
    "slots": ("/slots", "customer"),
    "trial runs": ("/trial-runs", "customer"),
    "request": ("/trial-runs/new", "customer"),
    "sign-in": ("/", None),
}
named = pytest.mark.parametrize("name", PAGES)


def settle(page: Page) -> None:
    """Wait until the page shows its content."""
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    expect(page.get_by_role("status").filter(has_text="Loading")).to_have_count(0)
    page.wait_for_timeout(400)


def open_named(open_page: OpenPage, name: str, errors: list[str], **how: str) -> Page:
    path, user = PAGES[name]
    if user is None:
        errors.append("401")
    page = open_page(path, user=user, **how)
    settle(page)
    return page


def violations(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 AA and good practice.

    The calendar library's own roles are left out; the same slots stand in the list beside it.
    """
    result = page.evaluate(
        "axe.run({exclude: ['.ec']}, {runOnly:"
        " ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


@named
def test_axe_finds_nothing_in_light_and_dark(
    open_page: OpenPage, expected_errors: list[str], name: str
) -> None:
    need(AXE.exists(), "axe-core (python deploy/pages.py)")
    page = open_named(open_page, name, expected_errors)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []


@named
def test_a_phone_never_scrolls_sideways_and_a_finger_hits_every_control(
    open_page: OpenPage, expected_errors: list[str], name: str
) -> None:
    page = open_named(open_page, name, expected_errors, size="phone")
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0
    # A slot is as wide as its time: essential in the sense of WCAG 2.5.8.
    small = page.evaluate(
        """() => [...document.querySelectorAll(
            'button:not([data-slot]), select, input:not([type=radio])')]
          .filter((one) => one.checkVisibility())
          .map((one) => [one, (one.closest('label') ?? one).getBoundingClientRect()])
          .filter(([, box]) => box.width > 0 && (box.height < 24 || box.width < 24))
          .map(([one]) => one.outerHTML.slice(0, 120))"""
    )
    assert small == []


def test_the_theme_follows_the_system_until_one_is_chosen(open_page: OpenPage) -> None:
    page = open_page("/", theme="dark")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    expect(page.get_by_test_id("tile").first).to_be_visible()
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Change to light theme").click()
    light = page.evaluate(ground)
    assert dark != light
    page.reload(wait_until="domcontentloaded")
    expect(page.get_by_test_id("tile").first).to_be_visible()
    assert page.evaluate(ground) == light


def test_a_danish_browser_is_met_in_danish_and_english_is_one_press_away(
    open_page: OpenPage,
) -> None:
    page = open_page("/", locale="da-DK")
    expect(page.get_by_role("link", name="Maskiner")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "da")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name="Machines", exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_a_keyboard_reaches_the_content_first(open_page: OpenPage) -> None:
    page = open_page("/")
    expect(page.get_by_test_id("tile").first).to_be_visible()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_focus_is_always_seen(open_page: OpenPage) -> None:
    page = open_page("/")
    expect(page.get_by_test_id("tile").first).to_be_visible()
    for _ in range(14):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            """() => {
              const focused = document.activeElement;
              const shown = focused.type === 'radio' ? focused.nextElementSibling : focused;
              return getComputedStyle(shown).outlineStyle;
            }"""
        )
        assert outline == "solid"


def test_links_lead_on_without_reloading_and_the_way_back_works(open_page: OpenPage) -> None:
    page = open_page("/")
    page.evaluate("window.stayed = true")
    page.locator('[data-machine="mill-1"]').click()
    expect(page.get_by_role("heading", name="5-axis mill 1")).to_be_visible()
    expect(page).to_have_title(re.compile("5-axis mill 1"))
    page.go_back()
    expect(page.get_by_test_id("tile").first).to_be_visible()
    assert page.evaluate("window.stayed") is True


def test_an_address_that_does_not_exist_is_told(open_page: OpenPage) -> None:
    page = open_page("/no/such/page")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_a_customer_is_not_shown_the_machines(open_page: OpenPage) -> None:
    page = open_page("/alarms", user="customer")
    expect(page.get_by_role("heading", name="This page is not for your role")).to_be_visible()
    expect(page.get_by_role("link", name="Alarms")).to_have_count(0)

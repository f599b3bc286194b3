"""The pages over a real line: a simulator's value on a tile, a request in a customer's slots."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pilotline_plant.examples import example_plant
from pilotline_simulators.ledger import read_ledger
from tests.deploy.line import Line, running_line, with_free_ports

pytestmark = pytest.mark.slow

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledger") / "ledger.jsonl"


@pytest.fixture(scope="module")
def line(
    tmp_path_factory: pytest.TempPathFactory, ledger: Path, browser: Browser
) -> Iterator[Line]:
    del browser  # skips, or fails in CI, before anything is started
    root = tmp_path_factory.mktemp("line")
    plant = with_free_ports(example_plant("bench"), root / "plant.toml")
    words = ("--ledger", str(ledger), "--solve-seconds", "3")
    with running_line(plant, root / "data", *words) as line:
        line.until("live")
        yield line


@pytest.fixture
def faults() -> list[str]:
    """What pages complained of."""
    return []


def sign_in(browser: Browser, line: Line, login: str, faults: list[str]) -> Page:
    """Sign in by the form, as a person does."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, timezone_id="Europe/Copenhagen", locale="en-GB"
    )
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(line.url, wait_until="domcontentloaded")
    page.get_by_label("E-mail").fill(line.logins[login]["email"])
    page.get_by_label("Password", exact=True).fill(line.logins[login]["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="User menu")).to_be_visible(timeout=PATIENCE_MS)
    return page


def emitted(ledger: Path, machine: str) -> set[int]:
    """Source times in ms of everything a machine has emitted."""
    return {
        entry.source_time_ns // 1_000_000
        for entry in read_ledger(ledger, repeats=True)
        if entry.machine == machine
    }


def test_what_a_tile_shows_is_what_the_simulator_wrote(
    browser: Browser, line: Line, ledger: Path, faults: list[str]
) -> None:
    page = sign_in(browser, line, "operator", faults)
    tiles = page.get_by_test_id("tile")
    expect(tiles).to_have_count(3, timeout=PATIENCE_MS)
    value = tiles.filter(has_text="oven").locator("[data-source-ms]").first
    expect(value).to_be_visible(timeout=PATIENCE_MS)
    shown_ms = int(value.get_attribute("data-source-ms") or 0)
    page.context.close()
    assert shown_ms in emitted(ledger, "oven-1")
    assert not faults


def test_a_request_by_the_form_becomes_a_slot_on_the_customers_page(
    browser: Browser, line: Line, faults: list[str]
) -> None:
    customer = sign_in(browser, line, "customer-1", faults)
    customer.get_by_role("link", name="Request a trial run").first.click()
    customer.get_by_label("Procedure").select_option(index=1)
    customer.get_by_label("Name").fill("Basalt fibre, first try")
    customer.get_by_role("button", name="Request", exact=True).click()
    expect(customer.get_by_role("heading", name="Basalt fibre, first try")).to_be_visible()
    expect(customer.get_by_text("Requested", exact=True)).to_be_visible()

    planner = sign_in(browser, line, "planner", faults)
    planner.get_by_role("link", name="Plan", exact=True).click()
    start = planner.get_by_role("button", name="Optimise")
    expect(start).to_be_visible(timeout=PATIENCE_MS)
    planner.get_by_label("Time limit").select_option("10")
    start.click()
    publish = planner.get_by_role("button", name="Publish…")
    expect(publish).to_be_visible(timeout=PATIENCE_MS)
    publish.click()
    planner.get_by_role("button", name="Publish", exact=True).click()
    expect(planner.get_by_text(re.compile(r"Version \d+ is published"))).to_be_visible(
        timeout=PATIENCE_MS
    )
    planner.context.close()

    expect(customer.get_by_text("Planned", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    customer.get_by_role("link", name="My slots").click()
    customer.get_by_label("List", exact=True).check()
    own = customer.get_by_test_id("own-slot").filter(has_text="Basalt fibre, first try")
    expect(own.first).to_be_visible(timeout=PATIENCE_MS)
    customer.context.close()

    other = sign_in(browser, line, "customer-2", faults)
    other.get_by_role("link", name="Trial runs").click()
    expect(other.get_by_role("heading", name="Trial runs").first).to_be_visible()
    expect(other.get_by_text("Basalt fibre")).to_have_count(0)
    other.context.close()
    assert not faults

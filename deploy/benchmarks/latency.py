"""OPC UA source time to pixel, and the CPU it takes, over the whole example line.

    python deploy/benchmarks/latency.py --seconds 60 --browsers 5

Opens the operator's overview in Chromium as often as asked. Each page notes, in the animation frame
that shows a new value, how old that value is by its source time. Prints the percentiles over all
pages, and the CPU time of edge and API as a share of one core.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pilotline_plant.examples import example_plant
from tests.deploy.line import Line, running_line, with_free_ports

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-dev-shm-usage",
)
WATCHED = ("edge run", "api serve")

WATCH_PIXELS = """
() => {
  window.ages = [];
  const seen = new Map();
  const fresh = [];
  const note = (element) => {
    const source = Number(element.dataset.sourceMs);
    const before = seen.get(element);
    seen.set(element, source);
    if (before !== undefined && source > before) fresh.push(source);
  };
  document.querySelectorAll('[data-source-ms]').forEach(note);
  new MutationObserver((changes) => {
    changes.forEach((change) => note(change.target));
    if (fresh.length > 0) requestAnimationFrame(() => {
      const now = performance.timeOrigin + performance.now();
      for (const source of fresh.splice(0)) window.ages.push(now - source);
    });
  }).observe(document.body, {
    subtree: true, attributes: true, attributeFilter: ['data-source-ms'],
  });
}
"""


def main() -> int:
    """Run the line, watch it, print what was seen, and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--browsers", type=int, default=5)
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plant = with_free_ports(example_plant("taastrup"), root / "plant.toml")
        with running_line(plant, root / "data") as line, sync_playwright() as playwright:
            line.until("live")
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=FLAGS
            )
            try:
                pages = [_open_overview(browser, line) for _ in range(wishes.browsers)]
                time.sleep(5)
                used_s, ages_ms = _watch(line, pages, wishes.seconds)
            finally:
                browser.close()
    _report(ages_ms, used_s, wishes.seconds, wishes.browsers)
    return 0


def _open_overview(browser: Browser, line: Line) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    who = line.logins["operator"]
    page.request.post(
        f"{line.url}/api/v1/session",
        data={"email": who["email"], "password": who["password"]},
        headers={"Origin": line.url},
    )
    page.goto(line.url, wait_until="domcontentloaded")
    page.get_by_test_id("tile").first.wait_for()
    return page


def _watch(
    line: Line, pages: list[Page], seconds: float
) -> tuple[dict[str, float], "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    parts = {words: line.part(words) for words in WATCHED}
    for page in pages:
        page.evaluate(WATCH_PIXELS)
    before = {words: _cpu_s(part) for words, part in parts.items()}
    pages[0].wait_for_timeout(seconds * 1000)
    used_s = {words: _cpu_s(part) - before[words] for words, part in parts.items()}
    ages = [age for page in pages for age in page.evaluate("() => window.ages")]
    return used_s, np.array(ages, dtype=np.float64)


def _cpu_s(part: psutil.Process) -> float:
    times = part.cpu_times()
    return float(times.user + times.system)


def _report(
    ages_ms: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    used_s: dict[str, float],
    seconds: float,
    browsers: int,
) -> None:
    p50, p99 = np.percentile(ages_ms, [50, 99])
    print(f"values shown {len(ages_ms)} in {browsers} browsers over {seconds:g} s")
    print(f"source to pixel ms: p50 {p50:.0f}, p99 {p99:.0f}, max {ages_ms.max():.0f}")
    for words, used in used_s.items():
        print(f"CPU of `{words}`: {100 * used / seconds:.1f} % of a core")
    print(f"together: {100 * sum(used_s.values()) / seconds:.1f} % of a core")


if __name__ == "__main__":
    sys.exit(main())

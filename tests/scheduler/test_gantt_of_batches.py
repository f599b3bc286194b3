"""In a chart, the operations of a batch lie side by side, and a changeover ends where it ends."""

import json
import re

from pilotline_scheduler.formats.gantt_html import gantt_html
from pilotline_scheduler.formats.gantt_svg import gantt_svg
from pilotline_scheduler.plan import Plan, PlannedOperation
from tests.scheduler.cases import CASES

KILN = next(case.problem for case in CASES if case.name == "setup of a batch")
# z 0-3, set up 3-5 though x and y begin at 6 only.
PLAN = Plan(
    (
        PlannedOperation("z", "M", 0, 0, 3, 0),
        PlannedOperation("x", "M", 3, 6, 10, 5),
        PlannedOperation("y", "M", 3, 6, 10, 5),
    )
)
PER_TICK = 1200 / 10


def test_a_drawing_shares_the_row_among_a_batch() -> None:
    chart = gantt_svg(KILN, PLAN)
    bars = re.findall(r'<rect +x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', chart)
    tops = sorted((float(x), float(y), float(height)) for x, y, height in bars)
    (_, _, whole), (left, upper, half), (right, lower, other) = tops
    assert left == right
    assert half == other == whole / 2
    assert lower == upper + half


def test_a_drawing_ends_a_changeover_where_it_ends() -> None:
    widths = re.findall(r'class="setup" [^>]*width="([\d.]+)"', gantt_svg(KILN, PLAN))
    assert [float(width) for width in widths] == [2 * PER_TICK, 2 * PER_TICK]


def test_a_page_knows_ends_of_changeovers_and_shares_of_rows() -> None:
    found = re.search(r'"operations":(\[\[.*?\]\])', gantt_html(KILN, PLAN))
    assert found is not None
    operations = {each[0]: each[3:] for each in json.loads(found[1])}
    assert operations == {
        "z": [0, 0, 3, 0, 0, 1],
        "x": [3, 6, 10, 5, 0, 2],
        "y": [3, 6, 10, 5, 1, 2],
    }

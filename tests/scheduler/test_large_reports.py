"""A child with large plans still gives its last one, and does not spend its time on sending."""

import io

from pilotline_scheduler.plan import Incumbent, Plan, PlannedOperation
from pilotline_scheduler.solver.child_main import _Incumbents
from pilotline_scheduler.solver.child_protocol import read_report


def sent(operations: int, count: int) -> list[int]:
    """Return the objectives that arrive of so many incumbents that come at once."""
    pipe = io.BytesIO()
    incumbents = _Incumbents(pipe)
    plan = Plan(tuple(PlannedOperation(f"operation-{i}", "M", i, i, i) for i in range(operations)))
    for value in reversed(range(count)):
        incumbents.take(Incumbent(0.0, (value,), (0,), "test"), plan)
    incumbents.send_kept()
    reports = [read_report(line) for line in pipe.getvalue().splitlines()]
    return [report.incumbent.objective[0] for report in reports if report.incumbent is not None]


def test_small_plans_all_arrive() -> None:
    assert sent(50, 100) == list(reversed(range(100)))


def test_of_large_plans_that_come_fast_the_first_and_the_last_arrive() -> None:
    arrived = sent(20_000, 8)
    assert arrived[0] == 7
    assert arrived[-1] == 0
    assert len(arrived) < 8

"""Brings a window's changes into a plan that may have moved on since the window was sent out."""

from collections.abc import Sequence
from dataclasses import dataclass

from pilotline_scheduler.solver.instance import Instance, Schedule
from pilotline_scheduler.solver.windows.rules import keeps_rules


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one operation.

    Attributes:
        operation: its position.
        mode: position of the chosen mode.
        setup_start: start of the changeover; the start where there is none.
        start: start of processing.
        end: end of processing.
    """

    operation: int
    mode: int
    setup_start: int
    start: int
    end: int


def changes_between(before: Schedule, after: Schedule) -> tuple[Change, ...]:
    """Return the operations in which two plans differ, as they are in the second."""
    rows = zip(_rows(before), _rows(after), strict=True)
    return tuple(Change(operation, *row) for operation, (old, row) in enumerate(rows) if old != row)


def merged(
    instance: Instance, best: Schedule, base: Schedule, changes: Sequence[Change]
) -> Schedule | None:
    """Return the best plan with a window's changes, or None where they no longer fit.

    Args:
        instance: what is planned.
        best: a plan that keeps every rule.
        base: the plan that the window was cut from.
        changes: what the window made of it.
    """
    operations = [change.operation for change in changes]
    if any(not 0 <= operation < len(best.start) for operation in operations):
        return None
    if best is not base and any(_row(best, each) != _row(base, each) for each in operations):
        return None
    schedule = _changed(best, changes)
    return schedule if keeps_rules(instance, schedule, best, operations) else None


def _changed(best: Schedule, changes: Sequence[Change]) -> Schedule:
    modes, setups = list(best.mode), list(best.setup_start)
    starts, ends = list(best.start), list(best.end)
    for each in changes:
        modes[each.operation] = each.mode
        setups[each.operation] = each.setup_start
        starts[each.operation] = each.start
        ends[each.operation] = each.end
    return Schedule(tuple(modes), tuple(setups), tuple(starts), tuple(ends))


def _row(schedule: Schedule, operation: int) -> tuple[int, int, int, int]:
    return (
        schedule.mode[operation],
        schedule.setup_start[operation],
        schedule.start[operation],
        schedule.end[operation],
    )


def _rows(schedule: Schedule) -> "zip[tuple[int, int, int, int]]":
    return zip(schedule.mode, schedule.setup_start, schedule.start, schedule.end, strict=True)

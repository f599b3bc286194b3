"""When machines work once their stops are taken out."""

from collections.abc import Iterable, Iterator, Sequence

from pilotline_scheduler.problem import Interval, Problem
from pilotline_scheduler.replan.disruptions import Disruption, MachineDown


class OpenHours:
    """Open hours of the machines of a problem, stops left out.

    Args:
        problem: the problem.
        disruptions: what happened.

    Attributes:
        downs: the stops of each machine that has any.
    """

    def __init__(self, problem: Problem, disruptions: Sequence[Disruption]) -> None:
        self.downs: dict[str, list[MachineDown]] = {}
        for each in disruptions:
            if isinstance(each, MachineDown):
                self.downs.setdefault(each.machine, []).append(each)
        calendars = {each.id: each.open for each in problem.calendars}
        self._last = _last_tick(problem, disruptions)
        self._open: dict[str, tuple[Interval, ...] | None] = {
            machine.id: None if machine.calendar is None else calendars[machine.calendar]
            for machine in problem.machines
        }
        for machine, downs in self.downs.items():
            opened = self._open[machine] or (Interval(0, self._last),)
            for down in downs:
                opened = tuple(_without(opened, down.start, down.end))
            self._open[machine] = opened

    def of(self, machine: str) -> tuple[Interval, ...] | None:
        """Return the open intervals of a machine, or None when it is always open."""
        return self._open[machine]

    def open_also(self, machine: str, start: int, end: int) -> None:
        """Note that a machine works in an interval, whatever its calendar says."""
        opened = self._open[machine]
        if opened is not None:
            self._open[machine] = tuple(joined([*opened, Interval(start, end)]))


def _without(opened: Iterable[Interval], start: int, end: int) -> Iterator[Interval]:
    for each in opened:
        if each.start < min(start, each.end):
            yield Interval(each.start, min(start, each.end))
        if max(end, each.start) < each.end:
            yield Interval(max(end, each.start), each.end)


def joined(intervals: Sequence[Interval]) -> Iterator[Interval]:
    """Yield disjoint intervals that do not touch and cover the same ticks."""
    start = end = -1
    for each in sorted(intervals, key=lambda each: each.start):
        if each.start <= end:
            end = max(end, each.end)
            continue
        if end > start:
            yield Interval(start, end)
        start, end = each.start, each.end
    if end > start:
        yield Interval(start, end)


def _last_tick(problem: Problem, disruptions: Sequence[Disruption]) -> int:
    """Return a tick by which all work ends even if it is done one after another from now on."""
    instants = [each.end for each in problem.previous]
    instants += [calendar.open[-1].end for calendar in problem.calendars if calendar.open]
    instants += [each.end for each in disruptions if isinstance(each, MachineDown)]
    work = 0
    for run in problem.runs:
        instants += [run.release, run.due or 0, run.deadline or 0]
        work += sum(max(mode.ticks for mode in each.modes) for each in run.operations)
    setups = max(
        (max(map(max, each.ticks)) for each in problem.changeovers if each.ticks), default=0
    )
    return (
        max(instants, default=0)
        + 2 * work
        + setups * sum(len(run.operations) for run in problem.runs)
        + 1
    )

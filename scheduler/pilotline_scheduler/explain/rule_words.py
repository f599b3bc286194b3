"""Rules in words, with the numbers that matter."""

from collections.abc import Iterable, Sequence

from pilotline_scheduler.explain.rules import Rule, RuleKind, inside_horizon
from pilotline_scheduler.problem import Interval, Operation, Problem, Run

_SHOWN = 4
"""Items of a list that a sentence names."""


class RuleWords:
    """Sentences for the rules of a problem.

    Args:
        problem: the problem, or the part of it that a conflict is about.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._runs = {run.id: run for run in problem.runs}
        self._operations: dict[str, tuple[Run, Operation]] = {
            operation.id: (run, operation) for run in problem.runs for operation in run.operations
        }
        self._machines = {machine.id: machine for machine in problem.machines}
        self._calendars = {calendar.id: calendar.open for calendar in problem.calendars}
        self._changeovers = {each.id: each for each in problem.changeovers}

    def sentence(self, rule: Rule) -> str:  # noqa: PLR0911 - one for each kind
        """Return what a rule asks for."""
        match rule.kind:
            case RuleKind.FROZEN:
                return self._frozen()
            case RuleKind.WALL:
                one, other, *halls = rule.about
                where = f"in hall {_listed(halls)}" if halls else "in any hall"
                return f"clients {one} and {other} must not meet {where}"
            case RuleKind.DEADLINE | RuleKind.RELEASE | RuleKind.ATTENDANCE:
                return self._of_run(rule.kind, self._runs[rule.about[0]])
            case RuleKind.MAXIMUM_LAG:
                return self._maximum_lag(rule)
            case RuleKind.PIN:
                return self._pin(rule.about[0])
            case RuleKind.ELIGIBILITY:
                return self._eligibility(rule.about[0])
            case RuleKind.POOL:
                return self._pool(rule.about[0])
            case RuleKind.CALENDAR:
                return self._calendar(rule.about[0])
            case RuleKind.CHANGEOVER:
                return self._changeover(rule.about[0])

    def _of_run(self, kind: RuleKind, run: Run) -> str:
        if kind is RuleKind.DEADLINE:
            return f"run {run.id} must end by {run.deadline} (deadline)"
        if kind is RuleKind.RELEASE:
            return f"run {run.id} must not start before {run.release} (release)"
        attended = [each.id for each in run.operations if each.attended]
        return f"client {run.client} must attend {_listed(attended)} and is there only in " + (
            _listed(map(_span, self._of_interest(run.attendance)))
        )

    def _frozen(self) -> str:
        until = self._problem.frozen_until
        told = f"nothing new begins before {until} (frozen horizon)"
        decided = sorted(inside_horizon(self._problem))
        return f"{told}, with {_listed(decided)} kept where decided" if decided else told

    def _maximum_lag(self, rule: Rule) -> str:
        run, before, after = rule.about
        lags = (lag for lag in self._runs[run].lags if (lag.before, lag.after) == (before, after))
        most = min(lag.maximum for lag in lags if lag.maximum is not None)
        return f"{after} must start at most {most} ticks after {before} ends"

    def _pin(self, operation: str) -> str:
        pin = next(pin for pin in self._problem.pins if pin.operation == operation)
        parts = [] if pin.machine is None else [f"to {pin.machine}"]
        parts += [] if pin.start is None else [f"to start at {pin.start}"]
        return f"{operation} is pinned {' and '.join(parts)}"

    def _eligibility(self, operation: str) -> str:
        modes = self._operations[operation][1].modes
        offered = [f"{mode.machine} ({mode.ticks} ticks)" for mode in modes]
        return f"{operation} can only be done on {_listed(offered, 'or')}"

    def _pool(self, name: str) -> str:
        pool = next(pool for pool in self._problem.pools if pool.id == name)
        asked = [
            f"{operation.id} needs {units}"
            for _, operation in self._operations.values()
            for demand, units in operation.modes[0].demands
            if demand == name
        ]
        low, high = self._span_of_interest()
        first = max((tick for tick, _ in pool.levels if tick <= low), default=0)
        last = pool.levels[-1][0] if high is None else high
        steps = [f"{units} from {tick}" for tick, units in pool.levels if first <= tick <= last]
        return f"pool {name} has {_listed(steps)}" + (f"; {_listed(asked)}" if asked else "")

    def _calendar(self, machine: str) -> str:
        windows = self._calendars[self._machines[machine].calendar or ""]
        if not windows:
            return f"{machine} is never open"
        return f"{machine} is open only in {_listed(map(_span, self._of_interest(windows)))}"

    def _changeover(self, machine: str) -> str:
        known = self._machines[machine]
        changeover = self._changeovers[known.changeover or ""]
        longest = max((max(row) for row in changeover.ticks), default=0)
        state = "" if known.initial_setup is None else f", from {known.initial_setup} at first"
        return f"{machine} needs changeovers of up to {longest} ticks{state}"

    def _of_interest(self, windows: Sequence[Interval]) -> Sequence[Interval]:
        """Return the windows between the first release and the last deadline, if there are any.

        Where there is none, the one before and the one after.
        """
        low, high = self._span_of_interest()
        last = windows[-1].end if high is None else high
        inside = [each for each in windows if each.end > low and each.start < last]
        before = [each for each in windows if each.end <= low]
        after = [each for each in windows if each.start >= last]
        return inside or [*before[-1:], *after[:1]]

    def _span_of_interest(self) -> tuple[int, int | None]:
        """Return the first release and the last deadline, or None without deadlines."""
        low = min((run.release for run in self._problem.runs), default=0)
        ends = [run.deadline for run in self._problem.runs if run.deadline is not None]
        return low, max(ends, default=None)


def _span(interval: Interval) -> str:
    return f"{interval.start}-{interval.end}"


def _listed(items: Iterable[str], last: str = "and") -> str:
    """Return items as a person lists them; the tail of a long list is counted."""
    names = list(items)
    if len(names) > _SHOWN:
        names = [*names[: _SHOWN - 1], f"{len(names) - _SHOWN + 1} more"]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"

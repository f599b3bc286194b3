"""The least that one rule must give way for a conflict to be gone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pilotline_scheduler.explain.oracle import Finding
from pilotline_scheduler.explain.rules import Rule, RuleKind, is_elsewhere
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Interval, Problem, Run
from pilotline_scheduler.verifier.case import Case

Check = Callable[[Problem], Finding]


@dataclass(frozen=True, slots=True)
class WayOut:
    """How one rule could give way.

    Attributes:
        sentence: what to do.
        least: whether it is proven that no less will do.
        value: the number in it: new deadline, release or maximum lag, or units more; or None.
        opening: hours to open, for the client to come, or in which another machine is needed;
            empty for other rules.
        enough: whether the conflict's runs then keep every rule of the problem, as long as no other
            run is in the way. If not, it ends this conflict, but another one of theirs is left.
    """

    sentence: str
    least: bool = False
    value: int | None = None
    opening: tuple[Interval, ...] = ()
    enough: bool = False

    @property
    def told(self) -> str:
        """The sentence, and that it is not enough where it is not."""
        return self.sentence if self.enough else f"{self.sentence} (another conflict is left then)"


def way_out(  # noqa: PLR0911 - one for each kind
    rule: Rule, problem: Problem, plan: Plan, check: Check
) -> WayOut:
    """Return how a rule could give way.

    Args:
        rule: a rule of the conflict.
        problem: runs and rules of a conflict, this one included; it has no plan.
        plan: a plan of the problem without the rule.
        check: looks for a plan; may give up.
    """
    match rule.kind:
        case RuleKind.DEADLINE | RuleKind.RELEASE | RuleKind.MAXIMUM_LAG | RuleKind.POOL:
            return _number(rule, problem, plan, check)
        case RuleKind.CALENDAR:
            return _opening(rule.about[0], problem, plan)
        case RuleKind.ATTENDANCE:
            return _visit(rule.about[0], problem, plan)
        case RuleKind.PIN:
            return _unpinned(rule.about[0], plan)
        case RuleKind.FROZEN:
            return _thawed(problem, plan)
        case RuleKind.WALL:
            one, other = rule.about[:2]
            return WayOut(f"let {one} and {other} be in one hall at the same time")
        case RuleKind.CHANGEOVER:
            return WayOut(f"shorten the changeovers of {rule.about[0]}, or set it up beforehand")
        case RuleKind.ELIGIBILITY:
            return _another_machine(rule.about[0], plan)


def _number(rule: Rule, problem: Problem, plan: Plan, check: Check) -> WayOut:
    """Return the least change of a number; the plan tells how much is enough."""
    now, enough, changed = _scale(rule, problem, plan)
    step = 1 if enough > now else -1
    low, high, proven = 0, abs(enough - now), True
    while high - low > 1:
        middle = (low + high) // 2
        found = check(changed(now + step * middle))
        if found.plan is not None:
            high = middle
        else:
            proven = proven and found.impossible
            low = middle
    value = now + step * high
    sentence = {
        RuleKind.DEADLINE: f"move the deadline of run {rule.about[0]} to {value} or later",
        RuleKind.RELEASE: f"let run {rule.about[0]} start at {value} or earlier",
        RuleKind.POOL: f"have {value} more of {rule.about[0]} at all times",
        RuleKind.MAXIMUM_LAG: f"let {rule.about[-1]} start up to {value} ticks "
        f"after {rule.about[1] if len(rule.about) > 1 else ''} ends",
    }[rule.kind]
    return WayOut(sentence, proven, value)


def _scale(rule: Rule, problem: Problem, plan: Plan) -> tuple[int, int, Callable[[int], Problem]]:
    """Return a rule's number, one that is enough, and the problem by its number."""
    at = {planned.operation: planned for planned in plan.operations}
    if rule.kind is RuleKind.POOL:
        name = rule.about[0]
        most = sum(
            max(
                (units for mode in each.modes for pool, units in mode.demands if pool == name),
                default=0,
            )
            for run in problem.runs
            for each in run.operations
        ) + sum(each.pool_units for each in problem.changeovers if each.pool == name)
        return 0, max(1, most), lambda units: _with_units(problem, name, units)
    run = next(run for run in problem.runs if run.id == rule.about[0])
    own = [at[operation.id] for operation in run.operations]
    if rule.kind is RuleKind.DEADLINE:
        end = max(each.end for each in own)
        return run.deadline or 0, end, lambda tick: _with(problem, replace(run, deadline=tick))
    if rule.kind is RuleKind.RELEASE:
        start = min(each.start for each in own)
        return run.release, start, lambda tick: _with(problem, replace(run, release=tick))
    before, after = rule.about[1:]
    waited = at[after].start - at[before].end
    now = min(
        lag.maximum
        for lag in run.lags
        if (lag.before, lag.after) == (before, after) and lag.maximum is not None
    )
    return now, waited, lambda most: _with(problem, _lagging(run, before, after, most))


def _lagging(run: Run, before: str, after: str, most: int) -> Run:
    lags = tuple(
        replace(lag, maximum=most)
        if (lag.before, lag.after) == (before, after) and lag.maximum is not None
        else lag
        for lag in run.lags
    )
    return replace(run, lags=lags)


def _with(problem: Problem, run: Run) -> Problem:
    runs = tuple(run if each.id == run.id else each for each in problem.runs)
    return replace(problem, runs=runs)


def _with_units(problem: Problem, name: str, more: int) -> Problem:
    pools = tuple(
        replace(pool, levels=tuple((tick, units + more) for tick, units in pool.levels))
        if pool.id == name
        else pool
        for pool in problem.pools
    )
    return replace(problem, pools=pools)


def _opening(machine: str, problem: Problem, plan: Plan) -> WayOut:
    """Return the closed hours that a plan would have the machine work in."""
    calendar = next(each.calendar for each in problem.machines if each.id == machine)
    windows = next(each.open for each in problem.calendars if each.id == calendar)
    used = list(_used(machine, problem, plan))
    missing = tuple(_outside(used, windows))
    hours = ", ".join(f"{each.start}-{each.end}" for each in missing)
    return WayOut(f"open {machine} in {hours}", opening=missing)


def _used(machine: str, problem: Problem, plan: Plan) -> Iterable[Interval]:
    """Yield when a plan has a machine set up or at work, setups as late as they can be."""
    case = Case(problem, plan)
    ticks = {setup.planned.operation: setup for setup in case.setups if setup.ticks}
    for planned in case.sequences[machine]:
        yield Interval(planned.start, planned.end)
        setup = ticks.get(planned.operation)
        if setup is not None and setup.changeover.pool is not None:
            yield setup.interval
        elif setup is not None:
            yield Interval(planned.start - setup.ticks, planned.start)


def _outside(used: Iterable[Interval], windows: tuple[Interval, ...]) -> Iterable[Interval]:
    """Yield the parts of some intervals that lie in no window; touching ones as one."""
    for interval in _joined(used):
        tick = interval.start
        for window in windows:
            if window.end <= tick or window.start >= interval.end:
                continue
            if window.start > tick:
                yield Interval(tick, window.start)
            tick = window.end
        if tick < interval.end:
            yield Interval(tick, interval.end)


def _joined(intervals: Iterable[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for interval in sorted(intervals, key=lambda each: each.start):
        if found and interval.start <= found[-1].end:
            found[-1] = Interval(found[-1].start, max(found[-1].end, interval.end))
        else:
            found.append(interval)
    return found


def _visit(name: str, problem: Problem, plan: Plan) -> WayOut:
    run = next(run for run in problem.runs if run.id == name)
    attended = {operation.id for operation in run.operations if operation.attended}
    visits = tuple(
        Interval(each.start, each.end)
        for each in plan.operations
        if each.operation in attended
        and not any(w.start <= each.start and each.end <= w.end for w in run.attendance)
    )
    hours = ", ".join(f"{each.start}-{each.end}" for each in visits)
    return WayOut(f"have client {run.client} come in {hours}", opening=visits)


def _unpinned(operation: str, plan: Plan) -> WayOut:
    where = _place(operation, plan)
    return WayOut(
        f"drop the pin of {operation}; it could then start at {where.start} on {where.machine}"
    )


def _thawed(problem: Problem, plan: Plan) -> WayOut:
    until = problem.frozen_until
    early = [
        each.operation for each in plan.operations if min(each.setup_start, each.start) < until
    ]
    what = f", so that {', '.join(early)} may begin before {until}" if early else ""
    return WayOut(f"shorten the frozen horizon, or take up what is decided in it{what}")


def _another_machine(operation: str, plan: Plan) -> WayOut:
    where = _place(operation, plan)
    if not is_elsewhere(where.machine):
        return WayOut(f"give {operation} another machine")
    return WayOut(
        f"give {operation} another machine, free from {where.start} to {where.end}",
        opening=(Interval(where.start, where.end),),
    )


def _place(operation: str, plan: Plan) -> PlannedOperation:
    return next(each for each in plan.operations if each.operation == operation)

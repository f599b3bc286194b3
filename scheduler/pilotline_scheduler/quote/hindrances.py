"""What stands in the way of an operation, machine by machine, and until when."""

from pilotline_scheduler.problem import Problem
from pilotline_scheduler.quote.offer import Hindrance, Rule
from pilotline_scheduler.solver.instance import ModeData
from pilotline_scheduler.solver.instance.starts import starts
from pilotline_scheduler.solver.seed.timeline import Timeline


def hindrances(
    timeline: Timeline, operation: int, problem: Problem, latest: int | None
) -> tuple[Hindrance, ...]:
    """Return what keeps an operation from starting soon enough on each of its machines.

    Args:
        timeline: the plan, with what comes before the operation; its own windows are not narrowed
            by deadlines.
        operation: position of the operation.
        problem: where names come from.
        latest: tick by which it should end, or None.
    """
    return tuple(
        _hindrance(timeline, operation, index, problem, latest)
        for index in range(len(timeline.instance.modes[operation]))
    )


def _hindrance(
    timeline: Timeline, operation: int, index: int, problem: Problem, latest: int | None
) -> Hindrance:
    mode = timeline.instance.modes[operation][index]
    ready = timeline.ready(operation)
    name = timeline.instance.names[operation]
    machine = problem.machines[mode.machine].id
    slot = timeline.find(operation, index, ready)
    until = None if slot is None else slot.start
    rule, resource = _rule(timeline, mode, ready, problem, latest)
    if rule is Rule.HOURS and _attended(problem, timeline, operation):
        rule = Rule.ATTENDANCE
    return Hindrance(name, machine, rule, resource, until, latest)


def _rule(
    timeline: Timeline, mode: ModeData, ready: int, problem: Problem, latest: int | None
) -> tuple[Rule, str]:
    """Return the first rule that alone pushes an operation beyond its latest end."""
    machine = problem.machines[mode.machine].id
    alone = mode.starts.first(ready)
    if alone is None or (latest is not None and sum(alone) > latest):
        return Rule.HOURS, machine
    needs = [(profile, needed) for profile, needed, _ in mode.draws]
    for profile, needed in (*needs, *mode.freed):
        if needed:
            start = timeline.first_free(mode, ready, profile, needed)
            if start is None or (latest is not None and start + alone[1] > latest):
                if profile < timeline.instance.pools:
                    return Rule.POOL, problem.pools[profile].id
                return Rule.WALL, problem.machines[mode.machine].hall or machine
    return Rule.MACHINE, machine


def _attended(problem: Problem, timeline: Timeline, operation: int) -> bool:
    name = timeline.instance.names[operation]
    return any(
        each.id == name and each.attended and run.attendance
        for run in problem.runs
        for each in run.operations
    )


def hopeless(problem: Problem) -> tuple[Hindrance, ...]:
    """Return why runs fit nowhere even in an empty line: the first operation that cannot be done.

    Args:
        problem: the new runs alone, known to have no plan.
    """
    calendars = {each.id: each.open for each in problem.calendars}
    machines = {each.id: each for each in problem.machines}
    most = {pool.id: max(units for _, units in pool.levels) for pool in problem.pools}
    found: list[Hindrance] = []
    for run in problem.runs:
        for operation in run.operations:
            for mode in operation.modes:
                calendar = machines[mode.machine].calendar
                opened = None if calendar is None else calendars[calendar]
                alone = starts(opened, mode.ticks, pausable=operation.pausable)
                visits = run.attendance if operation.attended else ()
                rule, resource = Rule.HOURS, mode.machine
                lacking = [pool for pool, units in mode.demands if units > most[pool]]
                if lacking:
                    rule, resource = Rule.POOL, lacking[0]
                elif visits and alone.first(run.release) is not None:
                    if alone.within(visits).first(run.release) is not None:
                        continue
                    rule = Rule.ATTENDANCE
                elif alone.first(run.release) is not None:
                    continue
                found.append(Hindrance(operation.id, mode.machine, rule, resource, None, None))
            if found:
                return tuple(found)
    return ()

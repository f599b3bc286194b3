"""Generates a problem with every kind of constraint, and makes sure that it has a plan."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from pilotline_scheduler.errors import SchedulerError
from pilotline_scheduler.generator.features import (
    Feature,
    with_entitlements,
    with_kiln,
    with_running,
    with_tariff,
)
from pilotline_scheduler.generator.line import DAY, able, changeovers, equip, loaded_days, pools
from pilotline_scheduler.generator.orders import Orders, usual_steps
from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import Goal, Objective, Pin, Problem, Run, Term, Wall
from pilotline_scheduler.solver.first_plan import first_plan

_ORIGIN = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""
_FROZEN_UNTIL = 10 * 60
_DEADLINE_SHARE = 0.1
_PINS = 3
_SLACK_DAYS = 42
"""Calendars go on for so long after the last release."""
_STRETCHES = 4
"""How often the time for the work is doubled before the request is refused."""


def generate(
    runs: int, machines: int, seed: int = 0, features: Collection[Feature] = ()
) -> Problem:
    """Return a pilot-line problem that is known to have a plan.

    A first plan is made without decisions; deadlines, pins and the frozen horizon are then taken
    from it, so it keeps them all. The same arguments give the same problem.

    Args:
        runs: trial runs, of five operations on average; at least 1.
        machines: machines; at least 2, so that operations have alternatives.
        seed: what to draw from.
        features: what the line has besides; a kiln is a further machine.

    Raises:
        SchedulerError: no such line could be planned.
    """
    if runs < 1 or machines < 2:
        message = f"a line needs at least 1 run and 2 machines, not {runs} and {machines}"
        raise SchedulerError(message)
    days = loaded_days(runs * usual_steps(machines), machines)
    for _ in range(_STRETCHES):
        problem = _featured(_line(runs, machines, days, seed), seed, features)
        plan = first_plan(problem)
        if plan is not None:
            decided = _decided(problem, plan.operations, Random(seed))  # noqa: S311 - no secret
            return with_running(decided) if Feature.RUNNING in features else decided
        days *= 2
    message = f"no plan for {runs} runs on {machines} machines with seed {seed}; try another seed"
    raise SchedulerError(message)


def _featured(problem: Problem, seed: int, features: Collection[Feature]) -> Problem:
    if Feature.KILN in features:
        problem = with_kiln(problem, seed)
    if Feature.ENTITLEMENTS in features:
        problem = with_entitlements(problem, seed)
    if Feature.TARIFF in features:
        last = max(calendar.open[-1].end for calendar in problem.calendars)
        problem = with_tariff(problem, seed, -(-last // DAY))
    return problem


def _line(runs: int, machines: int, loaded: int, seed: int) -> Problem:
    days = -(-(loaded + _SLACK_DAYS) // 7) * 7
    random = Random(seed)  # noqa: S311 - no secret
    equipment, calendars = equip(machines, days, random)
    clients = max(3, runs // 6)
    orders = Orders(equipment, able(equipment), clients, loaded * DAY, random)
    return Problem(
        name=f"pilot line of {runs} runs on {machines} machines, seed {seed}",
        machines=tuple(equipment),
        calendars=tuple(calendars),
        changeovers=tuple(changeovers(random)),
        pools=tuple(pools(machines, days)),
        runs=tuple(orders.run(index) for index in range(runs)),
        walls=tuple(_walls(clients)),
        objective=Objective(
            (Term(Goal.WEIGHTED_TARDINESS), Term(Goal.CHANGEOVER_TIME, priority=1))
        ),
        origin=_ORIGIN,
    )


def _walls(clients: int) -> list[Wall]:
    """Return walls between a fifth of the clients, pair by pair."""
    walled = max(2, clients // 5)
    return [Wall((f"client-{one}", f"client-{one + 1}")) for one in range(1, walled, 2)]


def _decided(problem: Problem, plan: Sequence[PlannedOperation], random: Random) -> Problem:
    ends = {planned.operation: planned.end for planned in plan}
    frozen = [planned for planned in plan if planned.start < _FROZEN_UNTIL]
    later = [planned for planned in plan if planned.start >= _FROZEN_UNTIL]
    being_set_up = [planned for planned in later if planned.setup_start < _FROZEN_UNTIL]
    free = [planned for planned in later if planned.setup_start >= _FROZEN_UNTIL]
    pinned = being_set_up + random.sample(free, min(_PINS, len(free)))
    return replace(
        problem,
        runs=tuple(_with_deadline(run, ends, random) for run in problem.runs),
        pins=tuple(Pin(planned.operation, planned.machine, planned.start) for planned in pinned),
        frozen_until=_FROZEN_UNTIL,
        previous=tuple(frozen),
    )


def _with_deadline(run: Run, ends: dict[str, int], random: Random) -> Run:
    if random.random() >= _DEADLINE_SHARE:
        return run
    end = max(ends[operation.id] for operation in run.operations)
    return replace(run, deadline=end + random.randint(DAY // 2, 2 * DAY))

"""What a generated line can have besides: a kiln, prices of energy, entitlements, running work."""

from dataclasses import replace
from enum import StrEnum
from random import Random

from pilotline_scheduler.generator.line import DAY
from pilotline_scheduler.problem import (
    Client,
    Goal,
    Lag,
    Machine,
    Mode,
    Objective,
    Operation,
    Problem,
    Run,
    Running,
    Term,
)


class Feature(StrEnum):
    """Something a usual line does not have; none changes the line that is drawn for a seed."""

    KILN = "kiln"
    """A further machine that fires the goods of several runs as batches."""
    TARIFF = "tariff"
    """Energy by the hour: its price and its emissions; both are minimised after all else."""
    ENTITLEMENTS = "entitlements"
    """Clients have shares of the line, and tardiness is shared out fairly before all else."""
    RUNNING = "running"
    """What the first plan starts in its first hours runs already."""


_FIRED_SHARE = 0.25
_KILN_PLACES = 8
_MOST_PLACES = 4
_PROGRAMS = {"900-c": 240, "1100-c": 360, "1300-c": 480}
"""Minutes that a firing takes by temperature."""
_KILN_ENERGY = 80
_ENERGY = {"furnace": 90, "extruder": 60, "dryer": 40, "mixer": 15, "mill": 10}
"""Energy drawn per minute by the kind of machine."""
_PRICES = (6, 5, 5, 4, 4, 5, 8, 12, 14, 12, 9, 7, 6, 5, 6, 8, 11, 16, 18, 15, 11, 9, 8, 7)
_GRAMS = (9, 8, 8, 8, 8, 9, 10, 11, 10, 8, 6, 5, 4, 4, 5, 7, 9, 12, 13, 13, 12, 11, 10, 9)
"""By the hour of a day: dear in the evening, clean at noon."""
_NOISE = 3
_ENTITLEMENTS = (1, 2, 3, 4, 6)
_BEGUN_BY = 8 * 60
HOUR = 60


def with_kiln(problem: Problem, seed: int) -> Problem:
    """Return the problem with a kiln, in which the goods of some runs are fired last."""
    random = _random(seed, Feature.KILN)
    runs = tuple(
        _fired(run, random) if random.random() < _FIRED_SHARE else run for run in problem.runs
    )
    kiln = Machine("kiln-1", hall="workshop", places=_KILN_PLACES)
    return replace(problem, machines=(*problem.machines, kiln), runs=runs)


def _fired(run: Run, random: Random) -> Run:
    program = random.choice(list(_PROGRAMS))
    mode = Mode(
        "kiln-1",
        _PROGRAMS[program],
        energy=_KILN_ENERGY,
        batch=program,
        places=random.randint(1, _MOST_PLACES),
    )
    firing = Operation(f"{run.id}-fire", (mode,))
    before = {lag.before for lag in run.lags}
    last = [operation.id for operation in run.operations if operation.id not in before]
    lags = (*run.lags, *(Lag(each, firing.id) for each in last))
    return replace(run, operations=(*run.operations, firing), lags=lags)


def with_tariff(problem: Problem, seed: int, days: int) -> Problem:
    """Return the problem with prices and emissions of energy by the hour."""
    random = _random(seed, Feature.TARIFF)
    kinds = {machine.id: machine.id.rpartition("-")[0] for machine in problem.machines}
    runs = tuple(
        replace(
            run,
            operations=tuple(
                replace(
                    operation,
                    modes=tuple(
                        replace(mode, energy=mode.energy or _ENERGY.get(kinds[mode.machine], 0))
                        for mode in operation.modes
                    ),
                )
                for operation in run.operations
            ),
        )
        for run in problem.runs
    )
    last = max(term.priority for term in problem.objective.terms) + 1
    terms = (
        *problem.objective.terms,
        Term(Goal.ENERGY_COST, priority=last),
        Term(Goal.EMISSIONS, priority=last),
    )
    return replace(
        problem,
        runs=runs,
        tariff=_hourly(_PRICES, days, random),
        intensity=_hourly(_GRAMS, days, random),
        objective=Objective(terms),
    )


def _hourly(day: tuple[int, ...], days: int, random: Random) -> tuple[tuple[int, int], ...]:
    return tuple(
        (number * DAY + hour * HOUR, value + random.randint(0, _NOISE))
        for number in range(days)
        for hour, value in enumerate(day)
    )


def with_entitlements(problem: Problem, seed: int) -> Problem:
    """Return the problem with shares of the clients, and fairness as the first goal."""
    random = _random(seed, Feature.ENTITLEMENTS)
    names = sorted({run.client for run in problem.runs})
    terms = (
        Term(Goal.FAIRNESS),
        *(replace(term, priority=term.priority + 1) for term in problem.objective.terms),
    )
    return replace(
        problem,
        clients=tuple(Client(name, random.choice(_ENTITLEMENTS)) for name in names),
        objective=Objective(terms),
    )


def with_running(problem: Problem) -> Problem:
    """Return the problem in which what was begun first, as published, runs already."""
    begun = tuple(
        Running(planned.operation, planned.machine, planned.start, planned.end)
        for planned in problem.previous
        if planned.start < _BEGUN_BY
    )
    names = {each.operation for each in begun}
    pins = tuple(pin for pin in problem.pins if pin.operation not in names)
    return replace(problem, running=begun, pins=pins)


def _random(seed: int, feature: Feature) -> Random:
    return Random(f"{seed}/{feature}")  # noqa: S311 - no secret

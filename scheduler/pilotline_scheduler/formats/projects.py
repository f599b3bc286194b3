"""Resource-constrained projects of the literature: rcpsp (Patterson) and rcpsp-max (ProGen/max).

An activity needs no machine there, so each gets one of its own; resources are pools.
"""

from collections.abc import Sequence

from pilotline_scheduler.formats.shops import MAKESPAN
from pilotline_scheduler.formats.tokens import Tokens
from pilotline_scheduler.problem import Lag, Machine, Mode, Operation, Pool, Problem, Run


def read_rcpsp(name: str, text: str) -> list[Problem]:
    """Read Patterson's form: activities, capacities, then duration, demands and successors."""
    tokens = Tokens(text)
    count = tokens.count("the number of activities", 1)
    capacities = tokens.numbers(tokens.count("the number of resources"), "a capacity")
    durations: list[int] = []
    demands: list[list[int]] = []
    lags: list[Lag] = []
    for activity in range(1, count + 1):
        durations.append(tokens.count("a duration"))
        demands.append([tokens.count("a demand") for _ in capacities])
        successors = tokens.numbers(tokens.count("a number of successors"), "a successor")
        lags += [Lag(f"A{activity}", f"A{after}") for after in successors]
    return [_project(name, range(1, count + 1), durations, demands, capacities, lags)]


def read_rcpsp_max(name: str, text: str) -> list[Problem]:
    """Read ProGen/max's form: lags from start to start, then durations and demands, capacities.

    A lag below the duration lets activities overlap, and below zero it is a maximum lag the other
    way round; as minimum lags from end to start both are below zero.
    """
    tokens = Tokens(text)
    count = tokens.count("the number of activities") + 2
    resources = tokens.count("the number of resources")
    tokens.skip_line()
    arcs: list[tuple[int, int, int]] = []
    for _ in range(count):
        activity = tokens.count("an activity")
        tokens.count("a number of modes", 1)
        successors = tokens.numbers(tokens.count("a number of successors"), "a successor")
        waits = tokens.numbers(len(successors), "a lag")
        arcs += [(activity, after, wait) for after, wait in zip(successors, waits, strict=True)]
    durations: list[int] = []
    demands: list[list[int]] = []
    for _ in range(count):
        tokens.numbers(2, "an activity and its mode")
        durations.append(tokens.count("a duration"))
        demands.append([tokens.count("a demand") for _ in range(resources)])
    capacities = tokens.numbers(resources, "a capacity")
    lags = [
        Lag(f"A{before}", f"A{after}", wait - durations[before]) for before, after, wait in arcs
    ]
    return [_project(name, range(count), durations, demands, capacities, lags)]


def _project(
    name: str,
    numbers: range,
    durations: Sequence[int],
    demands: Sequence[Sequence[int]],
    capacities: Sequence[int],
    lags: Sequence[Lag],
) -> Problem:
    operations = tuple(
        Operation(
            f"A{number}",
            (
                Mode(
                    f"A{number}",
                    durations[position],
                    tuple(
                        (f"R{resource}", units)
                        for resource, units in enumerate(demands[position], 1)
                        if units
                    ),
                ),
            ),
        )
        for position, number in enumerate(numbers)
    )
    return Problem(
        name=name,
        machines=tuple(Machine(f"A{number}") for number in numbers),
        pools=tuple(
            Pool(f"R{resource}", ((0, capacity),))
            for resource, capacity in enumerate(capacities, 1)
        ),
        runs=(Run("project", "project", operations, tuple(lags)),),
        objective=MAKESPAN,
    )

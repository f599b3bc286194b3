"""Compiles what runs already, so that the solver meets nothing but decided operations.

A running operation is set up, whatever was on its machine before. Its machine gets a state for
that: it is entered from any state at once, and left like the state the operation needs.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pilotline_scheduler.problem import Changeover, Machine, Problem

Steps = tuple[tuple[int, int], ...]
Matrix = tuple[tuple[int, ...], ...]


def entered_states(
    problem: Problem, machines: Mapping[str, Machine], changeovers: Mapping[str | None, Changeover]
) -> dict[str, list[str]]:
    """Return, by machine, the setup states that running operations are in."""
    needed = {each.id: each.setup_state for run in problem.runs for each in run.operations}
    found: dict[str, list[str]] = defaultdict(list)
    for running in problem.running:
        state = needed[running.operation]
        known = changeovers.get(machines[running.machine].changeover)
        if state is not None and known is not None and state not in found[running.machine]:
            found[running.machine].append(state)
    return found


def with_entered(matrix: Matrix, entered: Sequence[int]) -> Matrix:
    """Return a matrix with a further state for each of some, entered at no cost, left like it."""
    free = (0,) * len(entered)
    return tuple(row + free for row in (*matrix, *(matrix[state] for state in entered)))


def raised(steps: Steps, held: Sequence[tuple[int, int, int]]) -> Steps:
    """Return capacity steps that are nowhere below what running operations hold together.

    Args:
        steps: ``(tick, capacity)``.
        held: ``(start, end, units)``.
    """
    if not held:
        return steps
    changes: dict[int, int] = defaultdict(int)
    for start, end, units in held:
        changes[start] += units
        changes[end] -= units
    capacities = dict(steps)
    found: list[tuple[int, int]] = []
    capacity = taken = 0
    for tick in sorted(changes.keys() | capacities.keys()):
        capacity = capacities.get(tick, capacity)
        taken += changes.get(tick, 0)
        found.append((tick, max(capacity, taken)))
    first = found[:1]
    return tuple(first + [after for before, after in pairwise(found) if after[1] != before[1]])

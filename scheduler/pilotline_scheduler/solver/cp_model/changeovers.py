"""Part two of the CP-SAT model, continued: changeovers between the operations of a machine.

Where only their length matters and no detour through a third state is shorter, a Boolean per pair
of operations is exact, and by far the stronger model. Elsewhere a circuit runs through the
operations of the machine, so that each knows the state it finds.
"""

from itertools import combinations, pairwise

import numpy as np
from ortools.sat.python import cp_model

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.cp_model.circuit import add_circuit
from pilotline_scheduler.solver.cp_model.draft import Draft
from pilotline_scheduler.solver.cp_model.lines import Line, Node, lines


def add_changeovers(draft: Draft) -> None:
    """A machine is set up before each operation, for as long as the state it is in asks for."""
    goals = {goal for level in draft.instance.levels for goal in level.weights}
    measured = bool(goals & {Goal.CHANGEOVER_TIME, Goal.CHANGEOVER_COST})
    for line in lines(draft):
        _pad(draft, line)
        if not measured and _pairs_suffice(draft, line):
            _add_pairs(draft, line)
        else:
            add_circuit(draft, line)


def _pad(draft: Draft, line: Line) -> None:
    """No operation overlaps the least time that another's setup takes before it."""
    into = [min(row[state] for row in line.changeover.ticks) for state in range(_states(line))]
    if line.state < 0:
        return
    if not any(into):
        return
    padded: list[cp_model.IntervalVar] = []
    for node in line.nodes:
        pad = into[node.state] if node.state >= 0 else 0
        padded += [
            draft.model.new_optional_fixed_size_interval_var(
                node.activity.start - pad, span.size + pad, span.literal, ""
            )
            for span in node.spans
        ]
    draft.model.add_no_overlap(padded)


def _states(line: Line) -> int:
    return len(line.changeover.ticks)


def _pairs_suffice(draft: Draft, line: Line) -> bool:
    """Return whether times between pairs imply the times along the sequence."""
    if line.explicit or any(node.state < 0 for node in line.nodes):
        return False
    if any(draft.setup_floor(node.operation) for node in line.nodes):
        return False
    ticks = np.array(line.changeover.ticks, dtype=np.int64)
    least = np.full(_states(line), np.iinfo(np.int32).max, dtype=np.int64)
    for node in line.nodes:
        least[node.state] = min(least[node.state], node.least)
    detour = ticks[:, :, None] + least[None, :, None] + ticks[None, :, :]
    return bool((ticks[:, None, :] <= detour).all())


def _add_pairs(draft: Draft, line: Line) -> None:
    ticks = line.changeover.ticks
    if line.state >= 0:
        for node in line.nodes:
            if node.activity.moves:
                start = node.activity.start
                draft.model.add(
                    start >= line.ready + ticks[line.state][node.state]
                ).only_enforce_if(node.literal)
    ranked = sorted((node for node in line.nodes if node.rank >= 0), key=lambda node: node.rank)
    for one, other in pairwise(ranked):
        if one.activity.moves or other.activity.moves:
            gap = ticks[one.state][other.state]
            draft.model.add(other.activity.start >= one.activity.end + gap)
    for one, other in combinations(line.nodes, 2):
        if one.rank < 0 or other.rank < 0:
            _add_pair(draft, line, one, other)


def _add_pair(draft: Draft, line: Line, one: Node, other: Node) -> None:
    """One of two operations on a machine ends, and the setup between fits, before the other."""
    model, base, ticks = draft.model, draft.base, line.changeover.ticks
    there, back = ticks[one.state][other.state], ticks[other.state][one.state]
    both = [literal for literal in (one.literal, other.literal) if literal is not draft.true]
    if one.activity.first_end + there > other.activity.last_start:
        model.add(one.activity.start >= other.activity.end + back).only_enforce_if(both)
    elif other.activity.first_end + back > one.activity.last_start:
        model.add(other.activity.start >= one.activity.end + there).only_enforce_if(both)
    else:
        first = draft.truth(
            None if base is None else base.start[one.operation] < base.start[other.operation]
        )
        model.add(other.activity.start >= one.activity.end + there).only_enforce_if(first, *both)
        model.add(one.activity.start >= other.activity.end + back).only_enforce_if(~first, *both)

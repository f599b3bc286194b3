"""Part three of the CP-SAT model, continued: how late runs are, and how that is shared out."""

from collections.abc import Sequence

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.draft import Draft
from pilotline_scheduler.solver.instance import RunData, burdens


def lasts(draft: Draft, operations: Sequence[int]) -> list[int]:
    """Return the operations of which one ends last: those that nothing waits for."""
    return [
        operation
        for operation in operations
        if not any(lag.minimum >= 0 for lag in draft.instance.successors[operation])
    ]


def tardiness(draft: Draft, index: int) -> cp_model.LinearExprT:
    """Return the tardiness of a run, the same each time it is asked for."""
    if index not in draft.tardiness:
        draft.tardiness[index] = _measured(draft, draft.instance.runs[index])
    return draft.tardiness[index]


def _measured(draft: Draft, run: RunData) -> cp_model.LinearExprT:
    if run.due is None:
        return 0
    if not any(draft.scope.moves(operation) for operation in run.operations):
        return base_tardiness(draft, run) or 0
    ends = [draft.activity(operation) for operation in lasts(draft, run.operations)]
    low = max(0, max(each.first_end for each in ends) - run.due)
    high = max(0, max(each.last_end for each in ends) - run.due)
    if low == high:
        return low
    late = draft.number(cp_model.Domain(low, high), base_tardiness(draft, run))
    for each in ends:
        if each.last_end > run.due + low:
            draft.model.add(late >= each.end - run.due)
    return late


def base_tardiness(draft: Draft, run: RunData) -> int | None:
    """Return the tardiness of a run in the base plan."""
    if draft.base is None or run.due is None:
        return None
    return max(0, max(draft.base.end[operation] for operation in run.operations) - run.due)


def largest_burdens(draft: Draft, worst: int) -> cp_model.LinearExprT:
    """Return the sum of the largest burdens of clients.

    It is the least of ``worst * level + sum(max(0, burden - level))`` over all levels (Ogryczak &
    Sliwinski 2003), so a bound that is minimised reaches it.
    """
    clients = draft.instance.clients
    sums = [
        client.share
        * cp_model.LinearExpr.sum(
            [draft.instance.runs[run].weight * tardiness(draft, run) for run in client.runs]
        )
        for client in clients
    ]
    if worst >= len(clients):
        return cp_model.LinearExpr.sum(sums)
    known = [] if draft.base is None else burdens(draft.instance, draft.base)
    most = _most(draft)
    level = sorted(known, reverse=True)[worst - 1] if known else None
    line = draft.number(cp_model.Domain(0, max(most)), level)
    terms: list[cp_model.LinearExprT] = [worst * line]
    for index, (burden, high) in enumerate(zip(sums, most, strict=True)):
        above = None if level is None else max(0, known[index] - level)
        excess = draft.number(cp_model.Domain(0, max(high, above or 0)), above)
        draft.model.add(excess >= burden - line)
        terms.append(excess)
    return cp_model.LinearExpr.sum(terms)


def _most(draft: Draft) -> list[int]:
    """Return the largest burden that each client can have."""
    found: list[int] = []
    for client in draft.instance.clients:
        total = 0
        for index in client.runs:
            run = draft.instance.runs[index]
            ends = [draft.activity(operation).last_end for operation in run.operations]
            total += run.weight * max(0, max(ends) - (run.due or 0))
        found.append(client.share * total)
    return found

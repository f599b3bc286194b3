"""Part two of the CP-SAT model: what must hold, a function for each family of rules.

Calendars, releases, deadlines, attendance, pins and the frozen horizon are in the start domains of
part one; changeovers are in a module of their own.
"""

from collections.abc import Iterator
from itertools import pairwise

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.draft import Draft, Span
from pilotline_scheduler.solver.cp_model.pauses import worked_demands
from pilotline_scheduler.solver.instance import LagData


def add_lags(draft: Draft) -> None:
    """An operation starts no earlier and no later after another's end than their lag allows."""
    for operation in draft.movers:
        for lag in draft.instance.successors[operation]:
            _add_lag(draft, operation, lag.other, lag)
        for lag in draft.instance.predecessors[operation]:
            if not draft.scope.moves(lag.other):
                _add_lag(draft, lag.other, operation, lag)


def _add_lag(draft: Draft, before: int, after: int, lag: LagData) -> None:
    end, start = draft.activity(before).end, draft.activity(after).start
    draft.model.add(start >= end + lag.minimum)
    if lag.maximum is not None:
        draft.model.add(start <= end + lag.maximum)


def add_machines(draft: Draft) -> None:
    """A machine does one operation at a time; kept operations keep their order on it."""
    spans: dict[int, list[Span]] = {}
    for operation in draft.movers:
        for option in draft.activity(operation).options:
            head = draft.head(operation, option)
            if head is not None:
                machine = draft.instance.modes[operation][option.mode].machine
                spans.setdefault(machine, []).extend(head.spans)
    for machine, moving in spans.items():
        for operation in draft.neighbours(draft.base_sequences[machine]):
            staying = draft.head(operation, draft.activity(operation).options[0])
            if staying is not None:
                moving.extend(staying.spans)
        draft.model.add_no_overlap([span.interval for span in moving])
        _keep_order(draft, machine)


def _keep_order(draft: Draft, machine: int) -> None:
    """Operations that are not decided anew keep their order on a machine."""
    kept = [
        each
        for each in draft.base_sequences[machine]
        if each not in draft.scope.free and draft.base_head.get(each, each) == each
    ]
    for before, after in pairwise(kept):
        if draft.scope.moves(before) or draft.scope.moves(after):
            draft.model.add(draft.activity(after).start >= draft.activity(before).end)


def add_pools(draft: Draft) -> None:
    """Operations and changeovers never draw more from a pool than it has at that moment."""
    for pool in range(draft.instance.pools):
        demands = list(_demands(draft, pool))
        demands += [
            (each.interval, each.units) for each in draft.setup_intervals if each.pool == pool
        ]
        demands += worked_demands(draft, pool)
        if not demands:
            continue
        capacity = max(units for _, units in draft.instance.profiles[pool])
        intervals = [interval for interval, _ in demands]
        units = [amount for _, amount in demands]
        for start, end, taken in _taken(draft, pool, capacity):
            intervals.append(draft.model.new_fixed_size_interval_var(start, end - start, ""))
            units.append(taken)
        draft.model.add_cumulative(intervals, units, capacity)


def _demands(draft: Draft, pool: int) -> Iterator[tuple[cp_model.IntervalVar, int]]:
    for operation in draft.movers:
        for option in draft.activity(operation).options:
            for profile, _, taken in draft.instance.modes[operation][option.mode].draws:
                if profile == pool and taken:
                    for span in option.spans:
                        yield span.interval, taken


def _taken(draft: Draft, pool: int, capacity: int) -> Iterator[tuple[int, int, int]]:
    """Yield ``(start, end, units)`` that the model cannot have: closed, or held by what stays."""
    changes: dict[int, int] = {}
    before = capacity
    for tick, units in draft.instance.profiles[pool]:
        changes[tick] = changes.get(tick, 0) + before - units
        before = units
    for start, end, units in _held(draft, pool):
        changes[start] = changes.get(start, 0) + units
        changes[end] = changes.get(end, 0) - units
    low, high = draft.scope.begin, min(draft.last_tick(), draft.instance.horizon)
    taken = 0
    for tick, after in pairwise([*sorted(changes), high]):
        taken += changes.get(tick, 0)
        start, end = max(tick, low), min(after, high)
        if taken > 0 and start < end:
            yield start, end, taken


def _held(draft: Draft, pool: int) -> Iterator[tuple[int, int, int]]:
    """Yield what operations that stay, and their changeovers, draw from a pool."""
    base = draft.base
    if base is None:
        return
    for operation in draft.neighbours(range(len(base.start)), until=draft.last_tick()):
        mode = draft.instance.modes[operation][base.mode[operation]]
        for profile, _, taken in mode.draws:
            if profile == pool and taken:
                yield base.start[operation], base.end[operation], taken
        for profile, units in mode.freed:
            if profile == pool:
                for start, end in mode.worked(base.start[operation], base.end[operation]):
                    yield start, end, units
    for operation, ticks, lender, units in draft.kept_setups():
        if lender == pool:
            start = base.setup_start[operation]
            yield start, start + ticks, units


def add_walls(draft: Draft) -> None:
    """Operations of two clients with a wall between them never run in one hall at once."""
    if len(draft.instance.profiles) == draft.instance.pools:
        return
    present: dict[int, list[int]] = {}
    wary: dict[int, list[int]] = {}
    staying = draft.neighbours(range(len(draft.instance.names)))
    for operation in [*draft.movers, *staying]:
        modes = draft.instance.modes[operation]
        for profile, _, taken in sorted({draw for mode in modes for draw in mode.draws}):
            if profile >= draft.instance.pools:
                (present if taken else wary).setdefault(profile, []).append(operation)
    apart: set[tuple[int, int]] = set()
    for profile, operations in wary.items():
        for one in operations:
            for other in present.get(profile, ()):
                pair = (min(one, other), max(one, other))
                if pair not in apart:
                    apart.add(pair)
                    _keep_apart(draft, profile, one, other)


def _keep_apart(draft: Draft, profile: int, one: int, other: int) -> None:
    """Two operations do not overlap while both are in the hall of a profile."""
    if not (draft.scope.moves(one) or draft.scope.moves(other)):
        return
    first, second = draft.activity(one), draft.activity(other)
    if first.last_end <= second.first_start or second.last_end <= first.first_start:
        return
    draft.model.add_no_overlap(
        [
            *(span.interval for span in _in_hall(draft, profile, one)),
            *(span.interval for span in _in_hall(draft, profile, other)),
        ]
    )


def _in_hall(draft: Draft, profile: int, operation: int) -> Iterator[Span]:
    modes = draft.instance.modes[operation]
    for option in draft.activity(operation).options:
        if any(profile == draw[0] for draw in modes[option.mode].draws):
            yield from option.spans

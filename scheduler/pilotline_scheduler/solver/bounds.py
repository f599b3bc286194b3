"""Lower bounds by simple arithmetic, valid for every plan and known before any search."""

from collections.abc import Sequence
from heapq import heappop, heappush

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.instance import FOREVER, Instance


def lower_bounds(instance: Instance) -> list[tuple[int, str]]:
    """Return a lower bound of each priority level and where it comes from."""
    ends = earliest_ends(instance)
    found: list[tuple[int, str]] = []
    for level in instance.levels:
        parts = {goal: _bound(goal, level.worst, instance, ends) for goal in level.weights}
        value = sum(weight * parts[goal][0] for goal, weight in level.weights.items())
        largest = max(level.weights, key=lambda goal: level.weights[goal] * parts[goal][0])
        found.append((value, parts[largest][1]))
    return found


def earliest_ends(instance: Instance) -> list[int]:
    """Return the earliest end of each operation by calendars and lags alone."""
    ends: list[int] = []
    for modes, earliest in zip(instance.modes, instance.earliest, strict=True):
        spans = filter(None, (mode.starts.first(earliest) for mode in modes))
        ends.append(min((start + size for start, size in spans), default=FOREVER))
    return ends


def _bound(goal: Goal, worst: int, instance: Instance, ends: Sequence[int]) -> tuple[int, str]:
    """Return the bound of a goal and where it comes from."""
    if goal is Goal.MAKESPAN:
        return _makespan(instance, ends)
    if goal in (Goal.CHANGEOVER_TIME, Goal.CHANGEOVER_COST):
        return _changeovers(instance, cost=goal is Goal.CHANGEOVER_COST), "states-to-enter"
    if goal in (Goal.ENERGY_COST, Goal.EMISSIONS):
        return _drawn_energy(goal, instance), "cheapest-tick"
    if goal is Goal.MOVED_START:
        return _moved(instance), "time-windows"
    if goal is Goal.CHANGED_MACHINE:
        return _changed(instance), "modes"
    return _lateness(goal, worst, instance, ends), "critical-paths"


def _lateness(goal: Goal, worst: int, instance: Instance, ends: Sequence[int]) -> int:
    if goal is Goal.FAIRNESS:
        return _burdens(worst, instance, ends)
    late = [
        (run.weight, max(ends[each] for each in run.operations) - run.due)
        for run in instance.runs
        if run.due is not None
    ]
    weighted = goal is Goal.WEIGHTED_TARDINESS
    return sum(weight * ticks if weighted else 1 for weight, ticks in late if ticks > 0)


def _changed(instance: Instance) -> int:
    return sum(
        price
        for published, price in zip(instance.previous, instance.move_prices, strict=True)
        if published is not None and published[0] < 0
    )


def _burdens(worst: int, instance: Instance, ends: Sequence[int]) -> int:
    """Return the sum of the largest burdens, each at its least."""
    least: list[int] = []
    for client in instance.clients:
        late = 0
        for index in client.runs:
            run = instance.runs[index]
            late += run.weight * max(0, max(ends[each] for each in run.operations) - (run.due or 0))
        least.append(client.share * late)
    return sum(sorted(least, reverse=True)[:worst])


def _drawn_energy(goal: Goal, instance: Instance) -> int:
    """Return what the energy is worth when every operation runs at the cheapest tick of all.

    Those that may share a machine could be the ones that join, so they count for nothing.
    """
    problem = instance.problem
    steps = problem.tariff if goal is Goal.ENERGY_COST else problem.intensity
    cheapest = min((value for _, value in steps), default=0)
    return cheapest * sum(
        min(mode.energy * mode.ticks for mode in modes)
        for modes in instance.modes
        if all(mode.family < 0 for mode in modes)
    )


def _makespan(instance: Instance, ends: Sequence[int]) -> tuple[int, str]:
    candidates = [(max(ends, default=0), "critical-paths")]
    tails = _tails(instance)
    work = [min(mode.ticks for mode in modes) for modes in instance.modes]
    owners: dict[int, dict[int, list[int]]] = {}
    for operation, modes in enumerate(instance.modes):
        machines = {mode.machine for mode in modes}
        if len(machines) == 1:
            here = owners.setdefault(machines.pop(), {})
            here.setdefault(modes[0].family, []).append(operation)
    for machine, families in owners.items():
        bound = _preemptive(
            [
                (instance.earliest[each], work[each], tails[each] - work[each])
                for each in families.pop(-1, [])
            ]
            + [job for each in families.values() for job in _batches(instance, each, tails)]
        )
        candidates.append((bound, f"machine:{instance.problem.machines[machine].id}"))
    candidates.append((_balanced(instance), "machine-loads"))
    candidates.extend(
        (_drawn(instance, pool), f"pool:{instance.problem.pools[pool].id}")
        for pool in range(instance.pools)
    )
    return max(candidates)


def _batches(
    instance: Instance, operations: Sequence[int], tails: Sequence[int]
) -> list[tuple[int, int, int]]:
    """Return ``(head, work, tail)`` of the fewest batches that a family makes on its machine."""
    modes = [instance.modes[each][0] for each in operations]
    places = instance.machines[modes[0].machine].places
    count = max(1, -(-sum(mode.places for mode in modes) // places))
    work = min(mode.ticks for mode in modes)
    head = min(instance.earliest[each] for each in operations)
    tail = min(tails[each] for each in operations) - work
    return [(head, work, tail)] * count


def _tails(instance: Instance) -> list[int]:
    """Return the least time from the start of each operation to the end of all work."""
    tails = [min(mode.ticks for mode in modes) for modes in instance.modes]
    waiting = [sum(lag.minimum >= 0 for lag in lags) for lags in instance.successors]
    queue = [operation for operation, count in enumerate(waiting) if count == 0]
    work = list(tails)
    for operation in queue:
        for lag in instance.predecessors[operation]:
            if lag.minimum >= 0:
                through = work[lag.other] + lag.minimum + tails[operation]
                tails[lag.other] = max(tails[lag.other], through)
                waiting[lag.other] -= 1
                if waiting[lag.other] == 0:
                    queue.append(lag.other)
    return tails


def _preemptive(jobs: Sequence[tuple[int, int, int]]) -> int:
    """Return the makespan of Jackson's preemptive schedule (Carlier 1982).

    Args:
        jobs: ``(head, work, tail)`` of operations that share a machine.
    """
    pending = sorted(jobs, reverse=True)
    ready: list[tuple[int, int]] = []
    now = bound = 0
    while pending or ready:
        if not ready:
            now = max(now, pending[-1][0])
        while pending and pending[-1][0] <= now:
            head, work, tail = pending.pop()
            heappush(ready, (-tail, work))
            bound = max(bound, head + work + tail)
        if not ready:
            continue
        tail, work = heappop(ready)
        until = min(now + work, pending[-1][0]) if pending else now + work
        left = work - (until - now)
        now = until
        if left:
            heappush(ready, (tail, left))
        else:
            bound = max(bound, now - tail)
    return bound


def _balanced(instance: Instance) -> int:
    """Return the makespan if all work were spread evenly over all machines in use.

    Where operations may share a machine, each counts for the share of it that it takes.
    """
    used = {mode.machine for modes in instance.modes for mode in modes}
    if not used:
        return 0
    work = 0
    for modes in instance.modes:
        work += min(
            mode.ticks * mode.places // instance.machines[mode.machine].places
            if mode.family >= 0
            else mode.ticks
            for mode in modes
        )
    return min(instance.earliest) - (-work // len(used))


def _drawn(instance: Instance, pool: int) -> int:
    """Return by when a pool can have lent all that operations must draw from it."""
    energy = 0
    for modes in instance.modes:
        energy += min(
            mode.ticks
            * sum(
                units
                for profile, units in (*((p, taken) for p, _, taken in mode.draws), *mode.freed)
                if profile == pool
            )
            for mode in modes
        )
    if energy == 0:
        return 0
    steps = instance.profiles[pool]
    for index, (tick, capacity) in enumerate(steps):
        last = index + 1 == len(steps)
        lent = FOREVER if last else capacity * (steps[index + 1][0] - tick)
        if energy <= lent:
            return tick - (-energy // capacity) if capacity else FOREVER
        energy -= lent
    return 0


def _changeovers(instance: Instance, *, cost: bool) -> int:
    """Return the least changeovers to enter every state that a machine must be in once."""
    needed: dict[int, set[int]] = {}
    for modes in instance.modes:
        if len({mode.machine for mode in modes}) == 1 and modes[0].state >= 0:
            needed.setdefault(modes[0].machine, set()).add(modes[0].state)
    total = 0
    for machine, states in needed.items():
        changeover = instance.machines[machine].changeover
        if changeover is None:
            continue
        matrix = changeover.cost if cost else changeover.ticks
        initial = instance.machines[machine].initial
        entries = sorted(
            min(row[state] for other, row in enumerate(matrix) if other != state)
            for state in states - {initial}
            if len(matrix) > 1
        )
        total += sum(entries if initial >= 0 else entries[:-1])
    return total


def _moved(instance: Instance) -> int:
    total = 0
    for operation, published in enumerate(instance.previous):
        if published is not None:
            last = max(
                (
                    found[0]
                    for mode in instance.modes[operation]
                    if (found := mode.starts.last_until(instance.latest[operation])) is not None
                ),
                default=published[1],
            )
            early = instance.earliest[operation] - published[1]
            total += instance.move_prices[operation] * max(0, early, published[1] - last)
    return total

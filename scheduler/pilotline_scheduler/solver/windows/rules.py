"""Whether a changed plan still keeps every rule, looking only at what the change can have broken.

A result from elsewhere is never taken on trust: the plan it was made for may have changed since,
and the machine it comes from may run another version.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise

from pilotline_scheduler.solver.instance import (
    Extra,
    Instance,
    LagData,
    ModeData,
    Schedule,
    heads,
    mates,
)


def keeps_rules(
    instance: Instance, schedule: Schedule, before: Schedule, changed: Collection[int]
) -> bool:
    """Return whether a plan that differs from a sound one in some operations is sound too.

    False may also mean that an operation ends after the compiled latest end.

    Args:
        instance: what is planned.
        schedule: the plan.
        before: a plan that keeps every rule.
        changed: the operations in which the two may differ.
    """
    return (
        all(_is_placed(instance, schedule, operation) for operation in changed)
        and all(_keeps_lags(instance, schedule, operation) for operation in changed)
        and _keeps_resources(instance, schedule, before, changed)
    )


def _is_placed(instance: Instance, schedule: Schedule, operation: int) -> bool:
    """Return whether an operation's own times are allowed: calendar, windows and decisions."""
    modes, mode = instance.modes[operation], schedule.mode[operation]
    start, end = schedule.start[operation], schedule.end[operation]
    return (
        0 <= mode < len(modes)
        and instance.earliest[operation] <= start
        and end <= instance.latest[operation]
        and instance.fixed[operation] in (-1, start)
        and instance.setup_floor[operation] <= schedule.setup_start[operation] <= start
        and modes[mode].starts.size_at(start) == end - start
    )


def _keeps_lags(instance: Instance, schedule: Schedule, operation: int) -> bool:
    start, end = schedule.start[operation], schedule.end[operation]
    return all(
        _waits(lag, schedule.start[lag.other] - end) for lag in instance.successors[operation]
    ) and all(
        _waits(lag, start - schedule.end[lag.other]) for lag in instance.predecessors[operation]
    )


def _waits(lag: LagData, waited: int) -> bool:
    return lag.minimum <= waited and (lag.maximum is None or waited <= lag.maximum)


def _keeps_resources(
    instance: Instance, schedule: Schedule, before: Schedule, changed: Collection[int]
) -> bool:
    modes = [
        mode for operation in changed for mode in _modes(instance, operation, schedule, before)
    ]
    machines = {mode.machine for mode in modes}
    profiles = {profile for mode in modes for profile, _, _ in mode.draws}
    profiles |= {profile for mode in modes for profile, _ in mode.freed}
    for machine in machines:
        changeover = instance.machines[machine].changeover
        if changeover is not None and changeover.pool >= 0:
            profiles.add(changeover.pool)
    setups: list[tuple[int, int, int, int]] = []
    if not _batches_fit(instance, schedule):
        return False
    lenders = _lenders(instance, profiles) | machines
    for machine, sequence in _sequences(instance, schedule, lenders).items():
        found = _setups(instance, schedule, machine, sequence)
        if machine in machines and (found is None or _overlap(schedule, sequence)):
            return False
        setups += found or ()
    return _within_profiles(instance, schedule, profiles, setups)


def _modes(instance: Instance, operation: int, *schedules: Schedule) -> Iterator[ModeData]:
    for schedule in schedules:
        yield instance.modes[operation][schedule.mode[operation]]


def _lenders(instance: Instance, profiles: set[int]) -> set[int]:
    """Return machines whose setups draw on one of some profiles."""
    return {
        index
        for index, machine in enumerate(instance.machines)
        if machine.changeover is not None and machine.changeover.pool in profiles
    }


def _sequences(instance: Instance, schedule: Schedule, machines: set[int]) -> dict[int, list[int]]:
    """Return the operations of some machines in order of start; of a batch, its first one."""
    if Extra.BATCHES in instance.extras:
        return {
            machine: here
            for machine, here in enumerate(heads(instance, schedule))
            if machine in machines
        }
    found: dict[int, list[int]] = {machine: [] for machine in machines}
    for operation, mode in enumerate(schedule.mode):
        sequence = found.get(instance.modes[operation][mode].machine)
        if sequence is not None:
            sequence.append(operation)
    for sequence in found.values():
        sequence.sort(key=lambda each: (schedule.start[each], schedule.end[each]))
    return found


def _batches_fit(instance: Instance, schedule: Schedule) -> bool:
    """Return whether each batch has places, one end and one changeover."""
    for head, others in mates(instance, schedule).items():
        batch = (head, *others)
        modes = [instance.modes[each][schedule.mode[each]] for each in batch]
        if sum(mode.places for mode in modes) > instance.machines[modes[0].machine].places:
            return False
        if len({(schedule.end[each], schedule.setup_start[each]) for each in batch}) > 1:
            return False
    return True


def _overlap(schedule: Schedule, sequence: list[int]) -> bool:
    return any(
        schedule.setup_start[after] < schedule.end[before] for before, after in pairwise(sequence)
    )


def _setups(
    instance: Instance, schedule: Schedule, machine: int, sequence: list[int]
) -> list[tuple[int, int, int, int]] | None:
    """Return ``(profile, units, start, end)`` of a pool's setups; None if any setup is wrong."""
    data = instance.machines[machine]
    state = data.initial
    found: list[tuple[int, int, int, int]] = []
    for operation in sequence:
        start, ready = schedule.setup_start[operation], schedule.start[operation]
        needed = instance.modes[operation][schedule.mode[operation]].state
        ticks = 0
        if data.changeover is not None and needed >= 0 and state >= 0:
            ticks = data.changeover.ticks[state][needed]
        if ready - start < ticks or (ticks == 0 and start != ready):
            return None
        if data.changeover is not None and ticks:
            windows = data.changeover.windows
            if windows is not None and not any(
                window.start <= start and start + ticks <= window.end for window in windows
            ):
                return None
            if data.changeover.pool >= 0:
                found.append((data.changeover.pool, data.changeover.units, start, start + ticks))
        state = state if needed < 0 else needed
    return found


def _within_profiles(
    instance: Instance,
    schedule: Schedule,
    profiles: set[int],
    setups: Iterable[tuple[int, int, int, int]],
) -> bool:
    """Return whether some pools and walls are never overdrawn."""
    steps: dict[int, list[tuple[int, int, int]]] = {profile: [] for profile in profiles}
    for profile, units, start, end in setups:
        if profile in steps:
            steps[profile] += ((start, units, 0), (end, -units, 0))
    for operation, mode in enumerate(schedule.mode):
        chosen = instance.modes[operation][mode]
        for profile, units in chosen.freed:
            if profile in steps:
                for start, end in chosen.worked(schedule.start[operation], schedule.end[operation]):
                    steps[profile] += ((start, units, 0), (end, -units, 0))
        for profile, needed, taken in chosen.draws:
            if profile in steps:
                spare = max(0, needed - taken)
                steps[profile] += (
                    (schedule.start[operation], taken, spare),
                    (schedule.end[operation], -taken, -spare),
                )
    return all(_suffices(instance.profiles[each], found) for each, found in steps.items())


def _suffices(levels: tuple[tuple[int, int], ...], steps: list[tuple[int, int, int]]) -> bool:
    """Return whether what is taken, and what must be free besides, never exceeds the capacity.

    What must be free besides belongs to a walled client's foes, who do not disturb each other.
    """
    capacities = dict(levels)
    changes: dict[int, list[tuple[int, int]]] = {tick: [] for tick in capacities}
    for tick, taken, spare in steps:
        changes.setdefault(tick, []).append((taken, spare))
    capacity = lent = foes = 0
    most = max((spare for _, _, spare in steps), default=0)
    for tick in sorted(changes):
        capacity = capacities.get(tick, capacity)
        for taken, spare in changes[tick]:
            lent += taken
            foes += (spare > 0) - (spare < 0)
        if lent + (most if foes else 0) > capacity:
            return False
    return True

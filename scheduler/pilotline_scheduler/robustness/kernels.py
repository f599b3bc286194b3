"""Executes a plan with sampled durations: work is pushed right, nothing changes its order.

Each operation starts as soon as its machine, its run, its calendar, attendance, pools and walls let
it, not before its floor. Those that were planned earlier have the first call on pools and halls.
"""

import numpy as np

from pilotline_scheduler.robustness.layout import Integers, Layout
from pilotline_scheduler.solver.kernel import bare_kernel, kernel

NEVER = 2**40
"""End of what finds no place any more, because a calendar or a pool ends before."""


@bare_kernel
def at_or_before(ticks: Integers, first: int, last: int, tick: int) -> int:
    """Return the place of the last of ``ticks[first:last]``, ascending, at or before a tick."""
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if ticks[middle] <= tick:
            low = middle + 1
        else:
            high = middle
    return low - 1


@bare_kernel
def opening(starts: Integers, ends: Integers, first: int, last: int, tick: int, ticks: int) -> int:
    """Return the first start from a tick on that fits work into one open interval."""
    index = max(first, at_or_before(starts, first, last, tick))
    while index < last:
        start = max(tick, starts[index])
        if start + ticks <= ends[index]:
            return int(start)
        index += 1
    return NEVER


@bare_kernel
def pausing(
    starts: Integers, ends: Integers, first: int, last: int, tick: int, ticks: int
) -> tuple[int, int]:
    """Return the first start and end of work that pauses while it is closed."""
    index = max(first, at_or_before(starts, first, last, tick))
    while index < last and max(tick, starts[index]) >= ends[index]:
        index += 1
    if index == last:
        return NEVER, NEVER
    start = max(tick, starts[index])
    left, now = ticks, start
    while index < last:
        now = max(now, starts[index])
        if now + left <= ends[index]:
            return start, now + left
        left -= ends[index] - now
        index += 1
    return NEVER, NEVER


@bare_kernel
def in_hours(plan: Layout, operation: int, tick: int, ticks: int) -> tuple[int, int]:
    """Return the first start and end in open hours."""
    hours = plan.hours[operation]
    if hours < 0:
        return tick, tick + ticks
    first, last = plan.hours_first[hours], plan.hours_first[hours + 1]
    if plan.pausable[operation] and ticks > 0:
        return pausing(plan.hours_start, plan.hours_end, first, last, tick, ticks)
    start = opening(plan.hours_start, plan.hours_end, first, last, tick, ticks)
    return start, (start + ticks if start < NEVER else NEVER)


@bare_kernel
def next_visit(plan: Layout, operation: int, start: int, end: int) -> int:
    """Return the start when the client can attend from start to end, or else the next visit."""
    first, last = plan.visit_first[operation], plan.visit_first[operation + 1]
    if first == last:
        return start
    later = NEVER
    for index in range(first, last):
        if plan.visit_start[index] <= start and end <= plan.visit_end[index]:
            return start
        if plan.visit_start[index] > start:
            later = min(later, plan.visit_start[index])
    return later


@bare_kernel
def enough_from(
    ticks: Integers, free: Integers, first: int, last: int, needed: int, start: int, end: int
) -> int:
    """Return the start when a profile has enough from start to end, or else when it next has."""
    index = max(first, at_or_before(ticks, first, last, start))
    while index < last and ticks[index] < end:
        if free[index] < needed:
            index += 1
            while index < last and free[index] < needed:
                index += 1
            return NEVER if index == last else ticks[index]
        index += 1
    return start


@bare_kernel
def split(ticks: Integers, free: Integers, first: int, count: int, tick: int) -> int:
    """Make a step of a profile begin at a tick; return the number of steps then."""
    index = at_or_before(ticks, first, first + count, tick)
    if ticks[index] == tick:
        return count
    for each in range(first + count, index + 1, -1):
        ticks[each] = ticks[each - 1]
        free[each] = free[each - 1]
    ticks[index + 1] = tick
    free[index + 1] = free[index]
    return count + 1


@bare_kernel
def book(
    ticks: Integers, free: Integers, first: int, count: int, start: int, end: int, units: int
) -> int:
    """Take units of a profile from start to end; return the number of its steps then."""
    count = split(ticks, free, first, count, start)
    count = split(ticks, free, first, count, end)
    index = at_or_before(ticks, first, first + count, start)
    while ticks[index] < end:
        free[index] -= units
        index += 1
    return count


@bare_kernel
def set_up(
    plan: Layout, operation: int, tick: int, ticks: Integers, free: Integers, counts: Integers
) -> int:
    """Return when the changeover of an operation ends that begins at a tick or later; book it."""
    length = plan.setup_ticks[operation]
    hours, profile = plan.setup_hours[operation], plan.setup_profile[operation]
    start = max(tick, plan.setup_floor[operation])
    while start < NEVER:
        if hours >= 0:
            first, last = plan.hours_first[hours], plan.hours_first[hours + 1]
            start = opening(plan.hours_start, plan.hours_end, first, last, start, length)
        if profile < 0 or start >= NEVER:
            break
        room, count = plan.profile_room[profile], counts[profile]
        units = plan.setup_units[operation]
        later = enough_from(ticks, free, room, room + count, units, start, start + length)
        if later == start:
            counts[profile] = book(ticks, free, room, count, start, start + length, units)
            break
        start = later
    return int(min(NEVER, start + length))


@bare_kernel
def part_of(plan: Layout, operation: int, start: int) -> int:
    """Return the open interval in which an operation starts."""
    hours = plan.hours[operation]
    first, last = plan.hours_first[hours], plan.hours_first[hours + 1]
    return at_or_before(plan.hours_start, first, last, start)


@bare_kernel
def next_part(plan: Layout, operation: int, part: int) -> int:
    """Return the open interval after another, or NEVER."""
    last = plan.hours_first[plan.hours[operation] + 1]
    return part + 1 if part + 1 < last else NEVER


@bare_kernel
def short_profile(
    plan: Layout,
    operation: int,
    start: int,
    end: int,
    ticks: Integers,
    free: Integers,
    counts: Integers,
) -> tuple[int, int]:
    """Return the first profile that has too little, or -1, and when it has enough again."""
    for draw in range(plan.draw_first[operation], plan.draw_first[operation + 1]):
        profile = plan.draw_profile[draw]
        room = plan.profile_room[profile]
        last = room + counts[profile]
        later = enough_from(ticks, free, room, last, plan.draw_needed[draw], start, end)
        if later != start:
            return profile, later
    for draw in range(plan.freed_first[operation], plan.freed_first[operation + 1]):
        profile = plan.freed_profile[draw]
        room = plan.profile_room[profile]
        last, units = room + counts[profile], plan.freed_units[draw]
        part = part_of(plan, operation, start)
        while part < NEVER and plan.hours_start[part] < end:
            begin, stop = max(start, plan.hours_start[part]), min(end, plan.hours_end[part])
            later = enough_from(ticks, free, room, last, units, begin, stop)
            if later != begin:
                return profile, later
            part = next_part(plan, operation, part)
    return -1, start


@bare_kernel
def take(
    plan: Layout,
    operation: int,
    start: int,
    end: int,
    ticks: Integers,
    free: Integers,
    counts: Integers,
) -> None:
    """Book what an operation takes of pools and walls."""
    for draw in range(plan.draw_first[operation], plan.draw_first[operation + 1]):
        profile, units = plan.draw_profile[draw], plan.draw_taken[draw]
        if units and start < end:
            room, count = plan.profile_room[profile], counts[profile]
            counts[profile] = book(ticks, free, room, count, start, end, units)
    for draw in range(plan.freed_first[operation], plan.freed_first[operation + 1]):
        profile, units = plan.freed_profile[draw], plan.freed_units[draw]
        room = plan.profile_room[profile]
        part = part_of(plan, operation, start)
        while part < NEVER and plan.hours_start[part] < end:
            begin, stop = max(start, plan.hours_start[part]), min(end, plan.hours_end[part])
            counts[profile] = book(ticks, free, room, counts[profile], begin, stop, units)
            part = next_part(plan, operation, part)


@bare_kernel
def freed_by(plan: Layout, profile: int, tick: int, ends: Integers, operation: int) -> int:
    """Return the operation that frees a profile at a tick, or -1 where nobody does."""
    for other in range(operation - 1, -1, -1):
        if ends[other] == tick:
            for draw in range(plan.draw_first[other], plan.draw_first[other + 1]):
                if plan.draw_profile[draw] == profile:
                    return other
            for draw in range(plan.freed_first[other], plan.freed_first[other + 1]):
                if plan.freed_profile[draw] == profile:
                    return other
    return -1


@bare_kernel
def readiness(plan: Layout, operation: int, ends: Integers) -> tuple[int, int]:
    """Return from when an operation may start by its floor and its run, and who decides that.

    It does not wait for its floor where that would break a maximum lag.
    """
    floor, ready, binding = plan.floor[operation], plan.earliest[operation], -1
    for lag in range(plan.lag_first[operation], plan.lag_first[operation + 1]):
        end = ends[plan.lag_before[lag]]
        bound = end + plan.lag_minimum[lag] if end < NEVER else NEVER
        if bound > ready:
            ready, binding = bound, plan.lag_before[lag]
        floor = min(floor, end + plan.lag_maximum[lag])
    return (ready, binding) if ready > floor else (floor, -1)


@bare_kernel
def find_place(
    plan: Layout,
    operation: int,
    ready: int,
    duration: int,
    ends: Integers,
    ticks: Integers,
    free: Integers,
    counts: Integers,
) -> tuple[int, int, int]:
    """Return the first start and end, and who last held a pool or hall it waited for, or -1."""
    begin, holder = ready, -1
    while begin < NEVER:
        begin, end = in_hours(plan, operation, begin, duration)
        later = next_visit(plan, operation, begin, end)
        if later == begin and begin < NEVER:
            profile, later = short_profile(plan, operation, begin, end, ticks, free, counts)
            if profile < 0:
                return begin, end, holder
            holder = freed_by(plan, profile, later, ends, operation)
        begin = later
    return NEVER, NEVER, holder


@bare_kernel
def reset(plan: Layout, ticks: Integers, free: Integers, counts: Integers) -> None:
    """Free all pools and halls."""
    for profile in range(len(counts)):
        first, last = plan.profile_first[profile], plan.profile_first[profile + 1]
        room = plan.profile_room[profile]
        counts[profile] = last - first
        for index in range(first, last):
            ticks[room + index - first] = plan.profile_tick[index]
            free[room + index - first] = plan.profile_free[index]


@bare_kernel
def execute(
    plan: Layout,
    durations: Integers,
    setups: Integers,
    begins: Integers,
    ends: Integers,
    bindings: Integers,
    ticks: Integers,
    free: Integers,
    counts: Integers,
) -> None:
    """Execute a plan once; write starts of setups, starts, ends, and what decided each start."""
    reset(plan, ticks, free, counts)
    for operation in range(len(durations)):
        ready, binding = readiness(plan, operation, ends)
        before = plan.before[operation]
        machine_free = ends[before] if before >= 0 else 0
        if plan.setup_ticks[operation]:
            done = set_up(plan, operation, machine_free, ticks, free, counts)
            if done > ready:
                late = machine_free > plan.setup_floor[operation]
                ready, binding = done, (before if late else -1)
            setups[operation] = done - plan.setup_ticks[operation]
        elif machine_free > ready:
            ready, binding = machine_free, before
        begin, end, holder = find_place(
            plan, operation, ready, durations[operation], ends, ticks, free, counts
        )
        if begin < NEVER:
            take(plan, operation, begin, end, ticks, free, counts)
        if not plan.setup_ticks[operation]:
            setups[operation] = begin
        begins[operation], ends[operation] = begin, end
        bindings[operation] = holder if holder >= 0 else binding


@bare_kernel
def last_of(members: Integers, first: int, last: int, ends: Integers) -> int:
    """Return the member of ``members[first:last]`` that ends last."""
    found = members[first]
    for index in range(first, last):
        if ends[members[index]] > ends[found]:
            found = members[index]
    return int(found)


@bare_kernel
def count_broken(plan: Layout, begins: Integers, ends: Integers, broken: Integers) -> None:
    """Count each watched lag that is broken."""
    for lag in range(len(broken)):
        waited = begins[plan.watched_after[lag]] - ends[plan.watched_before[lag]]
        if waited < plan.watched_least[lag] or waited > plan.watched_most[lag]:
            broken[lag] += 1


@kernel
def execute_all(
    plan: Layout,
    durations: Integers,
    run_first: Integers,
    run_members: Integers,
    limits: Integers,
    run_ends: Integers,
    driven: Integers,
    critical: Integers,
    delays: Integers,
    broken: Integers,
) -> None:
    """Execute a plan once per row of durations, and count.

    Args:
        plan: the plan.
        durations: by sample and operation.
        run_first: first member of each run.
        run_members: operations of each run.
        limits: of each run, the tick after which its end counts as driven late.
        run_ends: by sample and run; written.
        driven: by run and operation, in how many samples the operation is on the chain that makes
            the run late; added to.
        critical: in how many samples an operation is on such a chain of any run; added to.
        delays: sum over samples of start after floor, of those that start; added to.
        broken: in how many samples each watched lag is broken; added to.
    """
    count, profiles = durations.shape[1], len(plan.profile_room) - 1
    setups, begins, ends, bindings = (
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
    )
    stamps = np.full(count, -1, dtype=np.int64)
    counts = np.zeros(profiles, dtype=np.int64)
    ticks = np.zeros(plan.profile_room[profiles] + 1, dtype=np.int64)
    free = np.zeros(plan.profile_room[profiles] + 1, dtype=np.int64)
    for sample in range(durations.shape[0]):
        execute(plan, durations[sample], setups, begins, ends, bindings, ticks, free, counts)
        for operation in range(count):
            if begins[operation] < NEVER:
                delays[operation] += begins[operation] - plan.floor[operation]
        for run in range(len(limits)):
            link = last_of(run_members, run_first[run], run_first[run + 1], ends)
            run_ends[sample, run] = ends[link]
            while run_ends[sample, run] > limits[run] and link >= 0:
                driven[run, link] += 1
                if stamps[link] != sample:
                    stamps[link] = sample
                    critical[link] += 1
                link = bindings[link]
        count_broken(plan, begins, ends, broken)

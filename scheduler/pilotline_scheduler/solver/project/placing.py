"""Kernels that place activities one by one where pools have room (serial schedule generation).

Serial generation: Kelley 1963, Kolisch 1996. Justification to the right and back to the left, which
never lengthens a schedule and often shortens it: Valls, Ballestín & Quintanilla 2005.
"""

from pilotline_scheduler.solver.kernel import kernel
from pilotline_scheduler.solver.project.project import Ints, Net


@kernel
def fits(net: Net, free: Ints, activity: int, tick: int) -> bool:
    """Return whether the pools have what an activity draws at a step."""
    for word in range(net.guard.shape[0]):
        guard = net.guard[word]
        if (free[tick, word] - net.need[activity, word]) & guard != guard:
            return False
    return True


@kernel
def first_fit(net: Net, free: Ints, activity: int, tick: int) -> int:
    """Return the first start from a step on at which the pools have room throughout."""
    ticks = net.ticks[activity]
    start, fitting = tick, tick
    while True:
        last = start + ticks - 1
        while last >= fitting and fits(net, free, activity, last):
            last -= 1
        if last < fitting:
            return start
        fitting = start + ticks
        start = last + 1


@kernel
def last_fit(net: Net, free: Ints, activity: int, tick: int) -> int:
    """Return the last start up to a step at which the pools have room throughout, or -1."""
    ticks = net.ticks[activity]
    start, fitting = tick, tick + ticks
    while start >= 0:
        first = start
        while first < fitting and fits(net, free, activity, first):
            first += 1
        if first >= fitting:
            return start
        fitting = start
        start = first - ticks
    return -1


@kernel
def take(net: Net, free: Ints, activity: int, start: int) -> None:
    """Draw an activity's units from its pools."""
    for word in range(net.guard.shape[0]):
        need = net.need[activity, word]
        if need:
            for tick in range(start, start + net.ticks[activity]):
                free[tick, word] -= need


@kernel
def release(net: Net, free: Ints, until: int) -> None:
    """Give everything back up to a step."""
    for tick in range(min(until, free.shape[0])):
        for word in range(net.guard.shape[0]):
            free[tick, word] = net.free[tick, word]


@kernel
def place_left(net: Net, free: Ints, order: Ints, starts: Ints) -> int:
    """Place activities as early as possible, in an order that keeps precedences.

    Args:
        net: the project.
        free: timeline with nothing placed; left so.
        order: the activities.
        starts: their starts are written here.

    Returns:
        The makespan.
    """
    makespan = 0
    for position in range(order.shape[0]):
        activity = order[position]
        start = net.earliest[activity]
        for arc in range(net.before_at[activity], net.before_at[activity + 1]):
            start = max(start, starts[net.before[arc]] + net.before_wait[arc])
        start = first_fit(net, free, activity, start)
        take(net, free, activity, start)
        starts[activity] = start
        makespan = max(makespan, start + net.ticks[activity])
    release(net, free, makespan)
    return makespan


@kernel
def place_right(net: Net, free: Ints, order: Ints, starts: Ints, makespan: int) -> None:
    """Place activities as late as a makespan allows, from the last in an order to the first.

    Ends of the schedule in `starts` must not fall along `order`; then each finds a place that is
    no earlier than its own.
    """
    for position in range(order.shape[0] - 1, -1, -1):
        activity = order[position]
        start = makespan - net.ticks[activity]
        for arc in range(net.after_at[activity], net.after_at[activity + 1]):
            start = min(start, starts[net.after[arc]] - net.after_wait[arc])
        start = last_fit(net, free, activity, start)
        take(net, free, activity, start)
        starts[activity] = start
    release(net, free, makespan)


@kernel
def sort_by(keys: Ints, counts: Ints, order: Ints) -> None:
    """Write the activities by key, from 0 up to the length of `counts`, equal ones by number."""
    top = 0
    for activity in range(keys.shape[0]):
        top = max(top, keys[activity])
    for key in range(top + 2):
        counts[key] = 0
    for activity in range(keys.shape[0]):
        counts[keys[activity] + 1] += 1
    for key in range(top):
        counts[key + 1] += counts[key]
    for activity in range(keys.shape[0]):
        key = keys[activity]
        order[counts[key]] = activity
        counts[key] += 1


@kernel
def justify(
    net: Net, free: Ints, order: Ints, keys: Ints, counts: Ints, starts: Ints, makespan: int
) -> int:
    """Push a schedule to the right, then pull it to the left; return its new makespan."""
    for activity in range(starts.shape[0]):
        keys[activity] = starts[activity] + net.ticks[activity]
    sort_by(keys, counts, order)
    place_right(net, free, order, starts, makespan)
    sort_by(starts, counts, order)
    return place_left(net, free, order, starts)

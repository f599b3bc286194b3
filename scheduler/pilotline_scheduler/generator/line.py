"""The resources of a generated pilot line: machines, calendars, changeovers and pools."""

from collections.abc import Iterable
from math import ceil
from random import Random

from pilotline_scheduler.generator.capabilities import CAPABILITIES, Capability
from pilotline_scheduler.problem import Calendar, Changeover, Interval, Machine, Pool

DAY = 24 * 60
_WEEK_DAYS = 5
_MAINTENANCE_SHARE = 0.25
_SHIFTS = {"two-shifts": (6 * 60, 22 * 60), "day": (7 * 60, 16 * 60)}
_OPEN_MINUTES: dict[str | None, float] = {
    None: DAY,
    **{name: (end - start) * _WEEK_DAYS / 7 for name, (start, end) in _SHIFTS.items()},
}
"""Open minutes of an average day by calendar."""


def kinds_of(machines: int) -> tuple[Capability, ...]:
    """Return the capabilities of a line of so many machines."""
    return CAPABILITIES[: max(1, min(len(CAPABILITIES), machines // 2))]


def loaded_days(operations: float, machines: int) -> int:
    """Return the calendar days for which the busiest kind of machine has work.

    Args:
        operations: number of operations, evenly over the kinds.
        machines: number of machines.
    """
    kinds = kinds_of(machines)
    loads = [
        operations
        / len(kinds)
        * sum(kind.minutes)
        / 2
        / (len(range(index, machines, len(kinds))) * _OPEN_MINUTES[kind.calendar])
        for index, kind in enumerate(kinds)
    ]
    return ceil(max(loads))


def equip(machines: int, days: int, random: Random) -> tuple[list[Machine], list[Calendar]]:
    """Return machines spread over the capabilities, with their calendars.

    A quarter of those with hours have a maintenance stop in the first week.
    """
    kinds = CAPABILITIES[: max(1, min(len(CAPABILITIES), machines // 2))]
    shifts = {"two-shifts": (6 * 60, 22 * 60), "day": (7 * 60, 16 * 60)}
    calendars = [Calendar(name, tuple(_week_days(days, *hours))) for name, hours in shifts.items()]
    found: list[Machine] = []
    for index in range(machines):
        kind = kinds[index % len(kinds)]
        name = f"{kind.name}-{index // len(kinds) + 1}"
        calendar = kind.calendar
        if calendar is not None and random.random() < _MAINTENANCE_SHARE:
            stop_day = random.randrange(1, _WEEK_DAYS)
            opened = tuple(
                each
                for each in _week_days(days, *_SHIFTS[calendar])
                if each.start // DAY != stop_day
            )
            calendar = f"{name}-hours"
            calendars.append(Calendar(calendar, opened))
        initial = random.choice(kind.states) if kind.states and random.random() < 0.5 else None
        changeover = kind.name if kind.states else None
        found.append(Machine(name, calendar, changeover, initial, kind.hall))
    return found, calendars


def able(machines: Iterable[Machine]) -> dict[Capability, list[Machine]]:
    """Return the machines of each capability that is there."""
    kinds = {kind.name: kind for kind in CAPABILITIES}
    found: dict[Capability, list[Machine]] = {}
    for machine in machines:
        found.setdefault(kinds[machine.id.rpartition("-")[0]], []).append(machine)
    return found


def _week_days(days: int, start: int, end: int) -> list[Interval]:
    return [
        Interval(day * DAY + start, day * DAY + end) for day in range(days) if day % 7 < _WEEK_DAYS
    ]


def changeovers(random: Random) -> list[Changeover]:
    """Return a changeover per capability that has setup states."""
    return [_changeover(kind, random) for kind in CAPABILITIES if kind.states]


def _changeover(kind: Capability, random: Random) -> Changeover:
    size = range(len(kind.states))
    ticks = tuple(tuple(0 if i == j else 5 * random.randint(3, 15) for j in size) for i in size)
    cost = tuple(tuple(0 if i == j else 10 * random.randint(1, 9) for j in size) for i in size)
    return Changeover(
        id=kind.name,
        states=kind.states,
        ticks=ticks,
        cost=cost,
        pool=kind.setup_pool,
        pool_units=1 if kind.setup_pool else 0,
        during_closed_hours=kind.cleans_itself,
    )


def pools(machines: int, days: int) -> list[Pool]:
    """Return pools that scale with the line; people are fewer in the evening and none at night."""
    some = max(2, machines // 3)
    return [
        Pool("operators", tuple(_staffed(days, some + 1, some))),
        Pool("technicians", tuple(_staffed(days, max(2, some // 2), max(1, some // 4)))),
        Pool("clean-room-places", ((0, max(2, machines // 5)),)),
        Pool("power", ((0, 120 * max(2, machines // 3)),)),
    ]


def _staffed(days: int, early: int, late: int) -> list[tuple[int, int]]:
    levels = [(0, 0)]
    for day in range(days):
        if day % 7 < _WEEK_DAYS:
            start = day * DAY
            levels += [
                (start + 6 * 60, early),
                (start + 14 * 60, late),
                (start + 22 * 60, 0),
            ]
    return levels

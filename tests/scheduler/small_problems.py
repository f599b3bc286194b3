"""Draws small problems with every kind of rule, for properties that hold for all of them."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import strategies as st

from pilotline_scheduler.problem import (
    Calendar,
    Changeover,
    Goal,
    Interval,
    Lag,
    Machine,
    Mode,
    Objective,
    Operation,
    Pin,
    Pool,
    Problem,
    Run,
    Term,
    Wall,
)

STATES = ("a", "b")
PLAIN_GOALS = [
    goal for goal in Goal if goal not in (Goal.FAIRNESS, Goal.ENERGY_COST, Goal.EMISSIONS)
]


@st.composite
def calendars(draw: st.DrawFn, last: int) -> Calendar:
    """Return a calendar that is open now and then until `last`."""
    edges = draw(st.lists(st.integers(0, last), min_size=2, max_size=6, unique=True).map(sorted))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return Calendar("hours", tuple(Interval(start, end) for start, end in pairs))


@st.composite
def changeovers(draw: st.DrawFn, pool: str | None) -> Changeover:
    """Return a changeover of two states."""
    ticks = st.integers(0, 3)
    matrix = tuple(tuple(draw(ticks) for _ in STATES) for _ in STATES)
    cost = tuple(tuple(draw(ticks) for _ in STATES) for _ in STATES)
    lender = draw(st.sampled_from([None, pool]))
    return Changeover(
        "setups", STATES, matrix, cost, lender, 1 if lender else 0, draw(st.booleans())
    )


@st.composite
def operations(draw: st.DrawFn, name: str, machines: tuple[Machine, ...]) -> Operation:
    """Return an operation with one or two modes."""
    chosen = draw(st.lists(st.sampled_from(machines), min_size=1, max_size=2, unique=True))
    demands = draw(st.sampled_from([(), (("people", 1),), (("people", 2),)]))
    return Operation(
        name,
        tuple(Mode(machine.id, draw(st.integers(1, 4)), demands) for machine in chosen),
        setup_state=draw(st.sampled_from([None, *STATES])),
        pausable=draw(st.booleans()),
        attended=draw(st.booleans()),
    )


@st.composite
def runs(draw: st.DrawFn, name: str, machines: tuple[Machine, ...], last: int) -> Run:
    """Return a run of one or two operations."""
    steps = tuple(
        draw(operations(f"{name}{index}", machines)) for index in range(draw(st.integers(1, 2)))
    )
    lags = tuple(
        Lag(before.id, after.id, minimum, draw(st.sampled_from([None, minimum, minimum + 2])))
        for before, after in pairwise(steps)
        for minimum in [draw(st.integers(-2, 2))]
    )
    visits = draw(st.sampled_from([(), (Interval(0, last // 2), Interval(last // 2, last))]))
    return Run(
        name,
        draw(st.sampled_from(["ann", "bob"])),
        steps,
        lags,
        release=draw(st.integers(0, 3)),
        due=draw(st.none() | st.integers(0, last)),
        deadline=draw(st.none() | st.integers(last // 2, last)),
        weight=draw(st.integers(0, 3)),
        attendance=visits,
    )


@st.composite
def problems(draw: st.DrawFn, last: int = 14, most_runs: int = 3) -> Problem:
    """Return a well-formed problem; it may have no plan."""
    machines = tuple(
        Machine(
            name,
            calendar=draw(st.sampled_from([None, "hours"])),
            changeover=draw(st.sampled_from([None, "setups"])),
            hall=draw(st.sampled_from([None, "hall"])),
        )
        for name in ("M", "N")
    )
    machines = tuple(
        replace(each, initial_setup=draw(st.sampled_from([None, *STATES]))) for each in machines
    )
    found = tuple(
        draw(runs(f"r{index}", machines, last)) for index in range(draw(st.integers(1, most_runs)))
    )
    first = found[0].operations[0]
    pins = draw(st.sampled_from([(), (Pin(first.id, first.modes[0].machine),)]))
    levels = ((0, draw(st.integers(1, last)), 2), (draw(st.integers(0, 2)),))
    chosen = draw(st.lists(st.sampled_from(PLAIN_GOALS), min_size=1, max_size=2, unique=True))
    return Problem(
        name="small",
        machines=machines,
        calendars=(draw(calendars(last)),),
        changeovers=(draw(changeovers("people")),),
        pools=(Pool("people", ((0, 2), (levels[0][1], levels[1][0]))),),
        runs=found,
        walls=draw(st.sampled_from([(), (Wall(("ann", "bob")),)])),
        pins=pins,
        objective=Objective(
            tuple(Term(goal, draw(st.integers(1, 3)), draw(st.integers(0, 1))) for goal in chosen)
        ),
    )

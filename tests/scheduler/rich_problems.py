"""Adds to small problems what not every search knows: batches, prices over time, what runs."""

from dataclasses import replace

from hypothesis import strategies as st

from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import (
    Changeover,
    Client,
    Goal,
    Machine,
    Mode,
    Objective,
    Operation,
    Problem,
    Run,
    Running,
    Term,
    Wall,
)
from tests.scheduler.small_problems import STATES, problems

BATCH_TICKS = 2
PLACES = 3
STATE_OF = {"low": "a", "high": "b"}


@st.composite
def rich_problems(draw: st.DrawFn, last: int = 14, most_runs: int = 3) -> Problem:
    """Return a well-formed problem with any rule and any goal; it may have no plan."""
    plain = draw(problems(last=last, most_runs=most_runs))
    kiln = draw(st.booleans())
    machines = tuple(replace(each, places=PLACES if kiln else 1) for each in plain.machines)
    runs = tuple(draw(rich_runs(run, machines)) for run in plain.runs)
    under_way = draw(running(runs))
    run_already = {each.operation for each in under_way}
    first = runs[0].operations[0].id
    return replace(
        plain,
        machines=machines,
        runs=runs,
        pins=tuple(pin for pin in plain.pins if pin.operation not in run_already),
        previous=draw(st.sampled_from([(), (PlannedOperation(first, "M", 3, 3, 5),)])),
        objective=draw(objectives()),
        running=under_way,
        clients=draw(st.sampled_from([(), (Client("ann", 2), Client("bob", 3))])),
        notice=draw(st.sampled_from([(), ((0, 3), (5, 1))])),
        tariff=draw(steps(last)),
        intensity=draw(steps(last)),
    )


@st.composite
def rich_runs(draw: st.DrawFn, run: Run, machines: tuple[Machine, ...]) -> Run:
    """Return a run whose operations may share machines and free people in pauses."""
    return replace(
        run, operations=tuple(draw(rich_operations(each, machines)) for each in run.operations)
    )


@st.composite
def rich_operations(
    draw: st.DrawFn, operation: Operation, machines: tuple[Machine, ...]
) -> Operation:
    """Return an operation with modes that may share a machine, people to free, and energy."""
    state = operation.setup_state
    if machines[0].places > 1:
        state = draw(st.sampled_from(["a", "a", None]))
    modes = tuple(draw(rich_modes(mode, state, machines)) for mode in operation.modes)
    return replace(operation, modes=modes, setup_state=state)


@st.composite
def rich_modes(
    draw: st.DrawFn, mode: Mode, state: str | None, machines: tuple[Machine, ...]
) -> Mode:
    """Return a mode that may share the machine with others that need the same state."""
    people = draw(st.booleans())
    freed = tuple(pool for pool, _ in mode.demands if people)
    if machines[0].places > 1 and draw(st.sampled_from([True, True, False])):
        return replace(
            mode,
            ticks=BATCH_TICKS,
            energy=1,
            batch=f"family-{state}",
            places=draw(st.integers(1, 2)),
            freed_in_pauses=freed,
        )
    return replace(mode, energy=draw(st.integers(0, 2)), freed_in_pauses=freed)


@st.composite
def steps(draw: st.DrawFn, last: int) -> tuple[tuple[int, int], ...]:
    """Return a price that changes once."""
    price = st.integers(0, 3)
    return ((0, draw(price)), (draw(st.integers(1, last)), draw(price)))


@st.composite
def running(draw: st.DrawFn, runs: tuple[Run, ...]) -> tuple[Running, ...]:
    """Return at most one operation that runs already, the last one of all."""
    operation = runs[-1].operations[-1]
    if not draw(st.sampled_from([True, False, False])):
        return ()
    start = draw(st.integers(0, 2))
    end = start + draw(st.integers(1, 3))
    return (Running(operation.id, operation.modes[-1].machine, start, end),)


@st.composite
def objectives(draw: st.DrawFn) -> Objective:
    """Return one or two terms; fairness alone in its priority."""
    chosen = draw(st.lists(st.sampled_from(list(Goal)), min_size=1, max_size=2, unique=True))
    alone = Goal.FAIRNESS in chosen
    return Objective(
        tuple(
            Term(goal, draw(st.integers(1, 3)), index if alone else draw(st.integers(0, 1)))
            for index, goal in enumerate(chosen)
        )
    )


@st.composite
def kilns(draw: st.DrawFn, last: int = 14, most: int = 5) -> Problem:
    """Return a kiln in which several goods of two families may share a firing."""
    goods = range(draw(st.integers(2, most)))
    ticks = {"low": draw(st.integers(1, 3)), "high": draw(st.integers(1, 3))}
    state = draw(st.sampled_from([None, "a"]))
    runs: list[Run] = []
    for index in goods:
        family = draw(st.sampled_from(["low", "low", "high"]))
        places = draw(st.integers(1, 2))
        mode = Mode("M", ticks[family], energy=1, batch=family, places=places)
        firing = Operation(f"x{index}", (mode,), None if state is None else STATE_OF[family])
        release, due = draw(st.integers(0, 4)), draw(st.integers(0, last))
        client = draw(st.sampled_from(["ann", "bob"]))
        runs.append(Run(f"r{index}", client, (firing,), release=release, due=due))
    lengths = st.integers(0, 2)
    matrix = tuple(tuple(draw(lengths) for _ in STATES) for _ in STATES)
    goal = draw(st.sampled_from([Goal.MAKESPAN, Goal.WEIGHTED_TARDINESS, Goal.ENERGY_COST]))
    return Problem(
        name="kiln",
        machines=(Machine("M", changeover="setups", initial_setup=state, hall="h", places=PLACES),),
        changeovers=(Changeover("setups", STATES, matrix, matrix),),
        runs=tuple(runs),
        walls=draw(st.sampled_from([(), (Wall(("ann", "bob")),)])),
        objective=Objective((Term(goal), Term(Goal.CHANGEOVER_TIME, priority=1))),
        tariff=draw(steps(last)),
    )

"""One small problem for each rule and each goal, with the arithmetic of its optimum."""

from dataclasses import dataclass

from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import (
    Calendar,
    Client,
    Goal,
    Lag,
    Machine,
    Mode,
    Operation,
    Pin,
    Pool,
    Problem,
    Run,
    Running,
    Wall,
)
from tests.scheduler.words import (
    MAKESPAN,
    fired,
    freed,
    goals,
    job,
    on,
    operation,
    setups,
    spans,
)

M, N = Machine("M"), Machine("N")
DAYS = Calendar("days", spans((0, 5), (10, 20)))
SHOP = Machine("M", calendar="days")
A_TO_B = ((0, 2), (5, 0))
TUNED = Machine("M", changeover="setups", initial_setup="a")


@dataclass(frozen=True)
class Case:
    """A problem whose best objective is known by arithmetic."""

    name: str
    problem: Problem
    optimum: tuple[int, ...]


def case(name: str, optimum: int | tuple[int, ...], **facts: object) -> Case:
    """Return a case; the objective is the makespan unless told."""
    given = {"name": name, "machines": (M, N), "objective": MAKESPAN, **facts}
    best = optimum if isinstance(optimum, tuple) else (optimum,)
    return Case(name, Problem(**given), best)  # type: ignore[arg-type]


ONE, TWO = job("one", operation("x", ("M", 3))), job("two", operation("y", ("M", 4)))

RULES = [
    # 3 + 4 one after the other.
    case("machine", 7, runs=(ONE, TWO)),
    # M takes 9, N takes 4.
    case("mode", 4, runs=(job("one", operation("x", ("M", 9), ("N", 4))),)),
    # 0-4 fills the morning but for a tick; 3 more must wait for 10: 13. The other way 0-3, 10-14.
    case("calendar", 13, machines=(SHOP,), calendars=(DAYS,), runs=(ONE, TWO)),
    # 8 = 5 before the break at 5 and 3 after it: 10 + 3.
    case(
        "pause",
        13,
        machines=(SHOP,),
        calendars=(DAYS,),
        runs=(job("one", operation("x", ("M", 8), pausable=True)),),
    ),
    # a first, for which M is ready: 3 + setup 2 + 3 = 8. b first: 2 + 3 + 5 + 3 = 13.
    case(
        "setup",
        8,
        machines=(TUNED,),
        changeovers=(setups("ab", A_TO_B),),
        runs=(
            job("one", operation("x", ("M", 3), setup_state="a")),
            job("two", operation("y", ("M", 3), setup_state="b")),
        ),
    ),
    # Nothing is known of M, so the first setup is free: 3 + min(2, 5) + 3.
    case(
        "first setup is free",
        8,
        machines=(Machine("M", changeover="setups"),),
        changeovers=(setups("ab", A_TO_B),),
        runs=(
            job("one", operation("x", ("M", 3), setup_state="a")),
            job("two", operation("y", ("M", 3), setup_state="b")),
        ),
    ),
    # x needs no state and leaves a: 3 + setup 2 + 3; the setup cannot run beside x.
    case(
        "state is passed on",
        8,
        machines=(TUNED,),
        changeovers=(setups("ab", A_TO_B),),
        runs=(job("one", operation("x", ("M", 3)), operation("y", ("M", 3), setup_state="b")),),
    ),
    # Setup 0-2 in the morning, which leaves 3 of 5 ticks: too short for 4. So 10 + 4.
    case(
        "setup waits with its operation",
        14,
        machines=(Machine("M", "days", "setups", "a"),),
        calendars=(DAYS,),
        changeovers=(setups("ab", A_TO_B),),
        runs=(job("one", operation("x", ("M", 4), setup_state="b")),),
    ),
    # The setup of 6 fits no morning: 10-16, then 3.
    case(
        "setup within open hours",
        19,
        machines=(Machine("M", "days", "setups", "a"),),
        calendars=(DAYS,),
        changeovers=(setups("ab", ((0, 6), (6, 0))),),
        runs=(job("one", operation("x", ("M", 3), setup_state="b")),),
    ),
    # Work a 0-5, the setup of 5 runs in the break 5-10, then b 10-13.
    case(
        "setup in closed hours",
        13,
        machines=(Machine("M", "days", "setups", "a"),),
        calendars=(DAYS,),
        changeovers=(setups("ab", ((0, 5), (5, 0)), during_closed_hours=True),),
        runs=(
            job(
                "one",
                operation("x", ("M", 5), setup_state="a"),
                operation("y", ("M", 3), setup_state="b"),
            ),
        ),
    ),
    # One technician sets up M 0-3 and N 3-6; each then works 2: max(5, 8).
    case(
        "setup pool",
        8,
        machines=(
            Machine("M", changeover="setups", initial_setup="a"),
            Machine("N", changeover="setups", initial_setup="a"),
        ),
        changeovers=(setups("ab", ((0, 3), (3, 0)), pool="people", pool_units=1),),
        pools=(Pool("people", ((0, 1),)),),
        runs=(
            job("one", operation("x", ("M", 2), setup_state="b")),
            job("two", operation("y", ("N", 2), setup_state="b")),
        ),
    ),
    # Demands 1, 1 and 2 of 2: the first two together 0-4, then the third 4-8.
    case(
        "pool",
        8,
        machines=(M, N, Machine("O")),
        pools=(Pool("people", ((0, 2),)),),
        runs=(
            job("one", Operation("x", on(("M", 4), people=1))),
            job("two", Operation("y", on(("N", 4), people=1))),
            job("three", Operation("z", on(("O", 4), people=2))),
        ),
    ),
    # One person until 5 and again from 9: 0-4 and 9-12.
    case(
        "pool over time",
        12,
        pools=(Pool("people", ((0, 1), (5, 0), (9, 1))),),
        runs=(
            job("one", Operation("x", on(("M", 4), people=1))),
            job("two", Operation("y", on(("N", 3), people=1))),
        ),
    ),
    # 2, then at least 5, then 3.
    case(
        "minimum lag",
        10,
        runs=(
            job(
                "one",
                operation("x", ("M", 2)),
                operation("y", ("N", 3)),
                lags=(Lag("x", "y", 5),),
            ),
        ),
    ),
    # y may start 4 before x ends: 6 - 4 + 5.
    case(
        "negative minimum lag",
        7,
        runs=(
            job(
                "one",
                operation("x", ("M", 6)),
                operation("y", ("N", 5)),
                lags=(Lag("x", "y", -4),),
            ),
        ),
    ),
    # N is busy until 10, so x ends at 9 or later. z first: 11, then x 13, y 16. x first, from 7 on:
    # z ends at 20. Without the limit x 0-2, z 2-13 and y 10-13 would do.
    case(
        "maximum lag",
        16,
        pins=(Pin("busy", "N", 0),),
        runs=(
            job(
                "one",
                operation("x", ("M", 2)),
                operation("y", ("N", 3)),
                lags=(Lag("x", "y", 0, 1),),
            ),
            job("two", operation("busy", ("N", 10))),
            job("three", operation("z", ("M", 11))),
        ),
    ),
    # No-wait 2 on M, 6 on N for both runs: N decides, 2 + 6 + 6.
    case(
        "no wait",
        14,
        runs=tuple(
            job(
                name,
                operation(f"{name}-1", ("M", 2)),
                operation(f"{name}-2", ("N", 6)),
                lags=(Lag(f"{name}-1", f"{name}-2", 0, 0),),
            )
            for name in ("one", "two")
        ),
    ),
    # 4 + 3.
    case("release", 7, runs=(job("one", operation("x", ("M", 3)), release=4),)),
    # two must end by 4, so it goes first; one ends at 7, 4 late at 10 a tick.
    case(
        "deadline",
        40,
        objective=goals((Goal.WEIGHTED_TARDINESS, 1, 0)),
        runs=(
            job("one", operation("x", ("M", 3)), due=3, weight=10),
            job("two", operation("y", ("M", 4)), deadline=4),
        ),
    ),
    # The client is there 2-4 and 6-10; only the second visit is long enough for 3: 6 + 3.
    case(
        "attendance",
        9,
        runs=(
            job("one", operation("x", ("M", 3), attended=True), attendance=spans((2, 4), (6, 10))),
        ),
    ),
    # In one hall, and a wall between them: 3 + 4.
    case(
        "wall",
        7,
        machines=(Machine("M", hall="h"), Machine("N", hall="h")),
        walls=(Wall(("one", "two")),),
        runs=(job("one", operation("x", ("M", 3))), job("two", operation("y", ("N", 4)))),
    ),
    # The wall stands in hall g only: max(3, 4).
    case(
        "wall in another hall",
        4,
        machines=(Machine("M", hall="h"), Machine("N", hall="h"), Machine("O", hall="g")),
        walls=(Wall(("one", "two"), ("g",)),),
        runs=(job("one", operation("x", ("M", 3))), job("two", operation("y", ("N", 4)))),
    ),
    # x stays at 5-8; y fits before it.
    case("pinned start", 8, pins=(Pin("x", start=5),), runs=(ONE, TWO)),
    # M takes 9, N would take 4.
    case(
        "pinned machine",
        9,
        pins=(Pin("x", machine="M"),),
        runs=(job("one", operation("x", ("M", 9), ("N", 4))),),
    ),
    # x stays at 1-4, and y may not begin before 4: 4 + 4.
    case(
        "frozen horizon",
        8,
        machines=(M,),
        frozen_until=4,
        previous=(PlannedOperation("x", "M", 1, 1, 4),),
        runs=(ONE, TWO),
    ),
    # The pinned y begins at 0, inside the horizon; x waits for it to end: 4 + 3.
    case(
        "pin inside the frozen horizon",
        7,
        machines=(M,),
        frozen_until=2,
        pins=(Pin("y", start=0),),
        runs=(ONE, TWO),
    ),
    # The setup of 2 may not begin before the horizon 4 ends: 4 + 2 + 3.
    case(
        "no setup inside the frozen horizon",
        9,
        machines=(TUNED,),
        changeovers=(setups("ab", A_TO_B),),
        frozen_until=4,
        runs=(job("one", operation("x", ("M", 3), setup_state="b")),),
    ),
    # Two persons, free 0-5 and 10-20; x works 8 with both: 0-5, home, 10-13. Held over the break,
    # when nobody is there, they could not be lent at all before 10: 18.
    case(
        "people go home in pauses",
        13,
        machines=(SHOP,),
        calendars=(DAYS,),
        pools=(Pool("people", ((0, 2), (5, 0), (10, 2))),),
        runs=(job("one", Operation("x", (freed("M", 8, people=2),), pausable=True)),),
    ),
    # While x pauses 5-10, the one person works on N: 0-5, 10-13 for x; y 5-9: 13.
    case(
        "people help elsewhere in pauses",
        13,
        machines=(SHOP, N),
        calendars=(DAYS,),
        pools=(Pool("people", ((0, 1),)),),
        runs=(
            job("one", Operation("x", (freed("M", 8, people=1),), pausable=True)),
            job("two", Operation("y", on(("N", 4), people=1))),
        ),
    ),
    # The place is held through the pause: y waits for x to end at 13: 17; or goes first: x must
    # then start at 4, works a tick, and ends at 17 as well.
    case(
        "places are held in pauses",
        17,
        machines=(SHOP, N),
        calendars=(DAYS,),
        pools=(Pool("places", ((0, 1),)),),
        runs=(
            job("one", Operation("x", on(("M", 8), places=1), pausable=True)),
            job("two", Operation("y", on(("N", 4), places=1))),
        ),
    ),
    # Of three that take 2 of 4 places, two share the first batch: 5 + 5.
    case(
        "batch",
        10,
        machines=(Machine("M", places=4),),
        runs=tuple(
            job(name, Operation(name, (fired("M", 5, places=2),))) for name in ("x", "y", "z")
        ),
    ),
    # Of two families, each has a batch of its own: 5 + 4; alone they would take 5 + 5 + 4.
    case(
        "batch of one family",
        9,
        machines=(Machine("M", places=4),),
        runs=(
            job("one", Operation("x", (fired("M", 5),))),
            job("two", Operation("y", (fired("M", 5),))),
            job("three", Operation("z", (fired("M", 4, batch="hot"),))),
        ),
    ),
    # The batch starts once y is there, at 3: 3 + 5. One after the other they end at 10.
    case(
        "batch waits",
        8,
        machines=(Machine("M", places=2),),
        runs=(
            job("one", Operation("x", (fired("M", 5),))),
            job("two", Operation("y", (fired("M", 5),)), release=3),
        ),
    ),
    # One changeover of 2 for the batch of x and y, then 5 from b to a, then z: 2 + 4 + 5 + 3.
    # z first: 3, then 2 + 4 = 9, which is less.
    case(
        "setup of a batch",
        9,
        machines=(Machine("M", changeover="setups", initial_setup="a", places=2),),
        changeovers=(setups("ab", ((0, 2), (5, 1))),),
        runs=(
            job("one", Operation("x", (fired("M", 4),), setup_state="b")),
            job("two", Operation("y", (fired("M", 4),), setup_state="b")),
            job("three", operation("z", ("M", 3), setup_state="a")),
        ),
    ),
    # Clients with a wall between them never share the kiln: 5 + 5.
    case(
        "wall through a batch",
        10,
        machines=(Machine("M", hall="h", places=2),),
        walls=(Wall(("one", "two")),),
        runs=(
            job("one", Operation("x", (fired("M", 5),))),
            job("two", Operation("y", (fired("M", 5),))),
        ),
    ),
    # x runs on N until 6, though its mode takes 3 and its release is 4; y takes M: 2 to 6. Then z,
    # 2 after x: 8 + 1.
    case(
        "running",
        9,
        running=(Running("x", "N", 0, 6),),
        frozen_until=2,
        runs=(
            job(
                "one",
                operation("x", ("M", 2), ("N", 3)),
                operation("z", ("M", 1)),
                lags=(Lag("x", "z", 2),),
                deadline=9,
                release=4,
            ),
            job("two", operation("y", ("M", 4), ("N", 9))),
        ),
    ),
    # M is in a, yet x runs in b without a changeover; y needs 5 from b to a: 4 + 5 + 3.
    case(
        "running is set up",
        12,
        machines=(TUNED,),
        changeovers=(setups("ab", A_TO_B),),
        running=(Running("x", "M", 0, 4),),
        runs=(
            job("one", operation("x", ("M", 3), setup_state="b")),
            job("two", operation("y", ("M", 3), setup_state="a")),
        ),
    ),
    # Both run, though together they hold 2 of 1; z waits until one person is free at 4: 4 + 3.
    case(
        "running holds more than there is",
        7,
        machines=(M, N, Machine("O")),
        pools=(Pool("people", ((0, 1),)),),
        running=(Running("x", "M", 0, 4), Running("y", "N", 0, 3)),
        runs=(
            job("one", Operation("x", on(("M", 4), people=1))),
            job("two", Operation("y", on(("N", 4), people=1))),
            job("three", Operation("z", on(("O", 3), people=1))),
        ),
    ),
    # A mark of no length may stand at the end of x, but not inside: 3, and 3 + 0.
    case(
        "operation of no length",
        7,
        machines=(M,),
        runs=(ONE, job("two", operation("y", ("M", 4))), job("mark", operation("z", ("M", 0)))),
    ),
    # 2 + max(3, 5) + 1: the middle two run side by side.
    case(
        "diamond",
        8,
        runs=(
            Run(
                "one",
                "one",
                (
                    operation("first", ("M", 2)),
                    operation("left", ("M", 3)),
                    operation("right", ("N", 5)),
                    operation("last", ("M", 1)),
                ),
                (
                    Lag("first", "left"),
                    Lag("first", "right"),
                    Lag("left", "last"),
                    Lag("right", "last"),
                ),
            ),
        ),
    ),
    case("nothing to do", 0, runs=()),
]

GOALS = [
    # Shortest weighted: two first, 2 on time; one ends 5, 2 late at 1. The other way 3 * 5 = 15.
    case(
        Goal.WEIGHTED_TARDINESS.value,
        2,
        objective=goals((Goal.WEIGHTED_TARDINESS, 1, 0)),
        runs=(
            job("one", operation("x", ("M", 3)), due=3),
            job("two", operation("y", ("M", 2)), due=2, weight=5),
        ),
    ),
    # Of three runs of 2 that are due at 2, 4 and 4, one is late.
    case(
        Goal.TARDY_RUNS.value,
        1,
        objective=goals((Goal.TARDY_RUNS, 1, 0)),
        runs=tuple(
            job(name, operation(name, ("M", 2)), due=due)
            for name, due in (("one", 2), ("two", 4), ("three", 4))
        ),
    ),
    # Two machines share 3, 4 and 5: 7 against 5.
    case(
        Goal.MAKESPAN.value,
        7,
        runs=tuple(
            job(str(ticks), operation(str(ticks), ("M", ticks), ("N", ticks)))
            for ticks in (3, 4, 5)
        ),
    ),
    # a, a, then one change to b: 2.
    case(
        Goal.CHANGEOVER_TIME.value,
        2,
        machines=(TUNED,),
        changeovers=(setups("ab", A_TO_B),),
        objective=goals((Goal.CHANGEOVER_TIME, 1, 0)),
        runs=tuple(
            job(name, operation(name, ("M", 1), setup_state=state))
            for name, state in (("one", "a"), ("two", "b"), ("three", "a"))
        ),
    ),
    # From a: b then c costs 1 + 1, c then b 7 + 7; times say the opposite.
    case(
        Goal.CHANGEOVER_COST.value,
        2,
        machines=(TUNED,),
        changeovers=(
            setups(
                "abc",
                ((0, 5, 1), (5, 0, 5), (1, 1, 0)),
                cost=((0, 1, 7), (1, 0, 1), (7, 7, 0)),
            ),
        ),
        objective=goals((Goal.CHANGEOVER_COST, 1, 0)),
        runs=(
            job("one", operation("x", ("M", 1), setup_state="b")),
            job("two", operation("y", ("M", 1), setup_state="c")),
        ),
    ),
    # Both were to start at 6; one gives way by 3, the shorter length.
    case(
        Goal.MOVED_START.value,
        3,
        machines=(M,),
        objective=goals((Goal.MOVED_START, 1, 0)),
        previous=(PlannedOperation("x", "M", 6, 6, 9), PlannedOperation("y", "M", 6, 6, 10)),
        runs=(ONE, TWO),
    ),
    # x was to start at 6 and y at 8. A near move costs 5 a tick, one from 8 on 1: y gives way to 9.
    case(
        "notice",
        1,
        machines=(M,),
        objective=goals((Goal.MOVED_START, 1, 0)),
        notice=((0, 5), (8, 1)),
        previous=(PlannedOperation("x", "M", 6, 6, 9), PlannedOperation("y", "M", 8, 8, 12)),
        runs=(ONE, TWO),
    ),
    # Four runs of 2 on one machine are due at 2, of ann twice, with twice the entitlement (unit 2).
    # Ends 2, 4, 6, 8 are 0, 2, 4, 6 late. The worst off: bob's two runs at 4 + 6 ticks would be 20.
    # Ann's burden counts half: ann 4 + 6 = 10, bob 0 + 2 = 2 times 2 = 4. Any other share is worse:
    # ann 2 + 6 = 8, bob (0 + 4) * 2 = 8: the worst is 8. ann 0 + 6 = 6, bob 12. So 8, and 8 + 8.
    case(
        Goal.FAIRNESS.value,
        (8, 16),
        machines=(M,),
        objective=goals((Goal.FAIRNESS, 1, 0)),
        clients=(Client("ann", 2), Client("bob", 1)),
        runs=tuple(
            job(name, operation(name, ("M", 2)), due=2, client=name[:-1])
            for name in ("ann1", "ann2", "bob1", "bob2")
        ),
    ),
    # Three units a tick. Dear 10 until 4, then 2: 4 ticks from 4 on cost 3 * 4 * 2. Due at 9 still.
    case(
        Goal.ENERGY_COST.value,
        (0, 24),
        objective=goals((Goal.WEIGHTED_TARDINESS, 1, 0), (Goal.ENERGY_COST, 1, 1)),
        tariff=((0, 10), (4, 2), (9, 10)),
        runs=(job("one", Operation("x", (Mode("M", 4, energy=3),)), due=9),),
    ),
    # Due at 6: at 2-6 two ticks at 10 and two at 2: 3 * 24.
    case(
        "energy in time",
        (0, 72),
        objective=goals((Goal.WEIGHTED_TARDINESS, 1, 0), (Goal.ENERGY_COST, 1, 1)),
        tariff=((0, 10), (4, 2), (9, 10)),
        runs=(job("one", Operation("x", (Mode("M", 4, energy=3),)), due=6),),
    ),
    # Clean from 7 to 9 and dirty else: one of two ticks on M, the other in the hour after.
    case(
        Goal.EMISSIONS.value,
        3,
        machines=(M,),
        objective=goals((Goal.EMISSIONS, 1, 0)),
        intensity=((0, 5), (7, 0), (9, 1), (10, 2)),
        runs=(
            job("one", Operation("x", (Mode("M", 2, energy=1),))),
            job("two", Operation("y", (Mode("M", 2, energy=1),))),
        ),
    ),
    # 5-10 is closed and draws nothing. Work of 4 at price 1 until 2, 4 until 12, then 3: 3-5 and
    # 10-12 would be 16; 0-4 is 1 + 1 + 4 + 4; 12-16 is 12.
    case(
        "energy in pauses",
        10,
        machines=(SHOP,),
        calendars=(DAYS,),
        objective=goals((Goal.ENERGY_COST, 1, 0)),
        tariff=((0, 1), (2, 4), (12, 3)),
        runs=(job("one", Operation("x", (Mode("M", 4, energy=1),), pausable=True)),),
    ),
    # Both in one batch draw 2 a tick once: 5 * 2 * 1; the price is 1 until 5 and 9 later.
    case(
        "energy of a batch",
        10,
        machines=(Machine("M", places=2),),
        objective=goals((Goal.ENERGY_COST, 1, 0)),
        tariff=((0, 1), (5, 9)),
        runs=tuple(job(name, Operation(name, (fired("M", 5, energy=2),))) for name in ("x", "y")),
    ),
    # Of two on M that the published plan had on N, neither has N as a mode any more: 1; the other
    # can stay.
    case(
        Goal.CHANGED_MACHINE.value,
        1,
        objective=goals((Goal.CHANGED_MACHINE, 1, 0)),
        previous=(PlannedOperation("x", "N", 0, 0, 3), PlannedOperation("y", "N", 3, 3, 7)),
        runs=(ONE, job("two", operation("y", ("M", 2), ("N", 4)))),
    ),
    # Levels: stay on M first, 3 + 3 = 6 long; the other way round 3 long, with one changed.
    case(
        "machines before makespan",
        (0, 6),
        objective=goals((Goal.CHANGED_MACHINE, 1, 1), (Goal.MAKESPAN, 1, 2)),
        previous=(PlannedOperation("x", "M", 0, 0, 3), PlannedOperation("y", "M", 3, 3, 6)),
        runs=tuple(job(name, operation(name, ("M", 3), ("N", 3))) for name in ("x", "y")),
    ),
    case(
        "makespan before machines",
        (3, 1),
        objective=goals((Goal.CHANGED_MACHINE, 1, 2), (Goal.MAKESPAN, 1, 1)),
        previous=(PlannedOperation("x", "M", 0, 0, 3), PlannedOperation("y", "M", 3, 3, 6)),
        runs=tuple(job(name, operation(name, ("M", 3), ("N", 3))) for name in ("x", "y")),
    ),
    # One level: a changed machine is worth 2 ticks, three are saved: 3 + 2 against 6 + 0.
    case(
        "weighted sum",
        5,
        objective=goals((Goal.CHANGED_MACHINE, 2, 0), (Goal.MAKESPAN, 1, 0)),
        previous=(PlannedOperation("x", "M", 0, 0, 3), PlannedOperation("y", "M", 3, 3, 6)),
        runs=tuple(job(name, operation(name, ("M", 3), ("N", 3))) for name in ("x", "y")),
    ),
]

CASES = RULES + GOALS

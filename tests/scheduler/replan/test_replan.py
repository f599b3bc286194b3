"""What a planner can count on after each kind of disruption, with the arithmetic beside it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pilotline_scheduler.errors import ProblemError, ReplanError
from pilotline_scheduler.generator import generate
from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import (
    Calendar,
    Lag,
    Machine,
    Operation,
    Pin,
    Pool,
    Problem,
    Running,
)
from pilotline_scheduler.replan import (
    CancelledRun,
    Certainty,
    Disruption,
    LateMaterial,
    MachineDown,
    Overrun,
    PoolShortage,
    Replan,
    Stage,
    UrgentRun,
    replan,
)
from pilotline_scheduler.solver import first_plan
from tests.scheduler.words import job, on, operation, spans

M, N = Machine("M"), Machine("N")
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def told(*planned: tuple[str, str, int, int], **facts: object) -> Problem:
    """Return a problem with a published plan of ``(operation, machine, start, end)``."""
    given = {"name": "told", "machines": (M, N), "origin": MONDAY, **facts}
    previous = tuple(
        PlannedOperation(name, m, start, start, end) for name, m, start, end in planned
    )
    return Problem(previous=previous, **given)  # type: ignore[arg-type]


def at_once(problem: Problem, now: int, *disruptions: Disruption) -> Replan:
    return replan(problem, now, disruptions, time_limit_s=0)


def places(found: Replan) -> dict[str, tuple[str, int, int]]:
    return {each.operation: (each.machine, each.start, each.end) for each in found.plan.operations}


CUT_AND_MILL = told(
    ("A1", "M", 0, 100),
    ("A2", "N", 100, 160),
    ("B1", "M", 100, 150),
    runs=(
        job("A", operation("A1", ("M", 100), ("N", 120)), operation("A2", ("N", 60)), due=400),
        job("B", operation("B1", ("M", 50)), due=500),
    ),
)


def test_without_a_disruption_nothing_moves() -> None:
    found = at_once(CUT_AND_MILL, 30)
    assert found.moves == ()
    assert places(found) == {
        each.operation: (each.machine, each.start, each.end) for each in CUT_AND_MILL.previous
    }


def test_a_stopped_operation_starts_again_where_its_promise_can_be_kept() -> None:
    # M is down until 400. A1 ran 0-50 and starts again on N at 50: 170; A2 follows, 230 <= 400.
    found = at_once(CUT_AND_MILL, 50, MachineDown("M", 50, 400))
    assert places(found) == {"A1": ("N", 50, 170), "A2": ("N", 170, 230), "B1": ("M", 400, 450)}
    assert found.broken == ()
    assert found.machine_changes == 1
    assert [move.sentence for move in found.moves] == [
        "A1 moves from Mon 00:00 on M to Mon 00:50 on N: M is down until Mon 06:40; "
        "it starts again",
        "A2 moves from Mon 01:40 to Mon 02:50 on N: it follows A1, which moves",
        "B1 moves from Mon 01:40 to Mon 06:40 on M: M is down until Mon 06:40",
    ]


def test_an_operation_that_may_pause_goes_on_after_the_stop() -> None:
    # 50 of 100 ticks are done; down 50-80, so it ends at 130.
    problem = told(
        ("A1", "M", 0, 100), runs=(job("A", operation("A1", ("M", 100), pausable=True)),)
    )
    found = at_once(problem, 50, MachineDown("M", 50, 80))
    assert places(found) == {"A1": ("M", 0, 130)}
    assert found.moves == ()


def test_what_waits_behind_an_overrun_moves_by_just_as_much() -> None:
    found = at_once(CUT_AND_MILL, 60, Overrun("A1", 130))
    assert places(found) == {"A1": ("M", 0, 130), "A2": ("N", 130, 190), "B1": ("M", 130, 180)}
    assert [move.reason for move in found.moves] == [
        "it follows A1, which runs until Mon 02:10",
        "M is busy with A1 until Mon 02:10",
    ]


def test_an_overrun_may_go_on_after_hours_and_beyond_its_operators_shift() -> None:
    problem = told(
        ("A1", "M", 0, 100),
        machines=(replace(M, calendar="day"),),
        calendars=(Calendar("day", spans((0, 100), (200, 300))),),
        pools=(Pool("people", ((0, 1), (100, 0), (200, 1))),),
        runs=(job("A", Operation("A1", on(("M", 100), people=1))),),
    )
    assert places(at_once(problem, 90, Overrun("A1", 130))) == {"A1": ("M", 0, 130)}


def test_what_the_plan_began_behind_an_overrun_has_not_begun() -> None:
    # At 120 the plan has B1 running on M since 100, but A1 is there until 140.
    found = at_once(CUT_AND_MILL, 120, Overrun("A1", 140))
    assert places(found)["B1"] == ("M", 140, 190)


def test_late_material_holds_up_only_what_needs_it() -> None:
    # A1 runs; A2 needs material that comes at 220.
    found = at_once(CUT_AND_MILL, 50, LateMaterial("A", 220, "A2"))
    assert places(found) == {"A1": ("M", 0, 100), "A2": ("N", 220, 280), "B1": ("M", 100, 150)}
    assert found.moves[0].reason == "material for run A comes Mon 03:40"


def test_others_make_room_for_an_urgent_run_if_they_have_the_time() -> None:
    # U needs M for 60 by 160: B1, due 500, gives way from 100 to 160.
    run = job("U", operation("U1", ("M", 60)), due=160)
    found = at_once(CUT_AND_MILL, 50, UrgentRun(run))
    assert places(found)["U1"] == ("M", 100, 160)
    assert [move.sentence for move in found.moves] == [
        "B1 moves from Mon 01:40 to Mon 02:40 on M: makes room for urgent run U"
    ]
    assert found.broken == ()


def test_a_cancelled_run_leaves_what_has_begun_and_frees_the_rest() -> None:
    found = at_once(CUT_AND_MILL, 50, CancelledRun("A"))
    assert places(found) == {"A1": ("M", 0, 100), "B1": ("M", 100, 150)}


def test_a_short_pool_sends_away_what_it_cannot_serve() -> None:
    problem = told(
        ("A1", "M", 0, 100),
        ("B1", "N", 50, 100),
        pools=(Pool("people", ((0, 2),)),),
        runs=(
            job("A", Operation("A1", on(("M", 100), people=1))),
            job("B", Operation("B1", on(("N", 50), people=1))),
        ),
    )
    found = at_once(problem, 20, PoolShortage("people", 1, 20, 300))
    assert places(found) == {"A1": ("M", 0, 100), "B1": ("N", 100, 150)}
    assert found.moves[0].reason == "people is short of 1 until Mon 05:00"


def test_a_promise_that_cannot_be_kept_is_told_with_the_proof() -> None:
    problem = told(
        ("A1", "M", 10, 60), runs=(job("A", operation("A1", ("M", 50)), due=80, deadline=90),)
    )
    found = at_once(problem, 0, MachineDown("M", 0, 200))
    (broken,) = found.broken
    assert (broken.run, broken.promised, broken.end) == ("A", 80, 250)
    assert broken.is_deadline
    assert broken.certainty is Certainty.IMPOSSIBLE
    assert broken.sentence == (
        "run A ends Mon 04:10, 2 h 50 min after its deadline Mon 01:20: A1 moves, for M is down "
        "until Mon 03:20; even with the line to itself it ends Mon 04:10 at the soonest"
    )


def test_a_run_that_was_late_already_is_promised_what_was_published() -> None:
    problem = told(("A1", "M", 10, 60), runs=(job("A", operation("A1", ("M", 50)), due=20),))
    assert at_once(problem, 0).broken == ()
    (broken,) = at_once(problem, 0, MachineDown("M", 0, 20)).broken
    assert broken.promised == 60


def test_a_pin_and_a_longest_wait_give_way_only_with_a_word() -> None:
    problem = told(
        ("A1", "M", 0, 50),
        ("A2", "N", 60, 90),
        ("B1", "N", 100, 120),
        pins=(Pin("B1", "N", 100),),
        runs=(
            job(
                "A",
                operation("A1", ("M", 50)),
                operation("A2", ("N", 30)),
                lags=(Lag("A1", "A2", 0, 10),),
            ),
            job("B", operation("B1", ("N", 20), ("M", 20))),
        ),
    )
    assert at_once(problem, 20).concessions == ()
    found = at_once(problem, 55, MachineDown("N", 55, 150))
    assert found.concessions == (
        "B1 cannot stay where it was pinned: N is down until Mon 02:30",
        "A2 begins 1 h 40 min after A1 ends; at most 10 min were agreed",
    )


def test_what_lies_in_the_frozen_horizon_stays_unless_the_disruption_hits_it() -> None:
    problem = replace(CUT_AND_MILL, frozen_until=140)
    found = at_once(problem, 50, MachineDown("N", 90, 105))
    assert places(found) == {"A1": ("M", 0, 100), "A2": ("N", 105, 165), "B1": ("M", 100, 150)}


def test_a_setup_that_has_begun_is_carried_on() -> None:
    problem = replace(
        CUT_AND_MILL,
        previous=(*CUT_AND_MILL.previous[:2], PlannedOperation("B1", "M", 100, 100, 150)),
    )
    found = at_once(problem, 100)
    assert places(found)["B1"] == ("M", 100, 150)


def test_what_the_problem_says_is_running_is_where_it_is() -> None:
    # A1 began at 20 instead of 0 and is expected to end at 120.
    problem = replace(CUT_AND_MILL, running=(Running("A1", "M", 20, 120),))
    found = at_once(problem, 50)
    assert places(found) == {"A1": ("M", 20, 120), "A2": ("N", 120, 180), "B1": ("M", 120, 170)}
    later = at_once(problem, 50, Overrun("A1", 140))
    assert places(later)["B1"] == ("M", 140, 190)


def test_a_batch_that_runs_is_one_piece_of_history() -> None:
    modes = tuple(replace(each, batch="bake") for each in on(("M", 100)))
    problem = told(
        ("A1", "M", 0, 100),
        ("B1", "M", 0, 100),
        ("C1", "M", 100, 200),
        machines=(replace(M, places=2),),
        runs=tuple(job(name, Operation(f"{name}1", modes)) for name in "ABC"),
    )
    found = at_once(problem, 50, Overrun("A1", 130), Overrun("B1", 130))
    assert places(found) == {"A1": ("M", 0, 130), "B1": ("M", 0, 130), "C1": ("M", 130, 230)}


@pytest.mark.parametrize(
    ("disruption", "word"),
    [
        (MachineDown("X", 0, 10), "there is no machine 'X'"),
        (MachineDown("M", 10, 10), "is no time"),
        (Overrun("B1", 200), "only what has begun can overrun"),
        (Overrun("A1", 0), "cannot end before it began"),
        (CancelledRun("Z"), "there is no run 'Z'"),
        (LateMaterial("A", 100, "B1"), "run 'A' has no operation 'B1'"),
        (LateMaterial("A", 10), "is not late"),
        (PoolShortage("people", 1, 0, 5), "there is no pool 'people'"),
    ],
)
def test_a_disruption_that_cannot_be_is_refused(disruption: Disruption, word: str) -> None:
    with pytest.raises(ReplanError, match=word):
        at_once(CUT_AND_MILL, 50, disruption)


def test_an_urgent_run_with_mistakes_is_refused() -> None:
    with pytest.raises(ProblemError, match="A1"):
        at_once(CUT_AND_MILL, 50, UrgentRun(job("U", operation("A1", ("M", 5)))))


@pytest.fixture(scope="module")
def line() -> Problem:
    """A line of some 300 operations whose runs were promised their published end and a day more."""
    problem = generate(60, 10, 4)
    plan = first_plan(problem)
    assert plan is not None
    ends = {each.operation: each.end for each in plan.operations}
    runs = tuple(
        replace(run, due=max(ends[each.id] for each in run.operations) + 24 * 60)
        for run in problem.runs
    )
    return replace(problem, runs=runs, previous=plan.operations)


def test_one_machine_down_moves_few_others_and_the_search_makes_it_no_worse(line: Problem) -> None:
    now = sorted(each.start for each in line.previous)[100]
    down = MachineDown("mixer-1", now, now + 24 * 60)
    hit = {
        each.operation
        for each in line.previous
        if each.machine == "mixer-1" and each.end > now and each.setup_start < down.end
    }
    repaired: list[Replan] = []
    found = replan(line, now, [down], time_limit_s=3, workers=1, on_repaired=repaired.append)
    (first,) = repaired
    assert first.stage is Stage.REPAIRED
    assert found.stage is not Stage.REPAIRED
    for each in (first, found):
        others = {move.operation for move in each.moves} - hit
        assert len(others) <= 0.1 * each.operations
    assert len(found.broken) <= len(first.broken)


def test_the_same_disruption_gives_the_same_repair(line: Problem) -> None:
    now = sorted(each.start for each in line.previous)[100]
    down = MachineDown("mixer-2", now, now + 24 * 60)
    assert at_once(line, now, down).plan == at_once(line, now, down).plan

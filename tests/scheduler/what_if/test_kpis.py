"""Figures of a plan are those of ISO 22400, worked out by hand here."""

import pytest

from pilotline_scheduler.kpis import kpis_of
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import (
    Calendar,
    Goal,
    Machine,
    Mode,
    Operation,
    Pool,
    Problem,
    Run,
)
from tests.scheduler.words import setups, spans

PROBLEM = Problem(
    "figures",
    machines=(Machine("M", "day", "setups", "a"), Machine("N")),
    calendars=(Calendar("day", spans((0, 10), (20, 30))),),
    changeovers=(
        setups("ab", ((0, 4), (4, 0)), pool="people", pool_units=1, during_closed_hours=True),
    ),
    pools=(Pool("people", ((0, 2), (10, 1), (40, 0))),),
    runs=(
        Run(
            "one",
            "ann",
            (
                Operation("x", (Mode("M", 8, energy=2),), setup_state="a", pausable=True),
                Operation("y", (Mode("N", 5, (("people", 1),), energy=3),)),
            ),
            release=1,
            due=8,
            weight=3,
        ),
        Run("two", "bob", (Operation("z", (Mode("M", 3),), setup_state="b"),), due=40),
    ),
)
PLAN = Plan(
    (
        PlannedOperation("x", "M", 5, 5, 23),
        PlannedOperation("y", "N", 1, 1, 6),
        PlannedOperation("z", "M", 23, 27, 30),
    )
)


def test_machines_are_measured_over_open_hours() -> None:
    mill, oven = kpis_of(PROBLEM, PLAN).machines
    # 8 + 3 of work, a changeover of 4, 20 open ticks; pauses count as nothing.
    assert (mill.open_ticks, mill.production_ticks, mill.setup_ticks) == (20, 11, 4)
    assert mill.busy_ticks == 15
    assert mill.allocation == pytest.approx(15 / 20)
    assert mill.utilisation == pytest.approx(11 / 15)
    assert mill.setup_ratio == pytest.approx(4 / 15)
    assert (oven.open_ticks, oven.allocation, oven.utilisation) == (30, 5 / 30, 1)


def test_a_changeover_in_closed_hours_is_not_busy_time() -> None:
    night = Plan((*PLAN.operations[:2], PlannedOperation("z", "M", 30, 34, 37)))
    mill = kpis_of(PROBLEM, night).machines[0]
    assert (mill.setup_ticks, mill.busy_ticks) == (4, 11)


def test_pools_count_units_held_by_work_and_setups() -> None:
    (people,) = kpis_of(PROBLEM, PLAN).pools
    # 2 until 10 and 1 until 30; y holds 1 for 5, the changeover 1 for 4.
    assert (people.offered, people.held) == (40, 9)
    assert kpis_of(PROBLEM, PLAN, until=50).pools[0].offered == 50


def test_clients_get_their_own_tardiness() -> None:
    ann, bob = kpis_of(PROBLEM, PLAN).clients
    assert (ann.client, ann.runs, ann.tardy_runs) == ("ann", 1, 1)
    assert (ann.tardiness, ann.weighted_tardiness, ann.flow_ticks) == (15, 45, 22)
    assert (bob.client, bob.tardy_runs, bob.tardiness) == ("bob", 0, 0)


def test_goals_and_energy_are_there() -> None:
    found = kpis_of(PROBLEM, PLAN)
    assert found.goals[Goal.WEIGHTED_TARDINESS] == 45
    assert found.goals[Goal.MAKESPAN] == found.until == 30
    assert found.goals[Goal.CHANGEOVER_TIME] == 4
    assert found.energy == 8 * 2 + 5 * 3
    assert found.objective == (45,)


def test_a_batch_works_and_draws_once() -> None:
    shared = (Mode("M", 4, (("people", 1),), energy=5, batch="glaze"),)
    problem = Problem(
        "kiln",
        (Machine("M", places=2),),
        tuple(Run(name, name, (Operation(name, shared),)) for name in ("x", "y")),
        pools=(Pool("people", ((0, 1),)),),
    )
    found = kpis_of(problem, Plan(tuple(PlannedOperation(n, "M", 0, 0, 4) for n in ("x", "y"))))
    assert (found.energy, found.machines[0].production_ticks, found.pools[0].held) == (20, 4, 4)

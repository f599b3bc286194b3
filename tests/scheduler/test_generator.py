"""Generated lines have every kind of rule, and a plan."""

import pytest

from pilotline_scheduler.errors import SchedulerError
from pilotline_scheduler.generator import Feature, generate
from pilotline_scheduler.problem.validation import validate
from pilotline_scheduler.solver import first_plan
from pilotline_scheduler.verifier import verify


@pytest.mark.parametrize(
    ("runs", "machines", "seed"), [(1, 2, 0), (9, 3, 1), (60, 10, 2), (150, 20, 3)]
)
def test_a_line_of_any_size_is_well_formed_and_can_be_planned(
    runs: int, machines: int, seed: int
) -> None:
    problem = generate(runs, machines, seed)
    validate(problem)
    assert (len(problem.runs), len(problem.machines)) == (runs, machines)
    plan = first_plan(problem)
    assert plan is not None
    assert verify(problem, plan) == []


def test_decided_operations_whose_setups_hinder_each_other_are_placed_in_another_order() -> None:
    problem = generate(30, 7, 1)
    assert problem.pins
    assert problem.previous
    plan = first_plan(problem)
    assert plan is not None
    assert verify(problem, plan) == []


def test_a_usual_line_has_every_kind_of_rule() -> None:
    line = generate(60, 10, 0)
    operations = [operation for run in line.runs for operation in run.operations]
    lags = [lag for run in line.runs for lag in run.lags]
    assert 240 <= len(operations) <= 360
    kinds = {
        "alternatives": any(len(operation.modes) > 1 for operation in operations),
        "pausable": any(operation.pausable for operation in operations),
        "not pausable": any(not operation.pausable for operation in operations),
        "attended": any(operation.attended for operation in operations),
        "setup state": any(operation.setup_state for operation in operations),
        "no setup state": any(operation.setup_state is None for operation in operations),
        "demand": any(mode.demands for operation in operations for mode in operation.modes),
        "minimum lag": any(lag.minimum > 0 for lag in lags),
        "maximum lag": any(lag.maximum for lag in lags),
        "no wait": any(lag.maximum == 0 for lag in lags),
        "release": any(run.release > 0 for run in line.runs),
        "due": all(run.due is not None for run in line.runs),
        "deadline": any(run.deadline is not None for run in line.runs),
        "attendance": any(run.attendance for run in line.runs),
        "calendar": any(machine.calendar for machine in line.machines),
        "always open": any(machine.calendar is None for machine in line.machines),
        "setup by people": any(changeover.pool for changeover in line.changeovers),
        "setup in closed hours": any(each.during_closed_hours for each in line.changeovers),
        "staffed by the hour": any(len(pool.levels) > 1 for pool in line.pools),
        "wall": bool(line.walls),
        "pin": bool(line.pins),
        "frozen": line.frozen_until > 0 and bool(line.previous),
        "levels": len({term.priority for term in line.objective.terms}) > 1,
    }
    assert [kind for kind, present in kinds.items() if not present] == []


def test_features_add_to_a_line_and_change_nothing_else() -> None:
    plain, rich = generate(40, 10, 0), generate(40, 10, 0, list(Feature))
    validate(rich)
    plan = first_plan(rich)
    assert plan is not None
    assert verify(rich, plan) == []
    modes = [mode for run in rich.runs for each in run.operations for mode in each.modes]
    kinds = {
        Feature.KILN: sum(mode.batch is not None for mode in modes) >= 5,
        Feature.TARIFF: len(rich.tariff) >= 24 * 7 and any(mode.energy for mode in modes),
        Feature.ENTITLEMENTS: len({each.entitlement for each in rich.clients}) > 1,
        Feature.RUNNING: bool(rich.running),
    }
    assert kinds == dict.fromkeys(Feature, True)
    for one, other in zip(plain.runs, rich.runs, strict=True):
        assert (one.id, one.client, one.due) == (other.id, other.client, other.due)
        shared = zip(one.operations, other.operations, strict=False)
        for usual, same in shared:
            assert [each.ticks for each in usual.modes] == [each.ticks for each in same.modes]


def test_a_line_without_alternatives_is_refused() -> None:
    with pytest.raises(SchedulerError, match="not 5 and 1"):
        generate(5, 1)

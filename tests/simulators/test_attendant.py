"""Machines are run as by an operator: jobs follow one another, mishaps are cleared."""

from collections import Counter
from random import Random

import pytest

from pilotline_plant import PackMLState
from pilotline_simulators.attendant import ACTING_S, NEXT, WAITING_S, Attendant, Mishap
from pilotline_simulators.jobs import JobSource, Pace
from pilotline_simulators.operation import Operation
from pilotline_simulators.packml import COMPLETIONS, TRANSITIONS, Command, UnitState

PACE = Pace(unit_s=10, least=3, most=3)


def test_the_attendant_knows_what_to_do_in_every_state() -> None:
    assert set(ACTING_S) | {PackMLState.EXECUTE} == set(COMPLETIONS)
    assert set(WAITING_S) == set(NEXT) == set(PackMLState) - set(COMPLETIONS)
    assert all((state, command) in TRANSITIONS for state, command in NEXT.items())


@pytest.mark.parametrize(
    ("command", "way"),
    [
        (Command.HOLD, ["HOLDING", "HELD", "UNHOLDING", "EXECUTE"]),
        (Command.SUSPEND, ["SUSPENDING", "SUSPENDED", "UNSUSPENDING", "EXECUTE"]),
        (Command.ABORT, ["ABORTING", "ABORTED", "CLEARING", "STOPPED", "RESETTING", "IDLE"]),
        (Command.STOP, ["STOPPING", "STOPPED", "RESETTING", "IDLE"]),
    ],
)
def test_a_mishap_is_overcome_step_by_step(command: Command, way: list[str]) -> None:
    unit = UnitState(PackMLState.EXECUTE)
    attendant = Attendant(unit, Random(1), (Mishap(command, 1e-9),))
    seen = [unit.state]
    while len(seen) <= len(way):
        unit.pass_time(1.0)
        attendant.step(1.0)
        if unit.state is not seen[-1]:
            seen.append(unit.state)
    assert [state.name for state in seen[1:]] == way


def test_each_dwell_is_drawn_anew_around_the_usual_one() -> None:
    unit = UnitState(PackMLState.STOPPED)
    attendant = Attendant(unit, Random(2), ())
    spent: Counter[PackMLState] = Counter()
    entered: Counter[PackMLState] = Counter()
    state = unit.state
    for _ in range(200_000):
        unit.pass_time(0.5)
        attendant.step(0.5)
        if unit.state is PackMLState.EXECUTE:
            unit.complete()
        spent[unit.state] += 1
        entered[unit.state] += unit.state is not state
        state = unit.state
    for each, usual in ((PackMLState.IDLE, 300), (PackMLState.STARTING, 20)):
        assert spent[each] * 0.5 / entered[each] == pytest.approx(1.13 * usual, rel=0.15)


def test_without_an_attendant_a_waiting_machine_waits_but_acting_states_end() -> None:
    unit = UnitState(PackMLState.RESETTING)
    attendant = Attendant(unit, Random(3))
    attendant.on_duty = False
    for _ in range(10_000):
        unit.pass_time(1)
        attendant.step(1)
    assert unit.state is PackMLState.IDLE


def test_mishaps_are_as_rare_as_said() -> None:
    unit = UnitState(PackMLState.EXECUTE)
    attendant = Attendant(unit, Random(4), (Mishap(Command.HOLD, 100.0),), rarity=5.0)
    held = 0
    for _ in range(200_000):
        unit.pass_time(1)
        attendant.step(1)
        if unit.state is PackMLState.HOLDING:
            held += 1
            unit = UnitState(PackMLState.EXECUTE)
            attendant = Attendant(unit, Random(held), (Mishap(Command.HOLD, 100.0),), rarity=5.0)
    assert held == pytest.approx(400, rel=0.25)


def _operation(state: PackMLState, dt_s: float = 0.0) -> Operation:
    return Operation(state, dt_s=dt_s)


def test_a_job_is_loaded_made_unit_by_unit_and_taken_out() -> None:
    jobs, operation = JobSource("mill-1", PACE, Random(1)), _operation(PackMLState.STARTING)
    assert not jobs.step(operation)
    assert operation.job.startswith("mill-1-")
    before, ends = operation.units, []
    operation.state, operation.dt_s = PackMLState.EXECUTE, 1.0
    for second in range(1, 60):
        if jobs.step(operation):
            ends.append(second)
            break
        assert 0 <= operation.phase <= 1
        assert 0 <= operation.batch <= 1
    assert 25 <= ends[0] <= 36
    assert operation.units == before + 3
    assert operation.batch == 1
    operation.state = PackMLState.RESETTING
    jobs.step(operation)
    assert (operation.job, operation.batch) == ("", 0)


def test_every_job_has_an_id_of_its_own() -> None:
    jobs, operation, seen = JobSource("m", PACE, Random(1)), _operation(PackMLState.IDLE), []
    for _ in range(50):
        operation.state = PackMLState.STARTING
        jobs.step(operation)
        seen.append(operation.job)
        operation.state = PackMLState.STOPPED
        jobs.step(operation)
    assert len(set(seen)) == 50


def test_a_held_machine_keeps_its_job_and_makes_nothing() -> None:
    jobs, operation = JobSource("m", PACE, Random(1)), _operation(PackMLState.STARTING)
    jobs.step(operation)
    job, units = operation.job, operation.units
    operation.state, operation.dt_s = PackMLState.HELD, 1000.0
    assert not jobs.step(operation)
    assert (operation.job, operation.units) == (job, units)

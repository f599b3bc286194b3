"""A simulated machine is alive, plausible, and the same each time it is asked for."""

from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from pilotline_plant import DataType, Limits, Machine, PackMLState, Tag
from pilotline_simulators import Emission, MachineModel, run
from pilotline_simulators.kinds import KINDS
from pilotline_simulators.program import SECOND_NS
from tests.simulators.plants import EXAMPLES, bench_machine, example, machine_with, tag

ALL_MACHINES = [machine for name in EXAMPLES for machine in example(name).machines]
KINDS_ONCE = list({machine.kind: machine for machine in ALL_MACHINES}.values())


def _run(
    machine: Machine, seconds: float, *, seed: int = 1, warm: bool = True, incidents: bool = False
) -> tuple[MachineModel, list[Emission]]:
    model = MachineModel(machine, seed, incidents=incidents)
    if warm:
        model.warm_up()
    return model, list(run(model, seconds))


def test_the_same_seed_gives_the_same_values_whatever_the_clock_says() -> None:
    machine = bench_machine("mill-1")
    first = _run(machine, 300, seed=7, incidents=True)[1]
    model = MachineModel(machine, 7)
    model.warm_up()
    later = list(run(model, 300, start_ns=123 * SECOND_NS))
    assert [(e.tag, e.value, e.status) for e in later] == [
        (e.tag, e.value, e.status) for e in first
    ]
    assert {b.source_time_ns - a.source_time_ns for a, b in zip(first, later, strict=True)} == {
        123 * SECOND_NS
    }


def test_another_seed_gives_other_values() -> None:
    machine = bench_machine("mill-1")
    assert _run(machine, 60, seed=1)[1] != _run(machine, 60, seed=2)[1]


def test_one_more_tag_changes_nothing_in_the_others() -> None:
    temperature, pressure = tag("temperature", unit="Cel"), tag("pressure", unit="bar")
    alone = _run(machine_with(temperature), 60)[1]
    together = _run(machine_with(temperature, pressure), 60)[1]
    assert [e for e in together if e.tag == "temperature"] == alone


def test_every_kind_of_the_example_plants_has_a_model_of_its_own() -> None:
    assert {machine.kind for machine in ALL_MACHINES} == set(KINDS)


@pytest.mark.parametrize("machine", KINDS_ONCE, ids=lambda machine: machine.kind)
def test_every_tag_emits_values_of_its_type_on_the_machines_grid(machine: Machine) -> None:
    kinds = {DataType.STRING: str, DataType.BOOLEAN: bool, DataType.DOUBLE: float}
    model, emissions = _run(machine, 20)
    assert {emission.tag for emission in emissions[: len(machine.tags)]} == {
        each.id for each in machine.tags
    }
    for emission in emissions:
        assert isinstance(emission.value, kinds.get(machine.tag(emission.tag).data_type, int))
        assert emission.source_time_ns % model.step_ns == 0


@pytest.mark.parametrize("machine", KINDS_ONCE, ids=lambda machine: machine.kind)
def test_no_measured_value_stands_still_while_the_machine_works(machine: Machine) -> None:
    """Set points and constants of the machine may; a sensor that never moves looks broken."""
    constant = {
        *("S_SetVelocity", "S_SetAcceleration", "S_SystemInertia", "M_CURRENT_PROGRAM_NUMBER"),
        "setpoint",
    }
    seen: dict[str, set[object]] = defaultdict(set)
    model = MachineModel(machine, 3, incidents=False)
    for emission in run(model, {"autoclave": 7200, "cnc-mill": 700}.get(machine.kind, 1800)):
        seen[emission.tag].add(emission.value)
    measured = [
        each
        for each in machine.tags
        if each.data_type is DataType.DOUBLE and each.id not in constant
    ]
    still = [each.id for each in measured if len(seen[each.id]) < 3]
    assert any(seen["job"])
    assert not still


def _beyond(each: Tag, value: object) -> bool:
    limits = each.limits
    if limits is None or not isinstance(value, float):
        return False
    return any(
        (
            limits.high is not None and value >= limits.high,
            limits.high_high is not None and value >= limits.high_high,
            limits.low is not None and value <= limits.low,
            limits.low_low is not None and value <= limits.low_low,
        )
    )


@pytest.mark.parametrize("machine", ALL_MACHINES, ids=lambda machine: machine.id)
def test_without_incidents_no_alarm_is_raised_at_work_or_at_rest(machine: Machine) -> None:
    for warm in (True, False):
        _, emissions = _run(machine, 120, seed=11, warm=warm)
        for emission in emissions:
            assert not _beyond(machine.tag(emission.tag), emission.value), emission


def test_among_24_machines_a_few_alarms_are_raised_in_ten_minutes() -> None:
    alarms = 0
    machines = [each for each in example("taastrup").machines if each.kind != "cnc-mill"]
    for machine in machines:
        model = MachineModel(machine, 5)
        model.warm_up()
        beyond: set[str] = set()
        for emission in run(model, 600):
            raised = _beyond(machine.tag(emission.tag), emission.value)
            alarms += raised and emission.tag not in beyond
            (beyond.add if raised else beyond.discard)(emission.tag)
    assert 1 <= alarms <= 20


def test_an_excursion_crosses_the_limit_and_comes_back() -> None:
    machine = bench_machine("oven-1")
    model = MachineModel(machine, 1, incidents=False)
    model.warm_up()
    assert model.disturb("temperature", severe=False, hold_s=30)
    values = [
        e.value for e in run(model, 120) if e.tag == "temperature" and isinstance(e.value, float)
    ]
    assert 190 <= max(values) < 205
    assert values[0] < 190
    assert values[-1] < 187


def test_a_severe_excursion_goes_beyond_the_outermost_limit() -> None:
    machine = bench_machine("oven-1")
    model = MachineModel(machine, 1, incidents=False)
    assert model.disturb("temperature", severe=True, hold_s=30)
    values = [e.value for e in run(model, 60) if e.tag == "temperature"]
    assert max(value for value in values if isinstance(value, float)) >= 205


def test_a_tag_without_limits_cannot_be_sent_beyond_them() -> None:
    assert not MachineModel(bench_machine("oven-1"), 1).disturb("humidity", severe=True, hold_s=1)


def test_energy_and_count_never_fall() -> None:
    machine = bench_machine("mixer-1")
    _, emissions = _run(machine, 3600, incidents=True)
    for each in ("energy", "count"):
        values = [e.value for e in emissions if e.tag == each]
        numbers = [value for value in values if isinstance(value, int | float)]
        assert len(numbers) > 5
        assert numbers == sorted(numbers)


def test_jobs_follow_one_another_through_the_states_of_packml() -> None:
    machine = bench_machine("mill-1")
    model = MachineModel(machine, 2, incidents=False)
    emissions = list(run(model, 7200))
    states = [e.value for e in emissions if e.tag == "state"]
    names = [PackMLState(value).word for value in states if isinstance(value, int)]
    cycle = ["Idle", "Starting", "Execute", "Completing", "Complete", "Resetting", "Idle"]
    first = names.index("Idle")
    assert names[first : first + 7] == cycle
    jobs = [e.value for e in emissions if e.tag == "job"]
    assert "" in jobs
    assert len({job for job in jobs if job}) >= 2


def test_a_dashboard_of_24_machines_looks_alive() -> None:
    counts: Counter[PackMLState] = Counter()
    machines = example("taastrup").machines
    for machine in machines:
        for seed in range(6):
            model = MachineModel(machine, seed)
            model.warm_up()
            counts[model.state] += 1
    share = {state: 24 * count / counts.total() for state, count in counts.items()}
    down = sum(
        share.get(s, 0) for s in (PackMLState.HELD, PackMLState.STOPPED, PackMLState.ABORTED)
    )
    assert 15 <= share[PackMLState.EXECUTE] <= 21
    assert 1 <= share[PackMLState.IDLE] <= 5
    assert 0.5 <= down <= 3


def test_a_machine_of_unknown_kind_gets_signals_that_fit_its_units() -> None:
    machine = machine_with(
        tag("oil", unit="Cel", limits=Limits(high=60.0, hysteresis=1.0), sampling_ms=1000),
        tag("shaft", unit="1/min", sampling_ms=1000),
        tag("strange", unit="[foot_i].[lbf_av]", sampling_ms=1000),
        tag("parts", data_type=DataType.UINT32, sampling_ms=1000),
        tag("ready", data_type=DataType.BOOLEAN, sampling_ms=1000),
        tag("step", data_type=DataType.STRING, sampling_ms=1000),
    )
    _, emissions = _run(machine, 5400)
    seen: dict[str, set[object]] = defaultdict(set)
    for emission in emissions:
        seen[emission.tag].add(emission.value)
    assert all(len(values) > 1 for values in seen.values()), seen
    assert max(value for value in seen["oil"] if isinstance(value, float)) < 60
    assert seen["ready"] == {True, False}
    assert seen["step"] == {"idle", "prepare", "run", "finish"}


def test_a_tag_is_sampled_no_faster_than_the_plant_file_says() -> None:
    slow, fast = tag("slow", unit="bar", sampling_ms=1000), tag("fast", unit="bar", sampling_ms=250)
    _, emissions = _run(machine_with(slow, fast), 60)
    times = sorted(e.source_time_ns for e in emissions if e.tag == "slow")
    assert min(b - a for a, b in pairwise(times)) >= SECOND_NS
    fast_times = sorted(e.source_time_ns for e in emissions if e.tag == "fast")
    assert min(b - a for a, b in pairwise(fast_times)) == SECOND_NS // 4


def test_a_sample_differs_from_the_one_before_by_more_than_the_deadband() -> None:
    machine = machine_with(tag("pressure", unit="bar", deadband=0.05))
    values = [e.value for e in _run(machine, 600)[1] if isinstance(e.value, float)]
    assert len(values) > 20
    assert min(abs(b - a) for a, b in pairwise(values)) > 0.05

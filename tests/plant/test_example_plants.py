"""The example plants read clean, and cover what the product promises to plan and watch."""

import csv
import io
import sys
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pilotline_plant import Plant, PlantError, Sector
from pilotline_plant.examples import example_plant, example_plants
from pilotline_plant.reading import read_plant
from pilotline_plant.working_time import machine_working_time

EXAMPLES = ("bench", "taastrup")
RECORDING = (
    "X_ActualPosition,X_ActualVelocity,X_ActualAcceleration,X_SetPosition,X_SetVelocity,"
    "X_SetAcceleration,X_CurrentFeedback,X_DCBusVoltage,X_OutputCurrent,X_OutputVoltage,"
    "X_OutputPower,Y_ActualPosition,Y_ActualVelocity,Y_ActualAcceleration,Y_SetPosition,"
    "Y_SetVelocity,Y_SetAcceleration,Y_CurrentFeedback,Y_DCBusVoltage,Y_OutputCurrent,"
    "Y_OutputVoltage,Y_OutputPower,Z_ActualPosition,Z_ActualVelocity,Z_ActualAcceleration,"
    "Z_SetPosition,Z_SetVelocity,Z_SetAcceleration,Z_CurrentFeedback,Z_DCBusVoltage,"
    "Z_OutputCurrent,Z_OutputVoltage,S_ActualPosition,S_ActualVelocity,S_ActualAcceleration,"
    "S_SetPosition,S_SetVelocity,S_SetAcceleration,S_CurrentFeedback,S_DCBusVoltage,"
    "S_OutputCurrent,S_OutputVoltage,S_OutputPower,S_SystemInertia,M_CURRENT_PROGRAM_NUMBER,"
    "M_sequence_number,M_CURRENT_FEEDRATE,Machining_Process,INSPECT"
)
"""Header of the recordings of a real mill that the simulated mills replay."""


@pytest.fixture(scope="module")
def taastrup() -> Plant:
    return read_plant(example_plant("taastrup"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_plant_reads_clean_and_the_same_each_time(name: str) -> None:
    assert read_plant(example_plant(name)) == read_plant(example_plant(name))


def test_a_plant_cannot_be_changed(taastrup: Plant) -> None:
    with pytest.raises(FrozenInstanceError):
        taastrup.machines = ()  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        taastrup.machines[0].tags[0].key = False  # type: ignore[misc]
    assert hash(taastrup) == hash(read_plant(example_plant("taastrup")))


def test_the_institute_has_24_machines_over_all_sectors_at_sites_of_three_zones(
    taastrup: Plant,
) -> None:
    assert len(taastrup.machines) == 24
    assert {machine.sector for machine in taastrup.machines} == set(Sector)
    zones = {site.time_zone for site in taastrup.sites}
    assert zones == {"Europe/Copenhagen", "Europe/Brussels", "America/New_York"}
    assert {machine.site for machine in taastrup.machines} == set(taastrup.site_by_id)
    assert {procedure.sector for procedure in taastrup.procedures} == set(Sector)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_machine_reports_state_job_count_and_energy_and_fills_its_tile(name: str) -> None:
    for machine in read_plant(example_plant(name)).machines:
        roles = [tag.role for tag in machine.tags]
        for role in ("state", "job", "count", "energy"):
            assert roles.count(role) == 1, (machine.id, role)
        assert 2 <= sum(tag.key for tag in machine.tags) <= 5, machine.id
        assert any(tag.limits for tag in machine.tags), machine.id


def test_the_mills_have_a_tag_for_every_column_of_the_recording(taastrup: Plant) -> None:
    columns = next(csv.reader(io.StringIO(RECORDING)))
    assert len(columns) == 49
    mill = taastrup.machine_by_id["cnc-mill-1"]
    assert [tag.id for tag in mill.tags if tag.role == "value"] == columns
    assert {mill.tag(column).data_type.value for column in columns[:-2]} == {"Double"}
    assert {mill.tag(column).data_type.value for column in columns[-2:]} == {"String"}
    assert {tag.sampling_ms for tag in mill.tags} == {100}


def test_foreign_and_partner_sites_speak_encrypted(taastrup: Plant) -> None:
    for machine in taastrup.machines:
        encrypted = machine.endpoint.security != "None"
        assert encrypted == taastrup.site_by_id[machine.site].partner, machine.id


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_step_that_may_not_pause_fits_a_machines_open_hours(name: str) -> None:
    plant = read_plant(example_plant(name))
    start = datetime(2027, 1, 4, tzinfo=UTC)
    for procedure in plant.procedures:
        for step in procedure.steps:
            longest = max(
                (close - opened) * capability.rate
                for machine in plant.machines_able(step.capability)
                for capability in machine.capabilities
                if capability.id == step.capability
                for opened, close in machine_working_time(
                    plant, machine, start, start + timedelta(days=14)
                )
            )
            assert step.pausable or timedelta(minutes=step.minutes) <= longest, (
                procedure.id,
                step.id,
            )


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_step_has_a_machine_that_can_be_set_up_for_it(name: str) -> None:
    plant = read_plant(example_plant(name))
    for procedure in plant.procedures:
        for step in procedure.steps:
            assert plant.machines_able(step.capability, step.setup_state), (procedure.id, step.id)
            assert all(pool in plant.pool_by_id for pool, _ in step.pools)


def test_a_machine_without_changeover_has_no_setup_states(taastrup: Plant) -> None:
    assert taastrup.setup_states(taastrup.machine_by_id["autoclave-1"]) == ()
    mill = taastrup.machine_by_id["cnc-mill-1"]
    assert taastrup.setup_states(mill) == ("aluminium", "steel", "titanium", "polymer")
    assert taastrup.machines_able("milling-5-axis", "titanium") == (
        taastrup.machine_by_id["cnc-mill-2"],
    )
    assert taastrup.machines_able("steam-curing", "titanium") == ()


def test_an_unknown_example_names_those_there_are() -> None:
    assert set(example_plants()) >= set(EXAMPLES)
    with pytest.raises(PlantError, match="no example plant 'mars'; there are bench, taastrup"):
        example_plant("mars")


def test_examples_are_found_in_an_installed_wheel_without_importing_the_simulators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "pilotline_simulators"
    (package / "plants").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('must not be imported')\n")
    (package / "plants" / "wheel.toml").write_text("")
    monkeypatch.delitem(sys.modules, "pilotline_simulators", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert example_plants() == ("wheel",)
    assert example_plant("wheel") == package / "plants" / "wheel.toml"


def test_without_the_simulators_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pilotline_simulators", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[-1:])
    with pytest.raises(PlantError, match="simulators, which are not installed"):
        example_plants()

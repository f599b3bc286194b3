"""Every row and column of a recording comes back equal."""

import asyncio
import csv
import os
from itertools import groupby
from pathlib import Path

import pytest
from asyncua import ua

from pilotline_plant import DataType, Machine, PackMLState
from pilotline_simulators import (
    BAD_WAITING_FOR_INITIAL_DATA,
    GOOD,
    Command,
    CommandRefusedError,
    Emission,
    LedgerEntry,
    MachineModel,
    Replay,
    ReplayedMachine,
    SimulatedPlant,
    read_ledger,
    run,
)
from pilotline_simulators.program import MILLISECOND_NS
from tests.simulators.listener import by_tag, listening
from tests.simulators.plants import example, machine_with, plant_of, tag

ROWS = [("Prep", 1.0), ("Prep", 1.0), ("Up", 2.5), ("Up", 1.0), ("End", 1.0)]
MACHINE = machine_with(
    tag("power", unit="kW"),
    tag("process", data_type=DataType.STRING),
    tag("state", data_type=DataType.INT32, role="state"),
    tag("job", data_type=DataType.STRING, role="job"),
    tag("count", data_type=DataType.UINT32, role="count"),
    tag("energy", unit="kW.h", role="energy"),
)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "cut_07.csv"
    path.write_text("process,power\n" + "".join(f"{a},{b}\n" for a, b in ROWS))
    return path


def _of(emissions: list[Emission], tag_id: str) -> list[tuple[int, object, bool]]:
    return [
        (each.source_time_ns // MILLISECOND_NS, each.value, each.repeat)
        for each in emissions
        if each.tag == tag_id
    ]


def test_every_row_is_emitted_on_an_exact_grid(recording: Path) -> None:
    emissions = list(run(ReplayedMachine(MACHINE, Replay(recording)), 0.4, 10**18))
    start_ms = 10**12
    assert _of(emissions, "power") == [
        (start_ms, 1.0, False),
        (start_ms + 100, 1.0, True),
        (start_ms + 200, 2.5, False),
        (start_ms + 300, 1.0, False),
        (start_ms + 400, 1.0, True),
    ]
    assert [value for _, value, _ in _of(emissions, "process")] == [text for text, _ in ROWS]


def test_a_loop_goes_on_without_a_break_and_counts_its_passes(recording: Path) -> None:
    machine = ReplayedMachine(MACHINE, Replay(recording, interval_ms=20))
    emissions = list(run(machine, 0.28))
    power = _of(emissions, "power")
    assert [time for time, _, _ in power] == list(range(0, 300, 20))
    assert [value for _, value, _ in power] == [number for _, number in ROWS] * 3
    assert _of(emissions, "count") == [(0, 0, False), (100, 1, False), (200, 2, False)]
    assert {value for _, value, _ in _of(emissions, "state")} == {PackMLState.EXECUTE}
    assert {value for _, value, _ in _of(emissions, "job")} == {"cut_07"}


def test_once_ends_in_complete_with_the_last_values_standing(recording: Path) -> None:
    machine = ReplayedMachine(MACHINE, Replay(recording, once=True))
    emissions = list(run(machine, 2))
    assert len(_of(emissions, "power")) == len(ROWS)
    assert _of(emissions, "state") == [
        (0, PackMLState.EXECUTE, False),
        (500, PackMLState.COMPLETE, False),
    ]
    assert machine.ended
    assert machine.reporter.last("process") == "End"


def test_a_recorded_state_wins_over_the_replays_own(tmp_path: Path) -> None:
    path = tmp_path / "states.csv"
    path.write_text("process,power,state\nPrep,1,4\nUp,2,6\n")
    emissions = list(run(ReplayedMachine(MACHINE, Replay(path)), 0.1))
    assert [value for _, value, _ in _of(emissions, "state")] == [4, 6]


def test_the_first_row_waits_for_a_client_that_watches_every_column(recording: Path) -> None:
    watched = {"power"}
    machine = ReplayedMachine(MACHINE, Replay(recording))
    machine.attach(watched.__contains__)
    waiting = machine.first(0)
    assert {(e.value, e.status) for e in waiting if e.tag in {"power", "process"}} == {
        (None, BAD_WAITING_FOR_INITIAL_DATA)
    }
    assert machine.state is PackMLState.IDLE
    assert not machine.step(100)
    watched.add("process")
    begun = machine.step(200)
    assert {(e.tag, e.source_time_ns, e.value) for e in begun} >= {
        ("power", 200, 1.0),
        ("process", 200, "Prep"),
        ("state", 200, PackMLState.EXECUTE),
    }
    watched.clear()
    assert machine.step(300)


def test_the_first_row_does_not_wait_for_ever(recording: Path) -> None:
    machine = ReplayedMachine(MACHINE, Replay(recording, wait_s=0.35))
    machine.attach(lambda tag_id: False)
    played = [bool(machine.first(0)) and machine.state is PackMLState.EXECUTE]
    played += [bool(machine.step(number)) for number in range(1, 7)]
    assert played == [False, False, False, False, True, True, True]


def test_a_recording_takes_no_commands(recording: Path) -> None:
    machine = ReplayedMachine(MACHINE, Replay(recording))
    machine.attend(on_duty=True)
    with pytest.raises(CommandRefusedError, match="'abort' is not allowed in state Idle"):
        machine.command(Command.ABORT)
    assert not machine.disturb("power", severe=False, hold_s=None)
    assert machine.job == "cut_07"


def _rebuilt(entries: list[LedgerEntry], tag_id: str, rows: int) -> list[object]:
    """Return a column as a consumer of changes rebuilds it: by carrying the last value forward."""
    own = {
        each.source_time_ns: each.value
        for each in entries
        if each.tag == tag_id and each.status == GOOD
    }
    start = min(own)
    column: list[object] = []
    for row in range(rows):
        column.append(own.get(start + row * 100 * MILLISECOND_NS, column[-1] if column else None))
    return column


def test_a_client_rebuilds_the_recording_from_changes_alone(
    recording: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.jsonl"

    async def play(filters: dict[str, ua.DataChangeFilter]) -> list[tuple[str, int, object, int]]:
        plant = SimulatedPlant(
            plant_of(MACHINE),
            speed=None,
            any_port=True,
            ledger=ledger,
            replays={"m-1": Replay(recording, once=True)},
        )
        async with (
            plant as simulated,
            listening(simulated.machine("m-1").url, MACHINE, filters) as listener,
            asyncio.timeout(10),
        ):
            await simulated.advance(1)
            while not any(told[2] == PackMLState.COMPLETE for told in listener.told):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            return listener.told

    told = asyncio.run(play({}))
    entries = list(read_ledger(ledger))
    assert by_tag(told) == by_tag((e.tag, e.source_time_ns, e.value, e.status) for e in entries)
    for index, column in enumerate(("process", "power")):
        assert _rebuilt(entries, column, len(ROWS)) == [row[index] for row in ROWS]

    ledger.unlink()
    every_row = ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp)
    told = asyncio.run(play({"power": every_row, "process": every_row}))
    powers = [(value, status) for tag_id, _, value, status in told if tag_id == "power"]
    assert powers[0] == (None, BAD_WAITING_FOR_INITIAL_DATA)
    assert powers[1:] == [(number, GOOD) for _, number in ROWS]
    repeated = read_ledger(ledger, repeats=True)
    assert (
        by_tag(told)["power"]
        == by_tag((e.tag, e.source_time_ns, e.value, e.status) for e in repeated)["power"]
    )


def _recording_of_a_simulated_mill(path: Path, machine: Machine) -> Path:
    """Write 300 rows of every value tag, as a logger beside the machine would."""
    model = MachineModel(machine, 3, incidents=False)
    model.warm_up()
    columns = [each.id for each in machine.tags if each.role == "value"]
    row: dict[str, object] = {}
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        for _, emissions in groupby(run(model, 29.9), lambda each: each.source_time_ns):
            row.update({each.tag: each.value for each in emissions})
            writer.writerow(row)
    return path


def test_the_49_columns_of_a_mill_come_back_equal(tmp_path: Path) -> None:
    """``PILOTLINE_RECORDINGS`` may name a folder of further recordings of that mill."""
    machine = example("taastrup").machine_by_id["cnc-mill-1"]
    more = os.environ.get("PILOTLINE_RECORDINGS")
    files = sorted(Path(more).glob("cnc_mill/*.csv")) if more else []
    for file in [_recording_of_a_simulated_mill(tmp_path / "mill.csv", machine), *files]:
        _check_recording(file, machine)


def _check_recording(file: Path, machine: Machine) -> None:
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    emissions = list(run(ReplayedMachine(machine, Replay(file)), (len(rows) - 1) / 10))
    by_column: dict[str, list[Emission]] = {column: [] for column in rows[0]}
    for emission in emissions:
        by_column.get(emission.tag, []).append(emission)
    assert len(by_column) == 49
    for column, own in by_column.items():
        assert [each.source_time_ns for each in own] == [
            row * 100 * MILLISECOND_NS for row in range(len(rows))
        ]
        text = machine.tag(column).data_type is DataType.STRING
        assert [each.value for each in own] == [
            row[column] if text else float(row[column]) for row in rows
        ]

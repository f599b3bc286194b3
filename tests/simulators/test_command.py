"""`pilotline simulate` tells where the machines listen, what is wrong, and stops at once."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from asyncua.client.client import Client
from typer.testing import CliRunner

from pilotline.commands.simulate import app
from pilotline_plant import PackMLState
from pilotline_plant.examples import example_plant
from pilotline_simulators import read_ledger
from tests.simulators.listener import source_ns

READY_S = 60.0


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """Return the bench plant on free ports."""
    ports = iter(_free_ports(3))
    text = re.sub(
        r"127\.0\.0\.1:\d+",
        lambda _: f"127.0.0.1:{next(ports)}",
        example_plant("bench").read_text(encoding="utf-8"),
    )
    path = tmp_path / "plant.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _call(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "pilotline", "simulate", *map(str, words)]


@contextmanager
def _running(*words: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        _call(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process, _read_until(process, "simulators.ready")
        finally:
            process.kill()


def _read_until(process: subprocess.Popen[str], pattern: str, said: str = "") -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + READY_S
    while not re.search(pattern, said):
        line = process.stdout.readline()
        assert line, f"it ended: {said}"
        assert time.monotonic() < deadline
        said += line
    return said


@dataclass(frozen=True)
class OvenRecording:
    """Three rows of the bench's oven."""

    columns: Mapping[str, list[float]]
    path: Path


@pytest.fixture
def recording(tmp_path: Path) -> OvenRecording:
    """Write a recording of the bench's oven."""
    columns = {
        "temperature": [20.5, 21.0, 21.0],
        "setpoint": [20.0, 20.0, 25.0],
        "humidity": [40.0, 41.0, 42.0],
        "heater_power": [0.0, 0.5, 1.0],
    }
    rows = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path = tmp_path / "oven.csv"
    path.write_text("\n".join([",".join(columns), *rows, ""]))
    return OvenRecording(columns, path)


def _url(plant: Path, machine: str) -> str:
    found = re.search(rf"opc\.tcp://[^\"]+/{machine}", plant.read_text(encoding="utf-8"))
    assert found
    return found[0]


@pytest.mark.alone
def test_it_tells_when_all_machines_listen_and_stops_within_two_seconds(
    plant: Path, recording: OvenRecording, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    replay = (
        *("--replay", f"oven-1={recording.path}", "--replay-once"),
        *("--replay-interval-ms", "20", "--replay-wait", "0"),
    )
    with _running(plant, "--ledger", ledger, *replay) as (process, said):
        assert "simulators.ready" in said
        url = _url(plant, "mill-1")
        assert url in _read_until(process, "mill-1 .*/mill-1", said)

        async def look() -> int:
            async with Client(url) as client:
                state: int = await client.get_node("ns=2;s=mill-1.state").read_value()
                return state

        assert asyncio.run(look()) in set(PackMLState)
        assert not psutil.Process(process.pid).children(recursive=True)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - begun < 2.0
    entries = list(read_ledger(ledger, repeats=True))
    assert {entry.machine for entry in entries} == {"mixer-1", "oven-1", "mill-1"}
    for column, values in recording.columns.items():
        own = [e for e in entries if (e.machine, e.tag) == ("oven-1", column)]
        assert [e.value for e in own] == values
        times = [e.source_time_ns - own[0].source_time_ns for e in own]
        assert times == [0, 20 * 10**6, 40 * 10**6]


def test_what_was_emitted_before_a_kill_is_in_the_ledger(plant: Path, tmp_path: Path) -> None:
    ledger, url = tmp_path / "ledger.jsonl", _url(plant, "mill-1")
    with _running(plant, "--ledger", ledger, "--machine", "mill-1", "--speed", "5") as (process, _):

        async def look() -> tuple[int, float]:
            async with Client(url) as client:
                read: Any = await client.get_node("ns=2;s=mill-1.energy").read_data_value()
                return source_ns(read), read.Value.Value

        last = asyncio.run(look())
        process.kill()
        process.wait(10)
    written = {(e.source_time_ns, e.value) for e in read_ledger(ledger) if e.tag == "energy"}
    assert last in written


def _fails(*words: str | Path) -> str:
    outcome = CliRunner().invoke(app, list(map(str, words)))
    assert outcome.exit_code == 2
    assert "Traceback" not in outcome.stderr
    return " ".join(outcome.stderr.split())


def test_a_port_in_use_is_one_sentence_and_exit_code_2(plant: Path) -> None:
    port = int(re.findall(r"127\.0\.0\.1:(\d+)", plant.read_text(encoding="utf-8"))[1])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        said = _fails(plant)
    assert f"machine 'oven-1' cannot be served: port {port} of 127.0.0.1 is in use." in said
    assert "give the machine another endpoint in the plant file" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--machine", "kiln-9"], "no simulated machine 'kiln-9'; there are: mixer-1, oven-1"),
        (["--replay", "oven-1=none.csv"], "none.csv:0: cannot be read"),
        (["--replay", "oven-1"], "is not MACHINE=FILE"),
        (["--replay", "oven-1=a", "--replay", "oven-1=b"], "two recordings"),
        (["--ledger", "/no/such/folder/ledger"], "cannot be opened: No such file"),
    ],
)
def test_a_mistake_in_the_words_is_one_sentence(plant: Path, words: list[str], said: str) -> None:
    assert said in _fails(plant, *words)


def test_a_plant_file_with_a_mistake_is_told_by_line(plant: Path) -> None:
    plant.write_text(plant.read_text().replace('security = "None"', 'security = "Nune"'))
    assert re.search(r"plant\.toml:\d+: machines\.mixer-1\.endpoint\.security", _fails(plant))

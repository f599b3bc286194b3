"""A real agent process: killed, stopped, started twice, asked how it does."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from pilotline_historian import Series, open_historian
from tests.edge.agent_process import edge_run, pilotline, process, write_plant
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine, Sent
from tests.edge.running import lost, status_of, undeclared, until

TAGS = ("a", "b")


def held(url: str) -> MemoryHistorian:
    """Return what a real historian holds of the machine."""
    copy = MemoryHistorian()
    with closing(open_historian(url)) as historian:
        for tag in TAGS:
            copy.write(list(historian.raw(Series("aarhus", "mill-1", tag), 0, 2**63 - 1)))
        copy.write_gaps(historian.gaps(None, 0, 2**63 - 1))
    return copy


@pytest.mark.slow
def test_a_killed_agent_takes_its_session_up_and_loses_nothing(
    tmp_path: Path,
) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    url = f"sqlite:///{tmp_path / 'historian.sqlite'}"

    async def work() -> list[Sent]:
        async with OpcUaMachine(TAGS) as mill:
            plant = write_plant(tmp_path, mill.url, TAGS)
            command = edge_run(plant, data, url)
            writing = None
            for kill in (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM):
                begun = time.time()
                with process(command, log) as running:

                    def fresh(
                        begun: float = begun, running: subprocess.Popen[bytes] = running
                    ) -> bool:
                        path = data / "status.json"
                        assert running.poll() is None, log.read_text()
                        if not path.exists() or path.stat().st_mtime < begun:
                            return False
                        return bool(status_of(data)["connected"])

                    await until(fresh)
                    writing = writing or asyncio.ensure_future(mill.run(0.05))
                    await asyncio.sleep(1.7)
                    if kill is signal.SIGTERM:
                        writing.cancel()
                        await asyncio.sleep(1.5)
                    running.send_signal(kill)
                    await until(lambda running=running: running.poll() is not None)  # type: ignore[misc]
            return mill.ledger

    ledger = asyncio.run(work())
    historian = held(url)
    gaps = historian.gaps("mill-1", 0, 2**63 - 1)
    assert len(ledger) > 100
    assert undeclared(ledger, historian) == []
    assert [gap.cause for gap in gaps if gap.cause != "agent-started"] == []
    assert lost(ledger[-10:], historian) == []
    outages_s = sum(gap.end_ns - gap.start_ns for gap in gaps) / 1e9
    span_s = (ledger[-1].source_ns - ledger[0].source_ns) / 1e9
    assert outages_s < span_s, "gaps must be no longer than the absence they declare"


def test_a_stop_is_quick_a_second_agent_is_refused_and_status_tells(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    plant = write_plant(tmp_path, "opc.tcp://127.0.0.1:1/absent")
    command = edge_run(plant, data)

    def status(*options: str) -> subprocess.CompletedProcess[str]:
        asked = pilotline("edge", "status", "--data", data, *options)
        return subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)

    assert status("--json").returncode == 1
    with process(command, log) as running:
        asyncio.run(until((data / "status.json").exists))
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert second.returncode == 1
        assert str(running.pid) in second.stderr
        asked = status("--json")
        assert asked.returncode == 0, asked.stderr
        told = json.loads(asked.stdout)
        assert told["pid"] == running.pid
        (machine,) = told["machines"]
        assert (machine["id"], machine["connected"]) == ("mill-1", False)
        assert told["journal"]["bytes"] == 0
        table = status()
        assert table.returncode == 0
        assert "mill-1" in table.stdout
        begun = time.monotonic()
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=10) == 0
        assert time.monotonic() - begun < 5.0
    assert status("--json").returncode == 1


def test_a_wrong_plant_is_refused_with_its_line(tmp_path: Path) -> None:
    plant = tmp_path / "plant.toml"
    plant.write_text("name = 3\n", encoding="utf-8")
    ended = subprocess.run(
        edge_run(plant, tmp_path / "data"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "plant.toml:1" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_edge_loads_neither_solver_nor_web_framework() -> None:
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, pilotline_edge; print(*sorted(m.partition('.')[0] for m in sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    ).stdout.split()
    assert "asyncua" in loaded
    assert {"ortools", "fastapi", "pilotline_scheduler", "pilotline_api"}.isdisjoint(loaded)

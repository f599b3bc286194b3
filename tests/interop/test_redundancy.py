"""Two node-opcua servers of one machine: each is trusted for itself, the better one is read."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pilotline.main import app
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, undeclared, until
from tests.interop.node_machine import NodeMachine
from tests.interop.node_process import need_node_opcua

pytestmark = [pytest.mark.node, pytest.mark.slow]

TAGS = ("a", "b")


async def accept(data: Path, count: int) -> None:
    """Accept the one certificate that waits, once `count` were presented in all."""
    rejected, trusted = data / "pki" / "rejected", data / "pki" / "trusted"
    await until(lambda: len([*rejected.glob("*.der"), *trusted.glob("*.der")]) == count)
    (waiting,) = rejected.iterdir()
    arguments = ["edge", "trust", "accept", waiting.stem.rpartition("-")[2], "--data", str(data)]
    accepted = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert accepted.exit_code == 0, accepted.output


async def _work(tmp_path: Path) -> None:
    historian, data = MemoryHistorian(), tmp_path / "data"
    first = NodeMachine(TAGS, tmp_path / "one", secure=True)
    second = NodeMachine(TAGS, tmp_path / "two", secure=True)

    def server(number: int) -> dict[str, Any]:
        servers = status_of(data).get("servers") or [{}, {}]
        found: dict[str, Any] = servers[number]
        return found

    async with first:
        tags = [tag(name) for name in TAGS]
        one = machine(first.url, tags, security="Basic256Sha256", user="edge")
        endpoint = dataclasses.replace(one.endpoint, also=(second.url,))
        async with agent(plant(dataclasses.replace(one, endpoint=endpoint)), historian, data):
            await accept(data, 1)
            await until(lambda: len(historian.stored) > 5)
            async with second:
                await until(lambda: "not trusted" in (server(1).get("problem") or ""))
                await accept(data, 2)
                await until(lambda: server(1).get("service_level") == 255)
                first.level(100)
                await until(lambda: server(1)["in_use"] and status_of(data)["connected"])
                assert (server(0)["in_use"], status_of(data)["server_changes"]) == (False, 1)
                changed_ns = second.ledger[-1].source_ns
                await until(lambda: server(0).get("service_level") == 100)
                await until(lambda: any(at > changed_ns for _, at in historian.stored))
        times = {at for _, at in historian.stored}
        ours = [sent for sent in second.sampled if changed_ns < sent.source_ns <= max(times)]
    (begun, moved) = historian.gaps("mill-1", 0, 2**63 - 1)
    assert (begun.cause, moved.cause) == ("agent-started", "server-changed")
    assert ours
    assert undeclared(ours, historian) == []
    theirs = [each for each in first.sampled if begun.start_ns <= each.source_ns <= moved.end_ns]
    assert undeclared(theirs, historian) == []


def test_the_better_of_two_servers_is_read_once_a_person_trusts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_node_opcua()
    monkeypatch.setenv("PILOTLINE_OPCUA_PASSWORD_MILL_1", "planted-secret")
    asyncio.run(_work(tmp_path))

"""The edge against node-opcua, an OPC UA server that shares no code with asyncua."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pilotline.main import app
from pilotline_edge import read_status
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, lost, status_of, undeclared, until
from tests.faults.proxy import FaultProxy
from tests.interop.node_machine import NodeMachine
from tests.interop.node_process import need_node_opcua

pytestmark = [pytest.mark.node, pytest.mark.slow]

TAGS = ("a", "b", "c", "d", "e")


async def _two_cuts(tmp_path: Path) -> None:
    historian = MemoryHistorian()
    data = tmp_path / "data"
    async with NodeMachine(TAGS, tmp_path / "pki") as mill, FaultProxy(mill.port) as proxy:
        tags = [tag(name, publishing_ms=200 if name == "e" else 100) for name in TAGS]
        read = plant(machine(OpcUaMachine.url_at(proxy.port), tags))
        async with agent(read, historian, data):
            await until(lambda: len(historian.stored) > 20)
            for cut in (1, 2):
                proxy.cut()
                await asyncio.sleep(2.5)
                proxy.restore()
                await until(lambda cut=cut: status_of(data).get("reconnects") == cut)  # type: ignore[misc]
                await asyncio.sleep(1.0)
            healed = status_of(data)["healed_by"]
            await mill.stop()
            await asyncio.sleep(0.5)
    (first,) = historian.gaps("mill-1", 0, 2**63 - 1)
    # What a stopped server had not published yet was never on its way.
    last = min(max(at for series, at in historian.stored if series.tag == name) for name in TAGS)
    read_time = [sent for sent in mill.sampled if first.end_ns <= sent.source_ns <= last]
    assert first.cause == "agent-started"
    assert len(read_time) > 200
    assert lost(read_time, historian) == []
    assert undeclared(read_time, historian) == []
    assert healed == {"republished": 4}
    assert historian.writes == len(historian.stored), "a point was delivered twice"


def test_two_lost_connections_lose_no_value(tmp_path: Path) -> None:
    need_node_opcua()
    asyncio.run(_two_cuts(tmp_path))


async def _secure(tmp_path: Path, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTLINE_OPCUA_PASSWORD_MILL_1", "planted-secret")
    historian = MemoryHistorian()
    data = tmp_path / "data"
    async with NodeMachine(("a",), tmp_path / "pki", secure=True) as mill:
        url = OpcUaMachine.url_at(mill.port)
        read = plant(machine(url, [tag("a")], security=policy, user="edge"))
        async with agent(read, historian, data):
            await until(lambda: any((data / "pki" / "rejected").glob("mill-1-*.der")))
            await until(lambda: "move" in (status_of(data).get("cause") or ""))
            (waiting,) = (data / "pki" / "rejected").iterdir()
            assert str(waiting) in status_of(data)["cause"]
            assert historian.stored == {}
            digits = waiting.stem.rpartition("-")[2]
            accept = ["edge", "trust", "accept", digits, "--data", str(data)]
            accepted = await asyncio.to_thread(CliRunner().invoke, app, accept)
            assert accepted.exit_code == 0, accepted.output
            await until(lambda: len(historian.stored) > 5, within_s=20.0)
    status = read_status(data)
    assert status is not None
    assert status["machines"][0]["values"] > 5


@pytest.mark.parametrize(
    "policy", ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]
)
def test_an_unknown_certificate_is_refused_until_a_person_trusts_it(
    tmp_path: Path, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_node_opcua()
    asyncio.run(_secure(tmp_path, policy, monkeypatch))

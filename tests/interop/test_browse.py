"""A browse of node-opcua, an OPC UA server that shares no code with asyncua."""

import asyncio
from pathlib import Path

import pytest

from pilotline_edge.browse import BrowseWishes, Discovery, discover
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.connection.trust import TrustStore
from pilotline_plant import DataType
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine
from tests.interop.node_machine import NodeMachine
from tests.interop.node_process import need_node_opcua

pytestmark = [pytest.mark.node, pytest.mark.slow]

TAGS = tuple(f"value-{n}" for n in range(25))


async def _discovered(tmp_path: Path) -> Discovery:
    async with NodeMachine(TAGS, tmp_path / "pki", browse=3) as mill:
        session = MachineSession(
            machine(OpcUaMachine.url_at(mill.port), []), None, TrustStore(tmp_path / "trust")
        )
        try:
            await session.open()
            return await discover(session, BrowseWishes())
        finally:
            await session.close()


def test_every_variable_is_found_within_the_servers_limits(tmp_path: Path) -> None:
    """The server takes three nodes a call and has an analog value with a unit."""
    need_node_opcua()
    discovery = asyncio.run(_discovered(tmp_path))
    found = {each.path[-1].partition(":")[2]: each for each in discovery.found}
    assert set(TAGS) <= set(found)
    assert found["value-7"].node_id == "nsu=urn:pilotline:interop;s=value-7"
    assert {found[name].data_type for name in TAGS} == {DataType.DOUBLE}
    pressure = found["Pressure"]
    assert (pressure.ucum, pressure.unit_name) == ("bar", "bar")
    mode = found["Mode"]
    assert mode.data_type is DataType.INT32
    assert [each.index for each in discovery.found if each.name == "Axes"] == [(0,), (1,), (2,)]
    assert discovery.unfinished == []

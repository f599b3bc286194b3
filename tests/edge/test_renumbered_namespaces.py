"""A server that restarts with its namespaces in another order is read at the same variables."""

import asyncio
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.object_ids import ObjectIds

from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.edge.structured_machine import node

OWN, OTHER = "urn:maker:press", "urn:maker:other"
TAGS = (
    tag("id", node_id=f"nsu={OWN};s=speed"),
    tag("path", browse_path=f"nsu={OWN};Press/nsu={OWN};Speed"),
    tag("field", node_id=f"nsu={OWN};s=position", field="X"),
    tag("other", node_id=f"nsu={OTHER};s=position", field="X"),
)


async def _press(server: Server, uri: str, speed: float, fields: Sequence[str]) -> None:
    """Add a press whose names are those of any maker, and a structure whose fields are not."""
    index = await server.register_namespace(uri)
    objects = server.nodes.objects
    press = await objects.add_object(node("press", index), f"{index}:Press")
    await press.add_variable(node("speed", index), f"{index}:Speed", speed)
    base = server.nodes.base_structure_type
    data_type = await base.add_data_type(node("Position", index), f"{index}:Position")
    encoding = await data_type.add_object(node("Position.Binary", index), "0:Default Binary")
    await data_type.add_reference(encoding, ObjectIds.HasEncoding)
    definition: Any = ua.StructureDefinition()
    definition.BaseDataType, definition.DefaultEncodingId = base.nodeid, encoding.nodeid
    for name in fields:
        field: Any = ua.StructureField()
        field.Name, field.DataType, field.ValueRank = name, ua.NodeId(ua.Int32(11)), -1
        definition.Fields.append(field)
    await data_type.write_data_type_definition(definition)
    body = ua.ByteString(struct.pack("<2d", *(speed + "XY".index(name) for name in fields)))
    sent = ua.ExtensionObject(TypeId=encoding.nodeid, Body=body)
    variant = ua.Variant(sent, ua.VariantType.ExtensionObject)
    where = node("position", index), f"{index}:Position"
    await press.add_variable(*where, variant, datatype=data_type.nodeid)


async def _first_run(server: Server) -> None:
    await _press(server, OWN, 1.0, "XY")
    await _press(server, OTHER, 500.0, "YX")


async def _second_run(server: Server) -> None:
    await _press(server, OTHER, 999.0, "YX")
    await _press(server, OWN, 2.0, "XY")


async def _restart(tmp_path: Path) -> tuple[MemoryHistorian, dict[str, Any]]:
    historian, data = MemoryHistorian(), tmp_path / "data"

    def have(own: float, other: float) -> bool:
        values = {(series.tag, sample.value) for (series, _), sample in historian.stored.items()}
        return values >= {(name, own) for name in ("id", "path", "field")} | {("other", other)}

    async with (
        OpcUaMachine((), prepare=_first_run) as press,
        agent(plant(machine(press.url, TAGS)), historian, data),
    ):
        await until(lambda: have(1.0, 500.0))
        await press.stop()
        press.prepare = _second_run
        await press.start()
        await until(lambda: have(2.0, 999.0))
        status = status_of(data)
    return historian, status


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> tuple[MemoryHistorian, dict[str, Any]]:
    return asyncio.run(_restart(tmp_path_factory.mktemp("data")))


def test_no_value_of_another_variable_is_taken_for_the_tags(
    restarted: tuple[MemoryHistorian, dict[str, Any]],
) -> None:
    historian, status = restarted
    values: dict[str, set[object]] = {}
    for (series, _), sample in historian.stored.items():
        values.setdefault(series.tag, set()).add(sample.value)
    own = {name: {1.0, 2.0} for name in ("id", "path", "field")}
    assert values == own | {"other": {500.0, 999.0}}
    assert not status.get("bad_tags")


def test_the_restart_is_a_declared_gap(
    restarted: tuple[MemoryHistorian, dict[str, Any]],
) -> None:
    historian, _ = restarted
    gaps = historian.gaps("mill-1", 0, 2**63 - 1)
    assert {gap.tag for gap in gaps if gap.cause == "server-restarted"} == {None}, "all of them"

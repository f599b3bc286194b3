"""Structures, unions, matrices and PackML of node-opcua, which shares no code with asyncua."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.browse import BrowseWishes, compare, discover
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.structures.definitions import FieldDefinition, StructureDefinition
from pilotline_edge.structures.dictionary import TypeDictionary
from pilotline_edge.structures.standard import standard_definition
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.interop.companion_machine import NAMESPACE, companion_machine
from tests.interop.node_process import FOLDER, need_node_opcua

pytestmark = [pytest.mark.node, pytest.mark.slow]

DRIVE, CHOICE, GRID = (f"nsu={NAMESPACE};s={name}" for name in ("Drive", "Choice", "Grid"))
TAGS = [
    tag("load", node_id=DRIVE, field="Axes[1].Load"),
    tag("mode", node_id=DRIVE, field="Axes[0].Mode"),
    tag("y", node_id=DRIVE, field="Axes[0].At.Y"),
    tag("step", node_id=DRIVE, field="Axes[0].Steps[1]"),
    tag("no-limit", node_id=DRIVE, field="Axes[0].Limit"),
    tag("limit", node_id=DRIVE, field="Axes[1].Limit"),
    tag("since", node_id=DRIVE, field="Since"),
    tag("chosen", node_id=CHOICE, field="At.X"),
    tag("not-chosen", node_id=CHOICE, field="Count"),
    tag("cell", node_id=GRID, index=(1, 0)),
    tag("typo", node_id=DRIVE, field="Axes[0].Lode"),
]


async def _read(tmp_path: Path) -> dict[str, Any]:
    historian, data = MemoryHistorian(), tmp_path / "data"
    found: dict[str, Any] = {}
    async with companion_machine(tmp_path / "pki") as url:
        async with agent(plant(machine(url, TAGS)), historian, data):
            await until(lambda: len({series.tag for series, _ in historian.stored}) >= 10)
            await until(lambda: bool(status_of(data).get("bad_tags")))
            found["problems"] = status_of(data)["bad_tags"]
        found["values"] = {s.tag: sample.value for (s, _), sample in historian.stored.items()}
        session = MachineSession(machine(url, TAGS), None, TrustStore(tmp_path / "trust"))
        try:
            await session.open()
            packer = BrowseWishes(of_type="PackMLBaseObjectType")
            found["packer"] = await discover(session, packer)
            found["states"] = await discover(session, BrowseWishes(path="Packer/**/CurrentState"))
            found["compared"] = await compare(session, TAGS, BrowseWishes(path="Drive"))
        finally:
            await session.close()
    return found


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    need_node_opcua()
    return asyncio.run(_read(tmp_path_factory.mktemp("companion")))


def test_fields_are_read_by_the_types_the_server_describes(read: dict[str, Any]) -> None:
    assert read["values"] == {
        "load": 3.5,
        "mode": 1,
        "y": 5.0,
        "step": 4,
        "no-limit": None,
        "limit": 80.0,
        "since": "2026-01-02T03:04:05+00:00",
        "chosen": 11.0,
        "not-chosen": None,
        "cell": 4,
    }
    assert set(read["problems"]) == {"typo"}
    assert "has no field 'Lode'; it has Load, Mode, At, Steps" in read["problems"]["typo"]


def test_a_packer_is_found_by_its_type_with_the_role_of_its_counter(read: dict[str, Any]) -> None:
    roles = {each.role: each for each in read["packer"].found if each.role != "value"}
    counter = roles["count"]
    assert (counter.path[-1].partition(":")[2], counter.index, counter.field) == (
        "ProdProcessedCount",
        (0,),
        "AccCount",
    )
    assert len(read["states"].found) == 3


def test_a_comparison_tells_what_differs(read: dict[str, Any]) -> None:
    compared = read["compared"]
    assert {each.tag.id for each in compared.gone} == {"typo"}
    assert {each.tag.id: str(each.data_type) for each in compared.changed} == {
        "load": "Float",
        "mode": "Int32",
        "step": "UInt16",
        "since": "String",
        "not-chosen": "Int64",
        "cell": "Int32",
    }
    assert compared.new == []


def test_the_standards_own_type_dictionary_says_what_the_standard_does() -> None:
    """The OPC Foundation's document describes the structures that asyncua has classes for."""
    need_node_opcua()
    nodesets = FOLDER / "node_modules" / "node-opcua-nodesets" / "nodesets"
    document = (nodesets / "Opc.Ua.Types.bsd").read_bytes()
    dictionary = TypeDictionary.read(ua.NodeId(), document)
    compared = 0
    for name, number in vars(ObjectIds).items():
        known = None if name.startswith("_") else standard_definition(int(number))
        if known is None or known.name not in dictionary.types or "TypeId" in _names(known):
            continue
        described = dictionary.definition(known.name)
        if known.name != "DataTypeAttributes":  # asyncua's own has one field more
            assert [_plain(each) for each in described.fields] == [
                _plain(each) for each in known.fields
            ], known.name
            compared += 1
    assert compared > 150


def _names(definition: StructureDefinition) -> list[str]:
    return [each.name for each in definition.fields]


def _plain(field: FieldDefinition) -> tuple[str, int, int, bool]:
    return field.name, field.built_in, field.rank, field.optional

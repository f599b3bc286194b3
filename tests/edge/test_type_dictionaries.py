"""Structures of servers that describe them in a type dictionary, as all did before OPC UA 1.04."""

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.type_dictionary_builder import DataTypeDictionaryBuilder
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds

from pilotline_edge.browse import BrowseWishes, Discovery, discover
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import StructureUnreadable
from pilotline_edge.structures import StructureTypes
from pilotline_edge.structures.definitions import Layout, StructureDefinition
from pilotline_edge.structures.dictionary import TypeDictionary
from pilotline_edge.structures.fields import read_fields
from pilotline_edge.structures.selection import Held
from pilotline_edge.subscription.publication import Unsupported
from pilotline_edge.subscription.values import value_of
from pilotline_plant.field_path import field_steps
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine
from tests.edge.structured_machine import node

INDEX = 7
HERE = ua.NodeId(ua.Int32(1))
FIELDS = ("Name", "At.X", "At.Y", "Counts[1]", "Lode")
BODY = struct.pack("<i5s2d", 5, b"north", 4.0, 5.0) + struct.pack("<i2H", 2, 7, 8)


async def _describe(server: Server) -> None:
    """Give the server a structure that only its type dictionary describes."""
    for number in range(5):  # asyncua knows structures of other tests' servers by index and number
        await server.register_namespace(f"urn:other:{number}")
    index = await server.register_namespace("urn:old")
    assert index == INDEX
    builder = DataTypeDictionaryBuilder(server, index, "urn:old", "OldTypes")
    await builder.init()
    position: Any = await builder.create_data_type("Position")
    position.add_field("X", ua.VariantType.Double)
    position.add_field("Y", ua.VariantType.Double)
    mill: Any = await builder.create_data_type("Mill")
    mill.add_field("Name", ua.VariantType.String)
    mill.add_field("At", position)
    mill.add_field("Counts", ua.VariantType.UInt16, is_array=True)
    await builder.set_dict_byte_string()
    sent = ua.ExtensionObject(TypeId=mill.node_ids[2], Body=ua.ByteString(BODY))
    variant = ua.Variant(sent, ua.VariantType.ExtensionObject)
    where = node("mill", index), f"{index}:mill"
    await server.nodes.objects.add_variable(*where, variant, datatype=mill.data_type)


async def _read(tmp_path: Path) -> tuple[list[Held], Discovery]:
    async with OpcUaMachine((), prepare=_describe) as mill:
        session = MachineSession(machine(mill.url, []), None, TrustStore(tmp_path))
        try:
            await session.open()
            types = StructureTypes(session)
            (answer,) = await session.services.read_attributes(
                [node("mill", INDEX)], AttributeIds.Value
            )
            value = value_of(answer.Value)
            found = []
            for field in FIELDS:
                await types.learn(value, field_steps(field))
                found.append(types.selected(value, field_steps(field)))
            return found, await discover(session, BrowseWishes(path="mill"))
        finally:
            await session.close()


def test_fields_are_read_by_the_servers_type_dictionary(tmp_path: Path) -> None:
    values, discovery = asyncio.run(_read(tmp_path))
    assert values[:-1] == ["north", 4.0, 5.0, 8]
    unknown = values[-1]
    assert isinstance(unknown, Unsupported)
    assert "has no field 'Lode'; it has Name, At, Counts" in unknown.type_name
    assert [each.field for each in discovery.found] == [
        "Name",
        "At.X",
        "At.Y",
        "Counts[0]",
        "Counts[1]",
    ]


# -- documents ------------------------------------------------------------------------------

HEAD = (
    '<opc:TypeDictionary xmlns:opc="http://opcfoundation.org/BinarySchema/" '
    'xmlns:ua="http://opcfoundation.org/UA/" xmlns:tns="urn:old" TargetNamespace="urn:old">'
)
MASK = (
    '<opc:Field Name="NoteSpecified" TypeName="opc:Bit"/>'
    '<opc:Field Name="R" TypeName="opc:Bit" Length="31"/>'
)


def _definition(content: str, more: str = "") -> StructureDefinition:
    document = f'{HEAD}<opc:StructuredType Name="T">{content}</opc:StructuredType>{more}'
    dictionary = TypeDictionary.read(HERE, f"{document}</opc:TypeDictionary>".encode() + b"\0\0")
    return dictionary.definition("T")


def test_optional_fields_and_unions_are_told_by_their_switches() -> None:
    optional = _definition(
        f'{MASK}<opc:Field Name="X" TypeName="opc:Double"/>'
        '<opc:Field Name="Note" TypeName="ua:LocalizedText" SwitchField="NoteSpecified"/>'
    )
    assert optional.layout is Layout.OPTIONAL
    there = read_fields(optional, struct.pack("<IdBi2s", 1, 2.5, 2, 2, b"ok"), {})
    assert there.fields == {"X": 2.5, "Note": "ok"}
    assert read_fields(optional, struct.pack("<Id", 0, 2.5), {}).fields == {"X": 2.5, "Note": None}
    union = _definition(
        '<opc:Field Name="SwitchField" TypeName="opc:UInt32"/>'
        '<opc:Field Name="A" TypeName="opc:Int64" SwitchField="SwitchField" SwitchValue="1"/>'
        '<opc:Field Name="B" TypeName="tns:Mode" SwitchField="SwitchField" SwitchValue="2"/>',
        '<opc:EnumeratedType Name="Mode" LengthInBits="32"/>',
    )
    assert read_fields(union, struct.pack("<Ii", 2, 5), {}).fields == {"A": None, "B": 5}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('<opc:Field Name="A" TypeName="tns:Nowhere"/>', "tns:Nowhere|Nowhere of one"),
        ('<opc:Field Name="A" TypeName="x:Y"/>', "x:Y of one of its fields"),
        ('<opc:Field Name="A" TypeName="opc:Bit"/>', "not of 32 bits"),
        (f'{MASK}<opc:Field Name="A" TypeName="opc:Byte" SwitchField="R"/>', "order of its mask"),
        ('<opc:Field Name="A" TypeName="opc:Byte"/>' * 1001, "more than 1000 fields"),
    ],
)
def test_a_description_that_cannot_be_followed_is_refused(content: str, reason: str) -> None:
    with pytest.raises(StructureUnreadable, match=reason):
        _definition(content)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<opc:TypeDictionary>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><x/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="no-such-code"?><x/>',
        b"<a>" * 100_000,
    ],
)
def test_a_document_that_is_none_is_refused(document: bytes) -> None:
    with pytest.raises(StructureUnreadable):
        TypeDictionary.read(HERE, document)

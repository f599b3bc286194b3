"""A tag may have a field of a structure or an element of a matrix; others never suffer by it."""

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_edge.connection.session import MachineSession
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import StructureUnreadable
from pilotline_edge.structures import StructureTypes
from pilotline_edge.structures.definitions import (
    STRUCTURE,
    FieldDefinition,
    Layout,
    StructureDefinition,
    TypeKey,
)
from pilotline_edge.structures.fields import MOST_BODY_BYTES, read_fields
from pilotline_edge.structures.learning import DefinitionSource
from pilotline_edge.structures.selection import selected
from pilotline_edge.structures.standard import standard_definition
from pilotline_edge.subscription.publication import Encoded, Unsupported
from pilotline_edge.subscription.values import value_of
from pilotline_plant.field_path import FieldStep, field_steps, written_field
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.edge.structured_machine import NAMESPACE, furnish, node

DOUBLE = 11

# -- paths ----------------------------------------------------------------------------------

names = st.text(
    st.characters(exclude_categories=("Cs", "Cc")).filter(lambda each: each != "\x7f"),
    min_size=1,
    max_size=8,
)
indexes = st.lists(st.integers(0, 2**32 - 2), min_size=1, max_size=3).map(tuple)


@settings(max_examples=100, deadline=None)
@given(names, st.lists(names | indexes, max_size=6))
def test_what_names_a_field_is_read_as_it_is_written(first: str, rest: list[FieldStep]) -> None:
    steps = (first, *rest)
    assert field_steps(written_field(steps)) == steps


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab.[]0,1 \\", max_size=12))
def test_any_text_is_a_field_or_is_refused(text: str) -> None:
    try:
        steps = field_steps(text)
    except ValueError:
        return
    assert field_steps(written_field(steps)) == steps


# -- a machine that speaks in structures ------------------------------------------------------

FIELDS = {
    "name": ("mill", None, "Name"),
    "load": ("mill", None, "Axes[1].Load"),
    "mode": ("mill", None, "Axes[0].Mode"),
    "x": ("mill", None, "Axes[1].At.X"),
    "note": ("mill", None, "Axes[1].Note"),
    "no-note": ("mill", None, "Axes[0].Note"),
    "count": ("mill", None, "Counts[1]"),
    "anything": ("mill", None, "Anything"),
    "tool": ("mill", None, "Tool.X"),
    "chosen": ("choice", None, "At.X"),
    "not-chosen": ("choice", None, "Count"),
    "high": ("limits", None, "High"),
    "element": ("grid", (1, 2), None),
}
PROBLEMS = {
    "typo": ("mill", None, "Axes[0].Lode"),
    "beyond": ("mill", None, "Axes[2].Load"),
    "axis": ("mill", None, "Axes[0]"),
    "whole": ("mill", None, None),
    "scalar": ("mill", None, "Name.Length"),
    "foreign": ("foreign", None, "X"),
    "flat": ("grid", 1, None),
    "outside": ("grid", (2, 0), None),
}


async def _read_structures(tmp_path: Path) -> tuple[dict[str, object], dict[str, str]]:
    historian, data = MemoryHistorian(), tmp_path / "data"
    async with OpcUaMachine(("plain",), prepare=furnish) as mill:
        address = f"nsu={NAMESPACE};s="
        tags = [
            tag(name, node_id=address + variable, index=index, field=field)
            for name, (variable, index, field) in (FIELDS | PROBLEMS).items()
        ]
        plain = tag("plain", node_id="nsu=urn:pilotline:test;s=plain")
        async with agent(plant(machine(mill.url, [*tags, plain])), historian, data):
            stored = historian.stored
            await until(lambda: {*FIELDS, "plain"} <= {series.tag for series, _ in stored})
            await until(lambda: len(status_of(data).get("bad_tags") or ()) >= len(PROBLEMS))
            bad = status_of(data)["bad_tags"]
    return {series.tag: sample.value for (series, _), sample in stored.items()}, bad


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], dict[str, str]]:
    return asyncio.run(_read_structures(tmp_path_factory.mktemp("data")))


def test_tags_have_fields_of_structures_and_elements_of_matrices(
    read: tuple[dict[str, object], dict[str, str]],
) -> None:
    values, _ = read
    assert {name: values[name] for name in FIELDS} == {
        "name": "north",
        "load": 2.5,
        "mode": 2,
        "x": 4.0,
        "note": "lubricate",
        "no-note": None,
        "count": 8,
        "anything": 9,
        "tool": 0.5,
        "chosen": 11.0,
        "not-chosen": None,
        "high": 80.0,
        "element": 6,
    }
    assert values["plain"] == 0.0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("typo", "structure Axis has no field 'Lode'; it has Load, Mode, Note, At, Limit"),
        ("beyond", "with 2 elements only"),
        ("axis", "structure Axis; give the tag one of its fields"),
        ("whole", "give the tag one of its fields"),
        ("scalar", "a scalar, which has no fields"),
        ("foreign", "whose type cannot be learnt"),
        ("flat", "its index has 2 numbers, not 1"),
        ("outside", "with 2 by 3 elements only"),
    ],
)
def test_a_tag_that_names_no_field_is_told_which_there_are(
    read: tuple[dict[str, object], dict[str, str]], name: str, reason: str
) -> None:
    values, bad = read
    assert set(bad) == set(PROBLEMS)
    assert reason in bad[name]
    assert name not in values


async def _ask_at_once(tmp_path: Path) -> list[str]:
    """Return which data types the server was asked for by tags of three ways of reading."""
    asked: list[str] = []
    historian, data = MemoryHistorian(), tmp_path / "data"

    async def count(server: Server) -> None:
        await furnish(server)
        isession: Any = server.iserver.isession
        session_type = type(isession)
        original = session_type.read

        async def read(self: Any, params: ua.ReadParameters) -> Any:  # noqa: ANN401
            definitions = AttributeIds.DataTypeDefinition.value
            asked.extend(
                str(each.NodeId) for each in params.NodesToRead if each.AttributeId == definitions
            )
            return await original(self, params)

        monkeypatch.setattr(session_type, "read", read)

    with pytest.MonkeyPatch.context() as monkeypatch:
        async with OpcUaMachine(("plain",), prepare=count) as mill:
            node_id = f"nsu={NAMESPACE};s=mill"
            tags = [
                tag("fast", node_id=node_id, field="Axes[1].Load", publishing_ms=100),
                tag("slow", node_id=node_id, field="Axes[1].At.X", publishing_ms=200),
                tag("polled", node_id=node_id, field="Name", reading="poll"),
            ]
            async with agent(plant(machine(mill.url, tags)), historian, data):
                await until(lambda: len({of.tag for of, _ in historian.stored}) == len(tags))
    return asked


def test_a_type_is_asked_for_once_however_many_ways_a_machine_is_read(tmp_path: Path) -> None:
    asked = asyncio.run(_ask_at_once(tmp_path))
    assert asked
    assert len(asked) == len(set(asked))


# -- types a server must not describe -----------------------------------------------------------


def _field(name: str, data_type: ua.NodeId, rank: int = -1) -> ua.StructureField:
    field: Any = ua.StructureField()
    field.Name, field.DataType, field.ValueRank, field.IsOptional = name, data_type, rank, False
    return field  # type: ignore[no-any-return]


async def _with_hostile_types(server: Server) -> None:
    """Describe structures that contain themselves, have thousands of fields, or lack a type."""
    index = await server.register_namespace(NAMESPACE)
    double = ua.NodeId(ua.Int32(DOUBLE))
    described = {
        "Endless": [_field("Again", node("Endless", index))],
        "Wide": [_field(f"F{n}", double) for n in range(3000)],
        "Twice": [_field("X", double), _field("X", double)],
        "Lost": [_field("X", node("Nowhere", index))],
        "Short": [_field("X", double), _field("Y", double)],
        "Huge": [_field("X" * 300_000, double)],
    }
    base = server.nodes.base_structure_type
    for name, fields in described.items():
        data_type = await base.add_data_type(node(name, index), f"{index}:{name}")
        encoding = await data_type.add_object(node(f"{name}.Binary", index), "0:Default Binary")
        await data_type.add_reference(encoding, ObjectIds.HasEncoding)
        definition: Any = ua.StructureDefinition()
        definition.Fields, definition.DefaultEncodingId = fields, encoding.nodeid
        definition.BaseDataType = base.nodeid
        await data_type.write_data_type_definition(definition)
        sent = ua.ExtensionObject(
            TypeId=encoding.nodeid, Body=ua.ByteString(struct.pack("<d", 1.5))
        )
        variant = ua.Variant(sent, ua.VariantType.ExtensionObject)
        where = node(name.lower(), index), f"{index}:{name}"
        await server.nodes.objects.add_variable(*where, variant, datatype=data_type.nodeid)


HOSTILE = {
    "endless": "within each other",
    "wide": "3000 fields",
    "twice": "2 fields with 1 names",
    "lost": "is not what its type says",
    "short": "is not what its type says",
    "huge": "BadResponseTooLarge",
}


async def _learn_hostile(tmp_path: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    async with OpcUaMachine(("plain",), prepare=_with_hostile_types) as mill:
        session = MachineSession(machine(mill.url, []), None, TrustStore(tmp_path))
        try:
            await session.open()
            types = StructureTypes(session)
            nodes = [node(name, 2) for name in HOSTILE]
            answers = await session.services.read_attributes(nodes, AttributeIds.Value)
            for name, answer in zip(HOSTILE, answers, strict=True):
                value = value_of(answer.Value)
                await types.learn(value, ("X",))
                found[name] = types.selected(value, ("X",))
        finally:
            await session.close()
    return found


def test_a_type_that_cannot_be_is_the_problem_of_its_tag(tmp_path: Path) -> None:
    found = asyncio.run(_learn_hostile(tmp_path))
    for name, reason in HOSTILE.items():
        value = found[name]
        assert isinstance(value, Unsupported), name
        assert reason in value.type_name, (name, value.type_name[:200])
        assert len(value.type_name) < 1_000


# -- bytes ------------------------------------------------------------------------------------

texts = st.none() | st.text(max_size=6)
reals = st.floats(allow_nan=False)
units = st.builds(
    ua.EUInformation,
    NamespaceUri=texts,
    UnitId=st.integers(-(2**31), 2**31 - 1),
    DisplayName=st.builds(ua.LocalizedText, texts),
    Description=st.builds(ua.LocalizedText, texts),
)
axes = st.builds(
    ua.AxisInformation,
    EngineeringUnits=units,
    EURange=st.builds(ua.Range, reals, reals),
    Title=st.builds(ua.LocalizedText, texts),
    AxisScaleType=st.sampled_from(ua.AxisScaleEnumeration),
    AxisSteps=st.lists(reals, max_size=4),
)


def _data_type(kind: Any) -> ua.NodeId:  # noqa: ANN401 - asyncua's structures share no base
    found: ua.NodeId = kind.data_type
    return found


def _axis_definitions() -> dict[TypeKey, StructureDefinition]:
    found: dict[TypeKey, StructureDefinition] = {}
    for kind in (ua.AxisInformation, ua.EUInformation, ua.Range):
        definition = standard_definition(int(_data_type(kind).Identifier))
        assert definition is not None
        found[_data_type(kind)] = definition
    return found


AXIS_DEFINITIONS = _axis_definitions()
AXIS = AXIS_DEFINITIONS[_data_type(ua.AxisInformation)]


def _never(_: Encoded) -> Unsupported:
    raise AssertionError("nothing in an AxisInformation says its type itself")


@settings(max_examples=100, deadline=None)
@given(axes)
def test_fields_are_what_asyncua_encoded(axis: ua.AxisInformation) -> None:
    read = read_fields(AXIS, struct_to_binary(axis), AXIS_DEFINITIONS)
    expected = {
        "EngineeringUnits.NamespaceUri": axis.EngineeringUnits.NamespaceUri,
        "EngineeringUnits.UnitId": axis.EngineeringUnits.UnitId,
        "EngineeringUnits.DisplayName": axis.EngineeringUnits.DisplayName.Text,
        "EURange.Low": axis.EURange.Low,
        "EURange.High": axis.EURange.High,
        "Title": axis.Title.Text,
        "AxisScaleType": axis.AxisScaleType,
        **{f"AxisSteps[{n}]": step for n, step in enumerate(axis.AxisSteps)},
    }
    assert {path: selected(read, field_steps(path), _never) for path in expected} == expected


@settings(max_examples=150, deadline=None)
@given(axes, st.data())
def test_damaged_bytes_are_fields_or_a_reason(
    axis: ua.AxisInformation, data: st.DataObject
) -> None:
    broken = bytearray(struct_to_binary(axis))
    for _ in range(data.draw(st.integers(0, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(broken)))
    try:
        read_fields(AXIS, bytes(broken[:cut]), AXIS_DEFINITIONS)
    except StructureUnreadable:
        return


def _one(field: FieldDefinition) -> StructureDefinition:
    return StructureDefinition("One", Layout.SEQUENCE, (field,))


@pytest.mark.parametrize(
    ("field", "body", "reason"),
    [
        (FieldDefinition("A", DOUBLE, rank=1), struct.pack("<i", 2**31 - 1), "too few bytes"),
        (FieldDefinition("A", 12, rank=1), struct.pack("<i", 2**31 - 1), "too few bytes"),
        (FieldDefinition("A", 6, rank=2), struct.pack("<3i", 2, 2**31 - 1, 2**31 - 1), "too few"),
        (FieldDefinition("A", 6, rank=2), struct.pack("<2i", 1, 4), "of 1 dimensions where 2"),
        (FieldDefinition("A", DOUBLE), bytes(MOST_BODY_BYTES + 1), "more than 65536"),
        (FieldDefinition("A", DOUBLE), bytes(9), "1 bytes are left over"),
        (FieldDefinition("A", STRUCTURE, ua.NodeId(ua.Int32(1))), bytes(9), "is not known"),
    ],
)
def test_bytes_that_promise_too_much_are_refused_at_once(
    field: FieldDefinition, body: bytes, reason: str
) -> None:
    with pytest.raises(StructureUnreadable, match=reason):
        read_fields(_one(field), body, {})


def test_a_matrix_in_a_structure_is_read_by_its_dimensions() -> None:
    body = struct.pack("<3i6i", 2, 2, 3, *range(6))
    read = read_fields(_one(FieldDefinition("Grid", 6, rank=2)), body, {})
    assert selected(read, field_steps("Grid[1,0]"), _never) == 3
    refused = selected(read, field_steps("Grid[1]"), _never)
    assert isinstance(refused, Unsupported)
    assert "its index has 2 numbers, not 1" in refused.type_name


def test_a_long_array_in_a_structure_hides_no_other_field() -> None:
    fields = FieldDefinition("Wave", 2, rank=1), FieldDefinition("X", DOUBLE)
    definition = StructureDefinition("Recording", Layout.SEQUENCE, fields)
    body = struct.pack("<i", 20_000) + bytes(20_000) + struct.pack("<d", 2.5)
    read = read_fields(definition, body, {})
    assert selected(read, ("X",), _never) == 2.5
    wave = selected(read, ("Wave", (0,)), _never)
    assert isinstance(wave, Unsupported)
    assert "20000" in wave.type_name


def test_every_structure_of_the_standard_is_known_or_left_to_the_server() -> None:
    numbers = [int(number) for name, number in vars(ObjectIds).items() if name[0] != "_"]
    known = [definition for number in numbers if (definition := standard_definition(number))]
    assert len(known) > 100
    assert all(field.name for definition in known for field in definition.fields)


# -- a server that takes its time -----------------------------------------------------------


async def _slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[float, set[str], Any]:
    """Read a machine whose server never tells what its structures are made of."""
    historian, data = MemoryHistorian(), tmp_path / "data"

    async def never(*_: object) -> StructureDefinition:
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits that long")

    monkeypatch.setattr(DefinitionSource, "definition", never)
    async with OpcUaMachine(("plain",), prepare=furnish) as mill:
        fields = [
            tag(f"x{n}", node_id=f"nsu={NAMESPACE};s={name}", field="X")
            for n, name in enumerate(("mill", "choice"))
        ]
        plain = tag("plain", node_id="nsu=urn:pilotline:test;s=plain")
        async with agent(plant(machine(mill.url, [*fields, plain])), historian, data):
            begun = asyncio.get_running_loop().time()
            await until(lambda: "plain" in {series.tag for series, _ in historian.stored})
            took_s = asyncio.get_running_loop().time() - begun
            await until(lambda: bool((status_of(data).get("bad_tags") or {}).get("x0")))
            status = status_of(data)
    return took_s, {series.tag for series, _ in historian.stored}, status


def test_a_server_that_never_tells_its_types_keeps_no_other_tag_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    took_s, stored, status = asyncio.run(_slow(tmp_path, monkeypatch))
    assert took_s < 10.0
    assert stored == {"plain"}
    assert "did not tell within 2 s" in status["bad_tags"]["x0"]
    assert status["reconnects"] == 0, "learning must not pass for a silent server"

"""A browse finds what a person asks for: by path, by type, within structures; and what changed."""

import asyncio
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.object_ids import ObjectIds
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pilotline.main import app
from pilotline_edge.browse import BrowseWishes, Comparison, Discovery, compare, discover, section
from pilotline_edge.browse.finding import Found
from pilotline_edge.browse.order import by_path
from pilotline_edge.browse.pattern import PathPattern
from pilotline_edge.browse.roles import with_roles
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import NodeNotFound, PatternError
from pilotline_plant import DataType, Tag
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, tag
from tests.edge.structured_machine import furnish as structures
from tests.edge.structured_machine import node

FURNACE = "urn:pilotline:furnace"

# -- paths ----------------------------------------------------------------------------------


def _fits(pattern: str, path: str) -> bool:
    wanted = PathPattern.of(pattern)
    positions = wanted.begin()
    for step in path.split("/"):
        positions = wanted.down(positions, step, ("urn:opc", "urn:own", "urn:furnace/x"))
    return wanted.fulfilled(positions)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("Furnace/Zones/*/Temperature", "2:Furnace/2:Zones/2:Zone1/2:Temperature", True),
        ("Furnace/Zones/*/Temperature", "2:Furnace/2:Zones/2:Zone1/2:Pressure", False),
        ("Furnace/Zones/*/Temperature", "2:Furnace/2:Zones/2:Temperature", False),
        ("2:Furnace/**", "2:Furnace/3:A/4:B/5:C", True),
        ("1:Furnace/**", "2:Furnace/3:A", False),
        ("nsu=urn:furnace/x;Furnace/*", "2:Furnace/1:A", True),
        ("nsu=urn:other;Furnace/*", "2:Furnace/1:A", False),
        ("**/Temperature", "2:Temperature", True),
        ("**/Temperature", "2:A/2:B/2:Temperature", True),
        ("**/Zone?/**/Temp*", "2:A/2:Zone1/2:Temperature", True),
        ("**/Zone?/**/Temp*", "2:A/2:Zone12/2:Temperature", False),
        ("**/**/x", "2:x", True),
        ("Zone[12]", "2:Zone2", True),
        ("zone", "2:Zone", False),
    ],
)
def test_a_path_with_wildcards_fits_names_level_by_level(
    pattern: str, path: str, fits: bool
) -> None:
    assert _fits(pattern, path) == fits


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "*", "**", "a*"]), min_size=1, max_size=6),
    st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=6),
)
def test_a_walk_never_turns_back_before_a_path_that_fits(steps: list[str], path: list[str]) -> None:
    def by_definition(pattern: list[str], names: list[str]) -> bool:
        if not pattern:
            return not names
        if pattern[0] == "**":
            return any(by_definition(pattern[1:], names[n:]) for n in range(len(names) + 1))
        same = names and (
            pattern[0] in ("*", names[0]) or (pattern[0] == "a*" and names[0][0] == "a")
        )
        return bool(same) and by_definition(pattern[1:], names[1:])

    assert _fits("/".join(steps), "/".join(f"2:{name}" for name in path)) == by_definition(
        steps, path
    )


@pytest.mark.parametrize("text", ["", "/", "a//b", "a:b:c", "/".join(["**"] * 65), "x" * 5000])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(PatternError):
        PathPattern.of(text)


# -- a furnace ------------------------------------------------------------------------------


async def _furnish(server: Server) -> None:
    """Give the server a furnace with twelve zones, a loop, and a type of its own."""
    await structures(server)  # first: asyncua knows its types by one index for all servers
    index = await server.register_namespace(FURNACE)
    kind = await server.nodes.base_object_type.add_object_type(
        node("ZoneType", index), f"{index}:ZoneType"
    )
    special = await kind.add_object_type(node("HotType", index), f"{index}:HotType")
    furnace = await server.nodes.objects.add_object(node("Furnace", index), f"{index}:Furnace")
    zones = await furnace.add_folder(node("Zones", index), f"{index}:Zones")
    on = ua.Variant(True, ua.VariantType.Boolean)
    for number in range(12, 0, -1):
        name = f"Zone{number}"
        typed = special if number == 3 else kind
        zone = await zones.add_object(node(name, index), f"{index}:{name}", typed.nodeid)
        await _analog(server, name, index, float(number))
        await zone.add_variable(node(f"{name}.On", index), f"{index}:On", on)
        await zone.add_reference(furnace, ObjectIds.Organizes)
    status = await furnace.add_object(node("Status", index), f"{index}:Status")
    current = ua.Variant(6, ua.VariantType.Int32)
    await status.add_variable(node("Status.Current", index), f"{index}:StateCurrent", current)
    await furnace.add_property(node("Serial", index), f"{index}:Serial", "4711")


async def _analog(server: Server, zone: str, index: int, value: float) -> None:
    """Add a variable whose type asyncua's own ways to add one cannot say."""
    attributes: Any = ua.VariableAttributes()
    attributes.Value = ua.Variant(value, ua.VariantType.Double)
    attributes.DataType = ua.NodeId(ua.Int32(ObjectIds.Double))
    item: Any = ua.AddNodesItem()
    item.RequestedNewNodeId = node(f"{zone}.Temperature", index)
    item.BrowseName = ua.QualifiedName("Temperature", index)
    item.ParentNodeId = node(zone, index)
    item.ReferenceTypeId = ua.NodeId(ua.Int32(ObjectIds.HasComponent))
    item.NodeClass, item.NodeAttributes = ua.NodeClass.Variable, attributes
    item.TypeDefinition = ua.NodeId(ua.Int32(ObjectIds.AnalogUnitType))
    (result,) = await server.iserver.isession.add_nodes([item])
    result.StatusCode.check()


async def _with_furnace(tmp_path: Path, work: Callable[[MachineSession], Any]) -> Any:  # noqa: ANN401 - what the work gives
    async with OpcUaMachine(("plain",), prepare=_furnish) as furnace:
        session = MachineSession(machine(furnace.url, []), None, TrustStore(tmp_path))
        try:
            await session.open()
            return await work(session)
        finally:
            await session.close()


WISHES = {
    "path": BrowseWishes(path="Furnace/Zones/*/Temperature"),
    "depth": BrowseWishes(path="Furnace/**/On"),
    "property": BrowseWishes(path="Furnace/Serial"),
    "analog": BrowseWishes(of_type="BaseAnalogType"),
    "hot": BrowseWishes(of_type="HotType"),
    "zones": BrowseWishes(of_type=f"nsu={FURNACE};s=ZoneType", path="**/On"),
    "itself": BrowseWishes(of_type="HotType", under=f"nsu={FURNACE};s=Zone3"),
    "other": BrowseWishes(of_type="HotTypo"),
    "structures": BrowseWishes(path="mill"),
    "short": BrowseWishes(path="*i*", most_elements=1),
    "matrix": BrowseWishes(path="grid"),
    "all": BrowseWishes(),
}
TAGS = (
    tag("same", node_id=f"nsu={FURNACE};s=Zone1.Temperature"),
    tag("field", node_id="nsu=urn:pilotline:structures;s=mill", field="Axes[1].At.X"),
    tag("wide", node_id="nsu=urn:pilotline:structures;s=mill", field="Axes[0].Load"),
    tag("no-field", node_id="nsu=urn:pilotline:structures;s=mill", field="Axes[0].Lode"),
    tag("cell", node_id="nsu=urn:pilotline:structures;s=grid", index=(1, 2)),
    tag("no-cell", node_id="nsu=urn:pilotline:structures;s=grid", index=(5, 5)),
    tag("removed", node_id=f"nsu={FURNACE};s=Zone99.Temperature"),
    tag("renamed", browse_path="3:Furnace/3:Zones/3:Zone77/3:Temperature"),
    tag("elsewhere", node_id="nsu=urn:absent;s=x"),
    tag("part", node_id=f"nsu={FURNACE};s=Zone2.Temperature", index=0),
    tag("whole", node_id="nsu=urn:pilotline:structures;s=grid"),
)


async def _everything(session: MachineSession) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, wish in WISHES.items():
        try:
            found[name] = await discover(session, wish)
        except NodeNotFound as error:
            found[name] = str(error)
    found["compared"] = await compare(session, _tags(), BrowseWishes(path="Furnace/Zones/Zone1/*"))
    return found


def _tags() -> list[Tag]:
    return [replace(each, data_type=DataType.INT32) if each.id == "cell" else each for each in TAGS]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = asyncio.run(_with_furnace(tmp_path_factory.mktemp("pki"), _everything))
    return found


def _names(discovery: Discovery) -> list[str]:
    return ["/".join(s.partition(":")[2] for s in each.path) for each in discovery.found]


def test_a_path_finds_one_variable_in_each_of_many_places_in_the_order_of_their_numbers(
    found: dict[str, Any],
) -> None:
    zones = [f"Furnace/Zones/Zone{n}/Temperature" for n in range(1, 13)]
    assert _names(found["path"]) == zones
    read = tomllib.loads(section(found["path"], "x"))["tags"]
    assert [each["id"] for each in read] == [f"zone{n}_temperature" for n in range(1, 13)]
    assert len(found["depth"].found) == 12


def test_a_property_is_found_when_it_is_named(found: dict[str, Any]) -> None:
    assert _names(found["property"]) == ["Furnace/Serial"]
    assert "Furnace/Serial" not in _names(found["all"])


def test_a_type_finds_its_variables_and_those_of_its_instances_and_subtypes(
    found: dict[str, Any],
) -> None:
    assert _names(found["analog"]) == _names(found["path"])
    assert _names(found["hot"]) == ["Furnace/Zones/Zone3/On", "Furnace/Zones/Zone3/Temperature"]
    assert len(found["zones"].found) == 12
    assert _names(found["itself"]) == ["On", "Temperature"]
    assert found["other"].startswith("the server has no object or variable type HotTypo; did you")


def test_a_structure_becomes_a_tag_for_each_scalar_in_it(found: dict[str, Any]) -> None:
    read = tomllib.loads(section(found["structures"], "x"))["tags"]
    types = {each["field"]: (each["id"], each["data_type"]) for each in read}
    assert types["Axes[1].Load"] == ("mill_axes_1_load", "Float")
    assert types["Axes[0].Mode"] == ("mill_axes_0_mode", "Int32")
    assert types["Axes[0].Note"] == ("mill_axes_0_note", "String")
    assert types["Counts[1]"] == ("mill_counts_1", "UInt16")
    assert types["Anything"] == ("mill_anything", "Int64")
    assert types["Tool.X"] == ("mill_tool_x", "Double")
    assert len(types) == len(read) == 21


def test_arrays_beyond_what_is_asked_for_are_left_out(found: dict[str, Any]) -> None:
    reasons = {each.path[-1].partition(":")[2]: each.reason for each in found["short"].left_out}
    assert "an array of 2 elements; ask for --elements 2" in reasons["Axes"]
    assert "an array of 6 elements" in reasons["grid"]
    assert [each.index for each in found["matrix"].found] == [
        (row, column) for row in range(2) for column in range(3)
    ]


def test_a_state_of_packml_is_recognised_by_its_names(found: dict[str, Any]) -> None:
    roles = {each.path[-1]: each.role for each in found["all"].found if each.role != "value"}
    assert roles == {"3:StateCurrent": "state"}


@pytest.mark.parametrize(
    ("path", "field", "namespace", "role"),
    [
        (("2:Admin", "2:ProdProcessedCount"), "AccCount", "PackML", "count"),
        (("2:Admin", "2:ProdProcessedCount"), "Count", "PackML", "value"),
        (("2:Admin", "2:ProdProcessedCount"), "AccCount", "Other", "value"),
        (("2:ExecuteState", "0:CurrentState", "0:Number"), None, "PackML", "state"),
        (("2:Job", "2:PartsGood"), None, "MachineTool", "count"),
    ],
)
def test_roles_are_told_by_the_namespace_of_a_specification(
    path: tuple[str, ...], field: str | None, namespace: str, role: str
) -> None:
    index = None if field is None else (0,)
    each = Found(path, "", "i=1", DataType.INT32, None, index, field)
    uris = ("urn:opc", "urn:own", f"http://opcfoundation.org/UA/{namespace}/")
    first, second = with_roles([each, each], uris)
    assert (first.role, second.role) == (role, "value")
    assert bool(first.remark) == (role != "value")


def test_what_is_found_has_one_order_whatever_the_server_lists_first(
    found: dict[str, Any],
) -> None:
    listed = found["all"].found
    renumbered = [
        replace(each, path=tuple("9:" + step.partition(":")[2] for step in each.path))
        for each in listed
    ]
    shuffled = [*renumbered[1::2], *renumbered[::2]]
    names = [each.path for each in sorted(shuffled, key=by_path)]
    assert names == [each.path for each in renumbered]


# -- comparison -----------------------------------------------------------------------------


def test_a_comparison_names_what_is_gone_changed_and_new(found: dict[str, Any]) -> None:
    compared: Comparison = found["compared"]
    assert [each.id for each in compared.kept] == ["same", "field", "cell"]
    assert [(each.tag.id, each.data_type) for each in compared.changed] == [
        ("wide", DataType.FLOAT)
    ]
    reasons = {each.tag.id: each.reason for each in compared.gone}
    assert set(reasons) == {
        "no-field",
        "no-cell",
        "removed",
        "renamed",
        "elsewhere",
        "part",
        "whole",
    }
    assert "BadNodeIdUnknown" in reasons["removed"]
    assert "no namespace urn:absent" in reasons["elsewhere"]
    assert reasons["no-cell"] == "it has no [5,5]"
    assert "a scalar now" in reasons["part"]
    assert "an array or a structure now" in reasons["whole"]
    assert ["/".join(each.path) for each in compared.new] == ["3:Furnace/3:Zones/3:Zone1/3:On"]
    assert not compared.same


def _plant(url: str, tags: str) -> str:
    return f"""
name = "Compared"
sites = [{{ id = "s", name = "S", time_zone = "Europe/Copenhagen", country = "DK", owner = "O", halls = [{{ id = "h", name = "H" }}] }}]
calendars = [{{ id = "d", name = "D", site = "s", shifts = [{{ name = "day", days = "mon-fri", start = "07:00", end = "15:00" }}] }}]
kinds = {{ press = {{ sector = "components" }} }}
machines = [{{ id = "m-1", name = "M", kind = "press", site = "s", hall = "h", calendar = "d", endpoint = {{ url = "{url}", security = "None" }}, {tags} }}]
clients = [{{ id = "a", name = "A" }}]
procedures = []
"""  # noqa: E501 - one table a line is shorter to read


def test_the_command_tells_by_its_exit_code_whether_anything_differs(tmp_path: Path) -> None:
    plant, data = tmp_path / "plant.toml", ["--data", str(tmp_path / "data")]
    same = f'tags = [{{ id = "t", node_id = "nsu={FURNACE};s=Zone1.Temperature" }}]'
    wide = same.replace(" }]", ', data_type = "Float" }]')
    found: list[Any] = []

    async def work(session: MachineSession) -> None:
        url = session.machine.endpoint.url
        for tags, path in ((same, "**/Zone1/Temperature"), (wide, "**/Zone1/*")):
            plant.write_text(_plant(url, tags), encoding="utf-8")
            arguments = ["edge", "browse", str(plant), "m-1", "--compare", "--path", path, *data]
            found.append(await asyncio.to_thread(CliRunner().invoke, app, arguments))

    asyncio.run(_with_furnace(tmp_path, work))
    same_done, differs = found
    assert same_done.exit_code == 0, same_done.output
    assert "1 tag as before" in same_done.output
    assert differs.exit_code == 1, differs.output
    assert "~ t: Float is now Double" in differs.output
    assert "+ 3:Furnace/3:Zones/3:Zone1/3:On: node_id = " in differs.output
    plant.write_text(_plant("opc.tcp://127.0.0.1:1/x", same), encoding="utf-8")
    lost = CliRunner().invoke(app, ["edge", "browse", str(plant), "m-1", "--compare", *data])
    assert lost.exit_code == 2

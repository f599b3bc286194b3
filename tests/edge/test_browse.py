"""A machine's server tells what it has, as tags to paste into the plant file."""

import asyncio
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from typer.testing import CliRunner

from pilotline.main import app
from pilotline_edge.browse import BrowseWishes, Discovery, discover, section
from pilotline_edge.browse.finding import Found, LeftOut
from pilotline_edge.browse.pattern import PathPattern
from pilotline_edge.browse.section import ids
from pilotline_edge.browse.units import UNECE_URI, ucum_code
from pilotline_edge.browse.walk import Route, Walk
from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import NodeNotFound
from pilotline_plant import DataType
from tests.edge.opcua_machine import NAMESPACE, OpcUaMachine
from tests.edge.plants import machine

FURNITURE = "urn:furniture;of%mills"


async def _furnish(server: Server) -> None:
    """Give the server one node of every sort that a browse meets."""
    index = await server.register_namespace(FURNITURE)
    mill = await server.nodes.objects.add_object(_node("Mill", index), f"{index}:Mill")
    spindle = await mill.add_object(_node("Mill.Spindle", index), f"{index}:Spindle")
    await spindle.add_reference(mill, ObjectIds.Organizes)
    await _variable(spindle, "Speed", index, 12.5, ua.VariantType.Double, unit=("RPM", "rpm"))
    await _variable(mill, "Speed", index, 3, ua.VariantType.Int32)
    await _variable(mill, "Mode", index, 1, ua.VariantType.Byte)
    await _variable(mill, "Note", index, ua.LocalizedText("ready"), ua.VariantType.LocalizedText)
    await _variable(mill, "Serviced", index, datetime(2026, 1, 2, tzinfo=UTC), None)
    await _variable(mill, "Axes", index, [1.0, 2.0, 3.0], ua.VariantType.Double)
    await _variable(mill, "Profile", index, [0.0] * 200, ua.VariantType.Double)
    await _variable(mill, "Unit", index, ua.EUInformation(), None)
    secret = await _variable(mill, "Secret", index, 1.0, ua.VariantType.Double)
    for attribute in (AttributeIds.AccessLevel, AttributeIds.UserAccessLevel):
        await secret.write_attribute(attribute, ua.DataValue(ua.Variant(0, ua.VariantType.Byte)))
    await mill.add_property(_node("Mill.Serial", index), f"{index}:Serial", "4711")
    await _variable(mill, 'Evil"\n[[machines]]\nid = "x', index, 1.0, ua.VariantType.Double)


def _node(name: str, index: int) -> ua.NodeId:
    identifier: Any = name
    return ua.NodeId(identifier, ua.Int16(index))


async def _variable(
    parent: Any,  # noqa: ANN401 - asyncua's Node is not typed
    name: str,
    index: int,
    value: object,
    kind: ua.VariantType | None,
    unit: tuple[str, str] | None = None,
) -> Any:  # noqa: ANN401 - asyncua's Node is not typed
    node = await parent.add_variable(
        _node(f"{parent.nodeid.Identifier}.{name}", index), f"{index}:{name}", value, kind
    )
    if unit is not None:
        information: Any = ua.EUInformation()
        information.NamespaceUri = UNECE_URI
        information.UnitId = int.from_bytes(unit[0].encode(), "big")
        information.DisplayName = ua.LocalizedText(unit[1])
        await node.add_property(ua.NodeId(), "0:EngineeringUnits", information)
    return node


async def _discovered(tmp_path: Path, *wishes: BrowseWishes) -> list[Discovery | str]:
    """Browse one server for each wish; a refusal is its text."""
    results: list[Discovery | str] = []
    async with OpcUaMachine(("a",), prepare=_furnish) as mill:
        session = MachineSession(machine(mill.url, []), None, TrustStore(tmp_path))
        try:
            await session.open()
            for wish in wishes:
                try:
                    results.append(await discover(session, wish))
                except NodeNotFound as error:
                    results.append(str(error))
        finally:
            await session.close()
    return results


SPINDLE = BrowseWishes(under="nsu=urn:furniture%3Bof%25mills;s=Mill.Spindle", depth=1)
SHALLOW = BrowseWishes(under="nsu=urn:furniture%3Bof%25mills;Mill", depth=1)
ELSEWHERE = BrowseWishes(under="nsu=urn:absent;Mill")
NOWHERE = BrowseWishes(under="2:Nothing")


@pytest.fixture(scope="module")
def discoveries(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    wishes = (BrowseWishes(), SPINDLE, SHALLOW, NOWHERE, ELSEWHERE)
    return asyncio.run(_discovered(tmp_path_factory.mktemp("pki"), *wishes))


@pytest.fixture
def discovery(discoveries: list[Any]) -> Discovery:
    found: Discovery = discoveries[0]
    return found


def _by_path(discovery: Discovery) -> dict[str, Found]:
    return {"/".join(s.partition(":")[2] for s in each.path): each for each in discovery.found}


def test_variables_come_with_type_unit_and_an_address_that_outlives_a_restart(
    discovery: Discovery,
) -> None:
    found = _by_path(discovery)
    speed = found["Mill/Spindle/Speed"]
    assert speed.node_id == "nsu=urn:furniture%3Bof%25mills;s=Mill.Spindle.Speed"
    assert (speed.data_type, speed.ucum) == (DataType.DOUBLE, "1/min")
    assert found["a"].node_id == f"nsu={NAMESPACE};s=a"
    assert found["Mill/Mode"].data_type is DataType.UINT16
    assert found["Mill/Note"].data_type is DataType.STRING
    assert found["Mill/Serviced"].data_type is DataType.STRING


def test_each_element_of_a_short_array_is_a_tag_and_a_long_one_is_left_out(
    discovery: Discovery,
) -> None:
    axes = [each.index for each in discovery.found if each.path[-1].endswith(":Axes")]
    assert axes == [(0,), (1,), (2,)]
    reasons = {each.path[-1].partition(":")[2]: each.reason for each in discovery.left_out}
    assert "200 elements; ask for --elements 200" in reasons["Profile"]


def test_what_no_tag_can_have_is_named_with_its_reason(discovery: Discovery) -> None:
    reasons = {each.path[-1].partition(":")[2]: each.reason for each in discovery.left_out}
    assert reasons["Secret"] == "this user may not read it"
    assert discovery.counted["properties, such as nameplates and ranges"] >= 2
    assert discovery.counted["the server's own diagnostics"] == 1
    text = section(discovery, "opc.tcp://mill")
    assert "this user may not read it" in text
    assert "Mill/3:Secret" in text or "Mill/2:Secret" in text


def test_a_browse_begins_where_it_is_told_and_stops_at_its_depth(discoveries: list[Any]) -> None:
    _, spindle, shallow, nowhere, elsewhere = discoveries
    assert [each.path for each in spindle.found] == [("2:Speed",)]
    assert "Mode" in _by_path(shallow)
    assert "Spindle/Speed" not in _by_path(shallow)
    assert shallow.counted["below depth 1, not looked at"] > 0
    assert nowhere.startswith("cannot browse under 2:Nothing: the server has no node")
    assert elsewhere.endswith("the server has no namespace urn:absent")


def test_the_section_is_valid_whatever_the_server_calls_its_nodes(discovery: Discovery) -> None:
    read = tomllib.loads(section(discovery, "opc.tcp://mill\n[[machines]]"))
    assert set(read) == {"tags"}
    assert len(read["tags"]) == len(discovery.found)
    assert len({tag["id"] for tag in read["tags"]}) == len(discovery.found)
    hostile = Found(
        ('2:x"\n]',), "\x7f\x00\ud800 \x9b \u2028", 's=a"\\', DataType.DOUBLE, remark="\r#"
    )
    text = section(Discovery([hostile], [LeftOut(("2:\n[kinds]",), "\n[walls]")]), "x")
    assert "\x9b" not in text
    assert "\x00" not in text
    assert set(tomllib.loads(text)) == {"tags"}


def test_the_command_writes_tags_that_the_plant_file_takes(tmp_path: Path) -> None:
    """Browse a server from the command line, paste, and check the plant."""
    runner = CliRunner()
    plant, out = tmp_path / "plant.toml", tmp_path / "tags.toml"
    runner.invoke(app, ["plant", "example", "bench", "--out", str(plant)])

    async def browse() -> None:
        async with OpcUaMachine(("a",), prepare=_furnish) as mill:
            arguments = ["edge", "browse", mill.url, "--security", "None"]
            arguments += ["--out", str(out), "--data", str(tmp_path / "data")]
            done = await asyncio.to_thread(runner.invoke, app, arguments)
            assert done.exit_code == 0, done.output

    asyncio.run(browse())
    source = plant.read_text(encoding="utf-8")
    head, _, _ = source.partition("[[clients]]")
    pasted = _with_machine(head, out.read_text(encoding="utf-8"))
    plant.write_text(pasted + source[len(head) :], encoding="utf-8")
    checked = runner.invoke(app, ["plant", "check", str(plant)])
    assert checked.exit_code == 0, checked.output


def _with_machine(plant: str, tags: str) -> str:
    """Return a plant with one more machine that has these tags."""
    example = tomllib.loads(plant)
    first = example["machines"][0]
    keys = {key: first[key] for key in ("site", "hall", "calendar")}
    lines = [f'{key} = "{value}"' for key, value in keys.items()]
    endpoint = 'endpoint = { url = "opc.tcp://192.0.2.9:4840/browsed", security = "None" }'
    head = ["[[machines]]", 'id = "browsed"', 'name = "Browsed"', 'kind = "browsed"']
    kind = '[kinds.browsed]\nsector = "components"\n'
    return "\n".join([plant, kind, *head, *lines, endpoint, tags, ""])


def test_an_unreachable_endpoint_is_told_in_one_line(tmp_path: Path) -> None:
    arguments = ["edge", "browse", "opc.tcp://127.0.0.1:1/x", "--security", "None"]
    done = CliRunner().invoke(app, [*arguments, "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert "does not answer" in done.output


# -- limits ---------------------------------------------------------------------------------


def _reference(number: int, node_class: ua.NodeClass) -> Any:  # noqa: ANN401 - asyncua is not typed
    reference: Any = ua.ReferenceDescription()
    reference.NodeId = ua.ExpandedNodeId(ua.Int32(number), ua.Int16(2))
    reference.BrowseName = ua.QualifiedName(f"n{number}", 2)
    reference.DisplayName = ua.LocalizedText(f"n{number}")
    reference.NodeClass = node_class
    reference.ReferenceTypeId = ua.NodeId(ua.Int32(ObjectIds.Organizes))
    return reference


class HostileServer:
    """Takes two operations a call, hands out one reference an answer, and has no end."""

    def __init__(self, *, endless_pages: bool) -> None:
        self.endless_pages = endless_pages
        self.released = 0
        self._number = 0

    async def browse(self, parameters: ua.BrowseParameters) -> list[ua.BrowseResult]:
        if len(parameters.NodesToBrowse) > 2:
            raise ua.uaerrors.BadTooManyOperations
        return [self._result() for _ in parameters.NodesToBrowse]

    async def browse_next(self, parameters: ua.BrowseNextParameters) -> list[ua.BrowseResult]:
        self.released += parameters.ReleaseContinuationPoints
        return [self._result() for _ in parameters.ContinuationPoints]

    def _result(self) -> ua.BrowseResult:
        self._number += 1
        result: Any = ua.BrowseResult()
        result.References = [_reference(self._number, ua.NodeClass.Object) for _ in range(2)]
        result.References.append(_reference(10_000_000 + self._number, ua.NodeClass.Variable))
        result.ContinuationPoint = b"more" if self.endless_pages else None
        return result  # type: ignore[no-any-return]


class HostileSession:
    """A session with such a server."""

    def __init__(self, server: HostileServer) -> None:
        self.services = server


@pytest.mark.parametrize("endless_pages", [True, False])
@pytest.mark.parametrize("pattern", [None, "**/n*/**"])
def test_a_server_without_end_is_left_at_the_cap(endless_pages: bool, pattern: str | None) -> None:
    server = HostileServer(endless_pages=endless_pages)
    session: Any = HostileSession(server)
    path = None if pattern is None else PathPattern.of(pattern)
    walk = Walk(BatchedServices(session, 100, 100), Route(40, 200, path))
    walked = asyncio.run(walk.below(ua.NodeId(ua.Int32(85))))
    assert len(walked.variables) <= 200
    assert sum(walked.left_out.values()) > 0
    assert (server.released > 0) == endless_pages


# -- units and ids --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("namespace", "unit_id", "shown", "code"),
    [
        (UNECE_URI, 4408652, "°C", "Cel"),
        (UNECE_URI, 4408652, "Grad", "Cel"),
        (UNECE_URI, 5066068, "mm", "mm"),
        ("urn:maker", 7, "m³/h", "m3/h"),
        ("urn:maker", 7, "rpm", "1/min"),
        ("urn:maker", 7, "°C", "Cel"),
        ("urn:maker", 7, "C", None),
        ("urn:maker", 4408652, "PS", None),
        (UNECE_URI, -5, "furlong", None),
        (None, 0, None, None),
    ],
)
def test_a_unit_is_told_only_when_it_is_certain(
    namespace: str | None, unit_id: int, shown: str | None, code: str | None
) -> None:
    assert ucum_code(namespace, unit_id, shown) == code


def test_ids_are_short_unique_and_valid() -> None:
    paths = [
        ("2:Mill", "2:SpindleSpeed"),
        ("2:Left", "2:Temp"),
        ("2:Right", "2:Temp"),
        ("2:Ä/ö ü",),
        ("2:日本",),
        ("3:Left", "3:Temp"),
        ("2:" + "x" * 100,),
    ]
    found = [Found(path, "", "i=1", DataType.DOUBLE) for path in paths]
    assert ids(found) == [
        "spindle_speed",
        "left_temp",
        "right_temp",
        "a_o_u",
        "tag",
        "left_temp_2",
        "x" * 64,
    ]

"""What a machine sends is kept as it is, or refused with a reason that names the tag."""

import asyncio
import json
import struct
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.ua_binary import struct_to_binary

from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.structures import StructureTypes
from pilotline_edge.subscription import decoding
from pilotline_edge.subscription.generic import MOST_GENERIC_BYTES
from pilotline_edge.subscription.items import Item
from pilotline_edge.subscription.publication import Unsupported
from pilotline_edge.subscription.values import MOST_ELEMENTS, MOST_TEXT_BYTES, value_of
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until

NOTE = 'a\nb,c="d" <script>alert(1)</script> \\ \x00\x7f'


class NoServer:
    """A session that is never asked."""

    facts = None


def _types() -> StructureTypes:
    session: Any = NoServer()
    return StructureTypes(session)


TYPES = _types()


def _message(*variants: ua.Variant) -> bytes:
    response: Any = ua.PublishResponse()
    part: Any = ua.DataChangeNotification()
    for handle, variant in enumerate(variants, start=1):
        item: Any = ua.MonitoredItemNotification()
        item.ClientHandle, item.Value = handle, ua.DataValue(variant)
        part.MonitoredItems.append(item)
    response.Parameters.NotificationMessage.NotificationData = [part]
    return struct_to_binary(response)


def _decoded(variant: ua.Variant) -> Any:  # noqa: ANN401 - whatever a server sends
    ((_, value, *_),) = decoding.decode(_message(variant)).changes
    return value


@pytest.mark.parametrize(
    ("variant", "kept"),
    [
        (ua.Variant(ua.LocalizedText("läuft", "de")), "läuft"),
        (ua.Variant(b"\x00\xff", ua.VariantType.ByteString), "AP8="),
        (ua.Variant(UUID(int=5)), "00000000-0000-0000-0000-000000000005"),
        (ua.Variant(datetime(2026, 1, 2, tzinfo=UTC)), "2026-01-02T00:00:00+00:00"),
        (ua.Variant(ua.NodeId.from_string("ns=2;s=Mill")), "ns=2;s=Mill"),
        (ua.Variant(ua.QualifiedName("Mill", 2)), "2:Mill"),
        (ua.Variant(ua.StatusCode(ua.UInt32(0x80020000))), 0x80020000),
        (ua.Variant(ua.ServerState.Failed, ua.VariantType.Int32), 1),
        (ua.Variant(NOTE), NOTE),
    ],
)
def test_every_scalar_has_one_way_to_be_kept(variant: ua.Variant, kept: object) -> None:
    assert _decoded(variant) == kept


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        (ua.Variant([1.0, 2.0], ua.VariantType.Double), "array of Double"),
        (ua.Variant(["a"], ua.VariantType.String), "array of String"),
        (ua.Variant([[1, 2], [3, 4]], ua.VariantType.Int32), "2-dimensional array of Int32"),
        (ua.Variant(ua.EUInformation()), "structure EUInformation"),
        (ua.Variant([0] * (MOST_ELEMENTS + 1), ua.VariantType.Byte), "more than 10000"),
        (ua.Variant("x" * (MOST_TEXT_BYTES + 1)), "String of 65537 bytes"),
        (ua.Variant(bytes(MOST_TEXT_BYTES), ua.VariantType.ByteString), "ByteString of 65536"),
    ],
)
def test_what_no_tag_can_hold_says_what_it_is(variant: ua.Variant, reason: str) -> None:
    value = _decoded(variant)
    assert isinstance(value, Unsupported)
    assert reason in value.type_name
    item = Item(tag("a"), 1)
    assert isinstance(item.select(value, TYPES), Unsupported)
    assert reason in str(item.problem)


def test_a_tag_with_an_index_has_its_element_and_no_other() -> None:
    array = _decoded(ua.Variant([1.5, 2.5, 3.5], ua.VariantType.Double))
    second = Item(tag("a", index=1), 1)
    assert second.select(array, TYPES) == 2.5
    assert second.problem is None
    beyond = Item(tag("b", index=3), 2)
    assert isinstance(beyond.select(array, TYPES), Unsupported)
    assert "3 elements only" in str(beyond.problem)
    assert isinstance(beyond.select(7.0, TYPES), Unsupported)
    assert "a scalar, which has no index" in str(beyond.problem)
    assert beyond.select(None, TYPES) is None
    assert beyond.select(_decoded(ua.Variant([0, 0, 0, 9], ua.VariantType.Int16)), TYPES) == 9
    assert beyond.problem is None


def test_a_tag_that_was_refused_is_well_again_with_its_next_scalar() -> None:
    item = Item(tag("a"), 1)
    item.select(Unsupported("array of Double", (1.0,)), TYPES)
    assert "give the tag the index of one element" in str(item.problem)
    assert item.select(4.0, TYPES) == 4.0
    assert item.problem is None


def test_a_null_array_is_no_value() -> None:
    assert value_of(ua.Variant(None, ua.VariantType.Double, is_array=True)) is None


async def _with_note(server: Server) -> None:
    name: Any = "note"
    await server.nodes.objects.add_variable(ua.NodeId(name, ua.Int16(1)), "1:note", NOTE)


async def _read_arrays(tmp_path: Path) -> tuple[MemoryHistorian, dict[str, Any], list[Any]]:
    historian, data = MemoryHistorian(), tmp_path / "data"
    async with OpcUaMachine(("axes", "plain"), prepare=_with_note) as mill:
        server = mill._server
        assert server is not None
        axes: Any = "axes"
        node = server.get_node(ua.NodeId(axes, ua.Int16(2)))
        await node.write_value(ua.Variant([1.0, 2.0, 3.0], ua.VariantType.Double))
        address = "ns=2;s=axes"
        tags = [tag("whole", node_id=address), tag("third", node_id=address, index=2)]
        read = plant(machine(mill.url, [*tags, tag("plain"), tag("note", node_id="ns=1;s=note")]))
        async with agent(read, historian, data):
            await until(lambda: {"third", "plain", "note"} <= _tags(historian))
            await until(lambda: "whole" in (status_of(data).get("bad_tags") or {}))
            status = status_of(data)
    letters = data / "dead-letters.jsonl"
    await asyncio.sleep(0)
    refused = [json.loads(line) for line in letters.read_text("utf-8").splitlines()]
    return historian, status, refused


def _tags(historian: MemoryHistorian) -> set[str]:
    return {series.tag for series, _ in historian.stored}


def test_one_tag_that_cannot_hold_its_value_stops_no_other(tmp_path: Path) -> None:
    historian, status, refused = asyncio.run(_read_arrays(tmp_path))
    values = {series.tag: sample.value for (series, _), sample in historian.stored.items()}
    assert values["third"] == 3.0
    assert values["note"] == NOTE
    assert set(status["bad_tags"]) == {"whole"}
    assert "array of Double" in json.dumps(refused), "the refused value must be counted"


# -- hostile messages -----------------------------------------------------------------------


def _huge(kind: int, count: int, content: bytes) -> bytes:
    """Return a message whose only value is an array that says it has `count` elements."""
    body = _message(ua.Variant(True, ua.VariantType.Boolean))
    value = bytes((1, kind | 0x80)) + struct.pack("<i", count) + content
    at = body.index(b"\x01\x00\x2b\x03\x01") + 5
    part = struct.pack("<iI", 1, 1) + value + struct.pack("<i", -1)
    return body[:at] + struct.pack("<i", len(part)) + part + struct.pack("<i", -1)


@pytest.mark.parametrize("kind", [1, 6, 11, 12, 24])
def test_an_array_that_announces_billions_is_refused_at_once(kind: int) -> None:
    with pytest.raises(UndecodableMessage):
        decoding.decode(_huge(kind, 2**31 - 1, bytes(1000)))


def _peak_of_decoding(message: bytes) -> int:
    tracemalloc.start()
    try:
        with suppress(UndecodableMessage):
            ((_, value, *_),) = decoding.decode(message).changes
            assert isinstance(value, Unsupported)
            assert value.elements is None
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("kind", "width"), [(3, 1), (11, 8), (24, 1)])
def test_a_huge_array_costs_no_more_than_its_message(kind: int, width: int) -> None:
    size = 8_000_000
    assert _peak_of_decoding(_huge(kind, size // width, bytes(size))) < 2 * size


def test_what_asyncua_decodes_is_bounded() -> None:
    size = MOST_GENERIC_BYTES
    with pytest.raises(UndecodableMessage, match="up to which that is read"):
        decoding.decode(_huge(24, size, bytes(size)))

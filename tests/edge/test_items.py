"""What the server is asked for."""

import asyncio
from typing import Any

import pytest
from asyncua import ua

from pilotline_edge.backoff import Backoff
from pilotline_edge.connection.credentials import password_variable
from pilotline_edge.subscription.items import Item, items_by_interval, queue_size
from pilotline_edge.subscription.nodes import node_of
from tests.edge.plants import tag


@pytest.mark.parametrize(
    ("sampling_ms", "publishing_ms", "expected"),
    [(100, 500, 600), (500, 500, 120), (10_000, 10_000, 10), (100, 60_000, 2400), (1, 1, 10_000)],
)
def test_the_queue_bridges_a_minute_and_several_cycles(
    sampling_ms: int, publishing_ms: int, expected: int
) -> None:
    assert queue_size(tag("a", sampling_ms=sampling_ms, publishing_ms=publishing_ms)) == expected


def test_a_deadband_is_asked_for_where_the_plant_says_so() -> None:
    async def work() -> None:
        node: Any = node_of("ns=2;s=a", ())
        plain = Item(tag("a"), 1).request(node)
        banded: Any = Item(tag("a", deadband=0.5), 2).request(node)
        assert not isinstance(plain.RequestedParameters.Filter, ua.DataChangeFilter)
        assert banded.RequestedParameters.Filter.DeadbandValue == 0.5
        assert plain.RequestedParameters.DiscardOldest is True
        assert plain.RequestedParameters.QueueSize == queue_size(tag("a"))

    asyncio.run(work())


def test_tags_of_one_publishing_interval_share_a_subscription() -> None:
    tags = [tag("a", publishing_ms=500), tag("b", publishing_ms=100), tag("c", publishing_ms=500)]
    groups = {
        interval: [item.tag.id for item in items] for interval, items in items_by_interval(tags)
    }
    assert groups == {100: ["b"], 500: ["a", "c"]}
    handles = [item.handle for _, items in items_by_interval(tags) for item in items]
    assert len(set(handles)) == 3


def test_a_namespace_uri_finds_its_index_of_today() -> None:
    node: Any = node_of("nsu=urn:mill;s=Speed", ("urn:opc", "urn:other", "urn:mill"))
    assert (node.NamespaceIndex, node.Identifier) == (2, "Speed")
    assert "no namespace" in str(node_of("nsu=urn:absent;s=Speed", ("urn:opc",)))
    assert "no node id" in str(node_of("Speed", ()))


def test_waits_grow_with_jitter_to_a_cap() -> None:
    waits = Backoff(0.5, 10.0, chance=lambda: 1.0)
    assert [waits.wait_s() for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    waits.reset()
    assert waits.wait_s() == 0.5
    assert Backoff(1.0, 10.0, chance=lambda: 0.0).wait_s() == 0.5


def test_a_machines_password_variable_is_a_valid_name() -> None:
    assert password_variable("mill-1.b") == "PILOTLINE_OPCUA_PASSWORD_MILL_1_B"

"""How tags are read of node-opcua, which filters deadbands as the standard has it."""

import asyncio
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pilotline_plant import Range
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.interop.node_machine import NodeMachine
from tests.interop.node_process import need_node_opcua

pytestmark = [pytest.mark.node, pytest.mark.slow]

TAGS = ("whole", "absolute", "percent", "given", "bare", "polled", "rated")
WIDTH = 2.5


def _kept(historian: MemoryHistorian, name: str) -> list[Any]:
    found = sorted((at, s.value) for (of, at), s in historian.stored.items() if of.tag == name)
    return [value for _, value in found]


async def _read(tmp_path: Path) -> tuple[MemoryHistorian, dict[str, Any]]:
    historian, data = MemoryHistorian(), tmp_path / "data"
    share: dict[str, Any] = {"deadband_percent": WIDTH}
    tags = [
        tag("whole"),
        tag("absolute", deadband=WIDTH),
        tag("percent", **share),
        tag("given", eu_range=Range(0, 100), **share),
        tag("bare", **share),
        tag("polled", reading="poll", deadband=WIDTH, sampling_ms=100),
        tag("rated", reading="poll", sampling_ms=100, **share),
    ]
    ranged = ("percent", "rated")
    async with (
        NodeMachine(TAGS, tmp_path / "pki", period_ms=100, ranged=ranged) as mill,
        agent(plant(machine(mill.url, tags)), historian, data),
    ):
        await until(lambda: all(len(_kept(historian, name)) >= 6 for name in TAGS))
        await until(lambda: bool(status_of(data).get("reading")))
        status = status_of(data)
    return historian, status


def test_the_server_filters_where_it_can_and_the_agent_where_it_cannot(tmp_path: Path) -> None:
    """The machine counts up by one; a deadband of 2.5 keeps every third value."""
    need_node_opcua()
    historian, status = asyncio.run(_read(tmp_path))
    for name in ("absolute", "percent", "given", "polled", "rated"):
        steps = [later - one for one, later in pairwise(_kept(historian, name))]
        assert min(steps) > WIDTH, (name, steps)
    for name in ("whole", "bare"):
        steps = [later - one for one, later in pairwise(_kept(historian, name))]
        assert steps.count(1.0) > len(steps) / 2, (name, steps)
    assert status["server"]["product"] == "NodeOPCUA-Server"
    assert status["server"]["profile"] == "generic"
    assert status["server"]["batches"]["monitor"] == 2, "what the server says it takes"
    reading = status["reading"]
    assert list(reading["remarks"]) == ["bare"], "the server refused its filter and has no range"
    assert reading["deadbands_by_agent"] == 2, "of the polled ones"
    assert (reading["subscribed"], reading["polled"]) == (5, 2)
    assert status["bad_tags"] == {}


async def _quiet(tmp_path: Path) -> tuple[float, dict[str, Any]]:
    historian, data = MemoryHistorian(), tmp_path / "data"
    async with (
        NodeMachine(("busy", "quiet"), tmp_path / "pki", resting=True) as mill,
        agent(plant(machine(mill.url, [tag("busy"), tag("quiet")])), historian, data),
    ):
        await until(lambda: len(historian.stored) >= 2)
        begun = max(at for _, at in historian.stored) / 1e9

        def known_s() -> float:
            instant = status_of(data).get("covered_until")
            return datetime.fromisoformat(instant).timestamp() - begun if instant else 0.0

        await until(lambda: known_s() > 3)
        return known_s(), status_of(data)


def test_tags_that_rest_are_known_though_node_opcua_writes_no_publish_time(tmp_path: Path) -> None:
    """It dates its answers only: `edge.covered` stood still at the value a tag began with."""
    need_node_opcua()
    known_s, status = asyncio.run(_quiet(tmp_path))
    assert known_s > 3
    assert status["clock_skew_s"] is not None

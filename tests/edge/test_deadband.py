"""A deadband drops what is near the value kept last, and nothing else."""

import asyncio
import json
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.server.server import Server
from hypothesis import given
from hypothesis import strategies as st

from pilotline_edge.deadband import DeadbandFilter, absolute_width, server_filter
from pilotline_edge.subscription.publication import Unsupported
from pilotline_plant import Range
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, undeclared, until

BAD = 0x8000_0000

widths = st.floats(min_value=1e-300, max_value=1e300) | st.sampled_from([0.1, 0.5, 1.0])
numbers = st.one_of(
    st.floats(),
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-20, 20).map(lambda n: n / 10),
    st.integers(-3, 3),
)
values = st.one_of(numbers, st.booleans(), st.none(), st.text(max_size=2))
statuses = st.sampled_from([0, 0, 0, BAD, 0x480])


def _differ(former: object, value: object, width: float) -> bool:
    """Return whether two values differ by more than a deadband, as a mathematician would."""
    if type(former) is not type(value):
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return former != value
    assert isinstance(former, int | float)
    if former == value:
        return False
    try:
        return abs(Fraction(value) - Fraction(former)) > Fraction(width)
    except (ValueError, OverflowError):
        return True


@given(widths, st.lists(st.tuples(values, statuses), max_size=60))
def test_nothing_beyond_the_deadband_is_ever_dropped(
    width: float, stream: list[tuple[Any, int]]
) -> None:
    band, kept = DeadbandFilter(width), None
    for value, status in stream:
        if band.keeps(value, status):
            kept = value, status
            continue
        assert kept is not None, "the first value is always kept"
        assert status == kept[1]
        assert not _differ(kept[0], value, width)


@given(widths, st.lists(numbers, min_size=1, max_size=60))
def test_what_lies_within_the_deadband_is_dropped(width: float, stream: list[Any]) -> None:
    band, last = DeadbandFilter(width), None
    for value in stream:
        near = last is not None and not _differ(last, value, width)
        assert band.keeps(value, 0) is not near
        last = last if near else value


def test_slow_drift_is_seen() -> None:
    """A server that compares with the last sample reports only the first of these."""
    band = DeadbandFilter(0.5)
    kept = [n / 8 for n in range(41) if band.keeps(n / 8, 0)]
    assert kept == [n * 0.625 for n in range(9)]


def test_a_value_that_is_no_number_is_always_kept() -> None:
    band = DeadbandFilter(10.0)
    stream: list[Any] = [1.0, float("nan"), float("nan"), None, None, Unsupported("array"), 1.0, 1]
    assert all(band.keeps(value, 0) for value in stream)
    band.forget()
    assert band.keeps(1, 0)


def test_a_share_of_a_range_is_a_width() -> None:
    speed = tag("speed", deadband_percent=2.0, eu_range=Range(100, 350))
    assert absolute_width(speed) == 5.0
    assert absolute_width(speed, Range(0, 1)) == 5.0, "the plant file goes before the server"
    wanted: Any = server_filter(speed)
    assert (wanted.DeadbandType, wanted.DeadbandValue) == (ua.DeadbandType.Absolute, 5.0)
    unknown = tag("flow", deadband_percent=2.0)
    assert absolute_width(unknown) is None
    assert absolute_width(unknown, Range(0, 50)) == 1.0
    wanted = server_filter(unknown)
    assert (wanted.DeadbandType, wanted.DeadbandValue) == (ua.DeadbandType.Percent, 2.0)
    assert server_filter(tag("state")) is None


async def _analog(server: Server) -> None:
    """Give the machine an analog item with a range of 0 to 50, and one without any."""
    folder = server.nodes.objects
    for name in ("ranged", "bare"):
        named: Any = name
        node = await folder.add_variable(ua.NodeId(named, ua.Int16(1)), f"1:{name}", 0.0)
        if name == "ranged":
            await node.add_property(ua.NodeId(), "0:EURange", ua.Range(ua.Double(0.0), 50.0))


async def _drift(server: Server, name: str) -> None:
    named: Any = name
    for n in range(1, 13):
        now: Any = datetime.now(UTC)
        value = ua.DataValue(ua.Variant(n / 8, ua.VariantType.Double), SourceTimestamp=now)
        await server.write_attribute_value(ua.NodeId(named, ua.Int16(1)), value)
        await asyncio.sleep(0.002)


def _kept(historian: MemoryHistorian, name: str) -> list[Any]:
    found = sorted((at, s.value) for (of, at), s in historian.stored.items() if of.tag == name)
    return [value for _, value in found]


async def _read_drift(tmp_path: Path) -> tuple[MemoryHistorian, dict[str, Any]]:
    historian, data = MemoryHistorian(), tmp_path / "data"
    async with OpcUaMachine(("a", "end"), prepare=_analog) as mill:
        tags = [
            tag("a", deadband=0.5),
            tag("ranged", node_id="ns=1;s=ranged", deadband_percent=1.0),
            tag("bare", node_id="ns=1;s=bare", deadband_percent=1.0),
            tag("end"),
        ]
        async with agent(plant(machine(mill.url, tags)), historian, data):
            await until(lambda: {s.tag for s, _ in historian.stored} == {t.id for t in tags})
            server = mill._server
            assert server is not None
            for n in range(1, 13):
                await mill.write("a", n / 8)
            await mill.write("a", 1.5, BAD)
            await _drift(server, "ranged")
            await _drift(server, "bare")
            await mill.write("end", 1.0)
            await until(lambda: 1.0 in _kept(historian, "end"))
            await until(lambda: bool(status_of(data).get("reading", {}).get("remarks")))
            status = status_of(data)
    written = [sent for sent in mill.ledger if sent.tag == "end"]
    assert undeclared(written, historian) == []
    return historian, status


def test_a_server_that_filters_wrongly_is_not_asked_to(tmp_path: Path) -> None:
    """The server of asyncua would report the first value only, and a percentage not at all."""
    historian, status = asyncio.run(_read_drift(tmp_path))
    assert _kept(historian, "a") == [0.0, 0.625, 1.25, None]
    assert _kept(historian, "ranged") == [0.0, 0.625, 1.25]
    assert len(_kept(historian, "bare")) == 13, "without a range every change is kept"
    assert list(status["reading"]["remarks"]) == ["bare"]
    assert "EURange" in json.dumps(status["reading"]["remarks"])
    assert status["server"]["profile"] == "asyncua"
    assert status["suppressed"] == 2 * 10


def test_values_within_the_deadband_leave_no_gap(tmp_path: Path) -> None:
    """What is dropped was seen: the time it stands for is known."""

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with OpcUaMachine(("a",)) as mill:
            read = plant(machine(mill.url, [tag("a", deadband=100.0)]))
            async with agent(read, historian, data):
                await until(lambda: len(historian.stored) == 1)
                for n in range(1, 21):
                    await mill.write("a", float(n))
                    await asyncio.sleep(0.02)
                last = mill.ledger[-1].source_ns
                await until(lambda: status_of(data)["suppressed"] == 20)
                await until(lambda: _instant(status_of(data)["covered_until"]) >= last)
            assert len(historian.stored) == 1
            assert {gap.cause for gap in historian.gaps(None, 0, 2**63 - 1)} <= {"agent-started"}

    asyncio.run(work())


def _instant(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e9)


@pytest.mark.parametrize("deadbands", ["server", "agent"])
def test_the_plant_file_decides_who_filters(tmp_path: Path, deadbands: str) -> None:
    """A profile named by hand counts more than what the server says it is."""

    async def work() -> list[Any]:
        historian = MemoryHistorian()
        async with OpcUaMachine(("a",)) as mill:
            endpoint = {"profile": "generic", "deadbands": deadbands}
            read = plant(machine(mill.url, [tag("a", deadband=0.5)], **endpoint))
            async with agent(read, historian, tmp_path / "data"):
                await until(lambda: len(historian.stored) == 1)
                for n in range(1, 13):
                    await mill.write("a", n / 8)
                await mill.write("a", 5.0)
                await until(lambda: 5.0 in _kept(historian, "a"))
        return _kept(historian, "a")

    kept = asyncio.run(work())
    assert kept == ([0.0, 5.0] if deadbands == "server" else [0.0, 0.625, 1.25, 5.0])

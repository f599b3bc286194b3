"""A network cut shorter than the server's queue costs nothing, whatever kind of cut it is."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pilotline_plant import Plant
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine, Sent
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.faults.counts import full, tell, times
from tests.faults.proxy import FaultProxy
from tests.faults.witness import TAGS, WitnessedMachine, need_no_fault, verdict, writing
from tests.interop.node_machine import NodeMachine, need_node_opcua

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

Cut = Callable[[FaultProxy], Awaitable[None]]
_BETWEEN_S = 0.7
_UNSAMPLED_NS = 200_000_000


async def reset(proxy: FaultProxy) -> None:
    """Reset the connection and refuse new ones for two seconds."""
    proxy.cut()
    await asyncio.sleep(2.0)
    proxy.restore()


def half_open(seconds: float) -> Cut:
    """Let nothing through for a while, and nothing of the old connections ever after."""

    async def cut(proxy: FaultProxy) -> None:
        proxy.pull()
        await asyncio.sleep(seconds)
        proxy.plug()

    return cut


async def frozen(proxy: FaultProxy) -> None:
    """Stop the peer for eight seconds; then it goes on where it was."""
    proxy.freeze()
    await asyncio.sleep(8.0)
    proxy.thaw()


CUTS: dict[str, Cut] = {
    "reset": reset,
    "half-open-5s": half_open(5.0),
    "frozen": frozen,
    "half-open-30s": half_open(30.0),
}
OFTEN = {"reset": 20, "half-open-5s": 6, "frozen": 6, "half-open-30s": 4}


def _read(port: int) -> Plant:
    return plant(machine(OpcUaMachine.url_at(port), [tag(name) for name in TAGS]))


def _node(pki: Path) -> NodeMachine:
    """Return a node-opcua machine.

    It samples by a timer; values change far more slowly, so that a late timer misses none of them.
    """
    return NodeMachine(TAGS, pki, period_ms=250)


async def _suffer(data: Path, proxy: FaultProxy, cut: Cut, count: int) -> None:
    """Cut so often, each time after the agent is back and has read a little."""
    await until(lambda: status_of(data).get("connected") is True)
    for number in range(1, count + 1):
        await asyncio.sleep(_BETWEEN_S)
        await cut(proxy)
        await until(
            lambda number=number: (
                status_of(data)["reconnects"] >= number and status_of(data)["connected"]
            ),  # type: ignore[misc]
            60.0,
        )
    await asyncio.sleep(_BETWEEN_S)


def _healed_without_loss(data: Path, historian: MemoryHistorian) -> None:
    causes = {gap.cause for gap in historian.gaps("mill-1", 0, 2**62)}
    assert causes <= {"agent-started"}, causes
    assert set(status_of(data)["healed_by"]) == {"republished"}


def _need_once(historian: MemoryHistorian) -> None:
    assert historian.writes == len(historian.stored), "a point was delivered twice"


@pytest.mark.parametrize("kind", ["reset", "half-open-5s", "frozen", "half-open-30s"])
def test_a_cut_costs_nothing_with_asyncua(tmp_path: Path, kind: str) -> None:
    if kind != "half-open-5s" and not full():
        pytest.skip("runs at full count; two resets and a freeze are in tests/edge")

    async def work() -> None:
        historian = MemoryHistorian()
        async with WitnessedMachine(TAGS) as mill, FaultProxy(mill.port) as proxy:
            read = _read(proxy.port)
            async with agent(read, historian, tmp_path):
                async with writing(mill):
                    await _suffer(tmp_path, proxy, CUTS[kind], times(1, OFTEN[kind]))
                last = mill.ledger[-len(TAGS) :]
                await until(lambda: {each.source_ns for each in last} <= mill.acknowledged)
                await until(lambda: _stored(last, historian))
            _healed_without_loss(tmp_path, historian)
            _need_once(historian)
            found = need_no_fault(mill, historian, read)
            tell(f"{times(1, OFTEN[kind])} times {kind}, asyncua: {found}")

    asyncio.run(work())


@pytest.mark.node
@pytest.mark.parametrize("kind", ["reset", "half-open-5s", "stopped", "half-open-30s"])
def test_a_cut_costs_nothing_with_node_opcua(tmp_path: Path, kind: str) -> None:
    need_node_opcua()
    if kind != "stopped" and not full():
        pytest.skip("runs at full count; two resets are in tests/interop")

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        stops_ns: list[int] = []
        async with _node(tmp_path / "pki") as mill, FaultProxy(mill.port) as proxy:

            async def stopped(_: FaultProxy) -> None:
                stops_ns.append(time.time_ns())
                mill.send(signal.SIGSTOP)
                await asyncio.sleep(8.0)
                mill.send(signal.SIGCONT)

            read = _read(proxy.port)
            cut = stopped if kind == "stopped" else CUTS[kind]
            async with agent(read, historian, data):
                await _suffer(data, proxy, cut, times(1, OFTEN.get(kind, 6)))
                until_ns = mill.ledger[-1].source_ns
                await until(lambda: _newest(historian) > until_ns)
            _healed_without_loss(data, historian)
            # Delivery is at least once: after a stop the newest values may come a second time.
            if kind != "stopped":
                _need_once(historian)
            gaps = historian.gaps("mill-1", 0, 2**62)
            from_ns = max([min(at for _, at in historian.stored), *(gap.end_ns for gap in gaps)])
            sent = [
                each
                for each in mill.ledger
                if from_ns <= each.source_ns <= until_ns
                and (_sampled(each, stops_ns) or _stored([each], historian))
            ]
            assert len(sent) > 20
            found = verdict(sent, _upto(historian, from_ns, until_ns), read)
            assert found.whole, str(found)
            tell(f"{times(1, OFTEN.get(kind, 6))} times {kind}, node-opcua: {found}")

    asyncio.run(work())


def _sampled(sent: Sent, stops_ns: list[int]) -> bool:
    """Return whether the server surely sampled a value.

    Of a value written just before a stop it may not: when it goes on, the next one overwrites it.
    """
    return not any(0 <= stop_ns - sent.source_ns < _UNSAMPLED_NS for stop_ns in stops_ns)


def _stored(sent: list[Sent], historian: MemoryHistorian) -> bool:
    held = {(series.tag, at) for series, at in historian.stored}
    return all((each.tag, each.source_ns) in held for each in sent)


def _newest(historian: MemoryHistorian) -> int:
    return max((at for _, at in historian.stored), default=0)


def _upto(historian: MemoryHistorian, start_ns: int, end_ns: int) -> MemoryHistorian:
    """Return what is held of an interval."""
    held = {key: each for key, each in historian.stored.items() if start_ns <= key[1] <= end_ns}
    return MemoryHistorian(stored=held)


@asynccontextmanager
async def _restarts(mill: WitnessedMachine, count: int, data: Path) -> AsyncIterator[None]:
    """Restart the machine so often while it writes."""
    for number in range(1, count + 1):
        async with writing(mill):
            await asyncio.sleep(_BETWEEN_S)
        await mill.stop()
        await asyncio.sleep(0.3)
        await mill.start()
        async with writing(mill):
            await until(lambda number=number: status_of(data).get("reconnects") == number)  # type: ignore[misc]
            await asyncio.sleep(_BETWEEN_S)
    yield


def test_a_restarted_server_leaves_a_declared_gap_each_time(tmp_path: Path) -> None:
    count = times(1, 20)

    async def work() -> None:
        historian = MemoryHistorian()
        async with WitnessedMachine(TAGS) as mill:
            read = _read(mill.port)
            async with agent(read, historian, tmp_path):
                await until(lambda: status_of(tmp_path).get("connected") is True)
                async with _restarts(mill, count, tmp_path):
                    last = mill.ledger[-len(TAGS) :]
                    await until(lambda: _stored(last, historian))
            found = need_no_fault(mill, historian, read)
            causes = [gap.cause for gap in historian.gaps("mill-1", 0, 2**62)]
            assert set(causes) <= {"agent-started", "server-restarted"}
            assert status_of(tmp_path)["healed_by"] == {"recreated": count}
            tell(f"{count} server restarts: {found}")

    asyncio.run(work())

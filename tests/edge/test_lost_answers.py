"""An answer that a cut swallowed leaves nothing behind at the server that nobody looks after."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, undeclared, until
from tests.faults.proxy import FaultProxy

TAGS = ("a", "b")


def swallow_first_answer(service: Any, name: str, proxy: FaultProxy) -> None:  # noqa: ANN401 - asyncua's
    """Cut the connection once the server did what it was asked and before it said so."""
    real: Callable[..., Awaitable[Any]] = getattr(service, name)

    async def done_but_not_told(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - asyncua's
        setattr(service, name, real)
        result = await real(*given, **named)
        proxy.cut()
        # Not here: the server ends what it does for a connection that is gone.
        asyncio.get_running_loop().call_later(0.05, proxy.restore)
        return result

    setattr(service, name, done_but_not_told)


def subscriptions(mill: OpcUaMachine) -> list[Any]:
    """Return what the server publishes."""
    assert mill._server is not None
    return list(mill._server.iserver.subscription_service.subscriptions.values())


def monitored(mill: OpcUaMachine) -> int:
    """Return how many items the server monitors."""
    return sum(len(each.monitored_item_srv._monitored_items) for each in subscriptions(mill))


def left_after(folder: Path, name: str) -> tuple[int, int]:
    """Swallow the first answer to a service; return the server's subscriptions and items then."""

    async def work() -> tuple[int, int]:
        historian, data = MemoryHistorian(), folder / "data"
        async with AsyncExitStack() as parts:
            mill = await parts.enter_async_context(OpcUaMachine(TAGS))
            proxy = await parts.enter_async_context(FaultProxy(mill.port))
            assert mill._server is not None
            swallow_first_answer(mill._server.iserver.subscription_service, name, proxy)
            url = OpcUaMachine.url_at(proxy.port)
            await parts.enter_async_context(
                agent(plant(machine(url, [tag(each) for each in TAGS])), historian, data)
            )
            await until(lambda: status_of(data).get("connected") is True)
            for number in range(30):
                for each in TAGS:
                    await mill.write(each, float(number + 1))
                await asyncio.sleep(0.05)
            await until(
                lambda: {1.0 * 30} <= {sample.value for sample in historian.stored.values()}
            )
            assert undeclared(mill.ledger, historian) == []
            return len(subscriptions(mill)), monitored(mill)

    return asyncio.run(work())


def test_a_subscription_made_and_not_told_of_is_removed(tmp_path: Path) -> None:
    assert left_after(tmp_path, "create_subscription") == (1, 2)


def test_items_made_and_not_told_of_are_not_read_twice(tmp_path: Path) -> None:
    assert left_after(tmp_path, "create_monitored_items") == (1, 2)

"""Texts that are none, in whatever a machine names, stop neither the agent nor the forwarding."""

import asyncio
import json
from pathlib import Path
from typing import Any

from asyncua import ua

from pilotline_edge.forwarding import DeadLetters
from pilotline_edge.live.feed import LinkState, LiveFeed
from pilotline_historian import Sample, Series
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, status_of, until
from tests.edge.scripted_server import ScriptedServer

NO_TEXT = "a\udcff\x1b[2J\u202e\n"
"""What asyncua makes of bytes that are no UTF-8, and more that should not be shown."""


def all_texts(request: Any) -> Any:  # noqa: ANN401 - asyncua's messages share no base
    """Answer every read with a text whose bytes are no UTF-8."""
    response: Any = ua.ReadResponse()
    response.Results = [
        ua.DataValue(ua.Variant("a\udcff", ua.VariantType.String))
        for _ in request.Parameters.NodesToRead
    ]
    return response


async def _named_wrongly(tmp_path: Path) -> None:
    server = ScriptedServer({ua.ReadRequest: all_texts})
    historian, data = MemoryHistorian(), tmp_path / "data"
    async with OpcUaMachine(("a",)) as mill, server.running():
        bad = machine(server.url, [tag("a")], name="bad")
        async with agent(plant(machine(mill.url, [tag("a")]), bad), historian, data):
            await until(lambda: bool((status_of(data, "bad").get("server") or {}).get("product")))
            await until(lambda: status_of(data).get("values", 0) > 0)
            sent = await mill.write("a", 7.0)
            series = Series("aarhus", "mill-1", "a")
            await until(lambda: (series, sent.source_ns) in historian.stored)
            product = status_of(data, "bad")["server"]["product"]
    assert product.encode("utf-8")


def test_a_server_whose_product_has_no_proper_name_stops_no_agent(tmp_path: Path) -> None:
    asyncio.run(_named_wrongly(tmp_path))


def test_a_dead_letter_takes_any_text_and_shows_it_safely(tmp_path: Path) -> None:
    """One that could not be written held up the values of all machines for ever."""
    path = tmp_path / "dead-letters.jsonl"
    sample = Sample(Series("aarhus", "mill-1", "a"), 1, NO_TEXT, 0, None)
    DeadLetters(path).write([(sample, f"no tag can hold {NO_TEXT}"), (sample, "Fräse")])
    lines = path.read_text("utf-8").splitlines()
    assert [json.loads(line)["tag"] for line in lines] == ["a", "a"]
    assert all(line.isprintable() for line in lines)
    DeadLetters(path).write([(sample._replace(value="Fräse"), "Fräse")])
    assert "Fräse" in path.read_text("utf-8"), "what can be read is written as it is"
    assert path.stat().st_mode & 0o077 == 0


def test_a_live_push_takes_any_text() -> None:
    async def work() -> None:
        states = {"mill-1": LinkState(False, 0, NO_TEXT)}
        feed = LiveFeed("http://api", None, "edge-1", lambda: states)
        feed.put("mill-1", "a", 1, NO_TEXT, 0)
        body = feed._due()
        assert body is not None
        assert json.loads(body)["values"][0][1] == "a"

    asyncio.run(work())


async def _flooded() -> None:
    """Push to what answers 200 and never ends its answer, then to what drips it."""
    held: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(2_000):
                writer.write(bytes(65_536))
                await writer.drain()
                held.append(65_536)
        except OSError:
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    feed = LiveFeed(f"http://127.0.0.1:{port}", None, "edge-1", dict)
    running = asyncio.ensure_future(feed.run())
    await until(lambda: feed.pushed >= 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    server.close()
    assert sum(held) < 50_000_000, "what sockets hold is in it"


def test_an_api_whose_answer_never_ends_is_not_read_to_its_end() -> None:
    asyncio.run(_flooded())

"""Measures the edge end to end: from a machine's publish responses to the historian's HTTP answers.

    python edge/benchmarks/throughput.py [--values N] [--seconds S] [--json FILE]

1. A flood of values through the agent (`pilotline edge run`: receive, decode, journal with fsync,
   encode, write), and through asyncua's handler with influxdb-client's batching, into the same
   sink, in values per processor second of the client alone.
2. Receive and decode only, against o6 where it is installed (``pip install o6``).
3. The same flood into a real InfluxDB where it is installed: who is the bottleneck.
4. 10,000 tags at 1 Hz from one agent: first values, processor share, age at the sink, memory,
   and what it writes to disk.
5. The same number of tags in one machine, of which 100 change each second, told ten times a
   second: what it writes to disk, where flash memory wears out.

Processor time is read from outside, so a loaded machine does not change it much; ages do change.
"""

import argparse
import importlib.util
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import psutil
from parts import Part, flood_plant, running, script, sink_figures, wait_for_samples
from rich.console import Console
from rich.table import Table

from tests.edge.agent_process import edge_run
from tests.historian.influxd import running_influxd
from tests.sockets import free_ports

FLOOD_TAGS = 1_000
MANY_TAGS, MANY_MACHINES = 10_000, 10
PLAIN_SHARE = 10
_SETTLE_S = 3.0


@contextmanager
def machine(folder: Path) -> Iterator[tuple[int, Part]]:
    """Run the flood server; yield its port and itself."""
    (port,) = free_ports(1)
    with running(script("flood_server.py", port), folder / "server.log") as server:
        server.until(lambda told: "ready" in told)
        yield port, server


@contextmanager
def sink(folder: Path, upstream: int | None = None) -> Iterator[tuple[int, Part]]:
    """Run the HTTP sink; yield its port and itself."""
    (port,) = free_ports(1)
    options = () if upstream is None else ("--upstream", upstream)
    with running(script("sink.py", port, *options), folder / "sink.log") as process:
        process.until(lambda told: "ready" in told)
        yield port, process


def agent_command(folder: Path, plant: str, http_port: int) -> list[object]:
    """Return the command of the agent as an operator runs it."""
    file = folder / f"plant-{http_port}.toml"
    file.write_text(plant, encoding="utf-8")
    target = f"influxdb://127.0.0.1:{http_port}/bench?org=bench"
    return list(edge_run(file, folder / f"edge-{http_port}", target))


def flooded(folder: Path, name: str, values: int, upstream: int | None = None) -> dict[str, Any]:
    """Send a flood through a client into the sink and return what it cost."""
    with machine(folder) as (opcua, server), sink(folder, upstream) as (http, target):
        plant = flood_plant(opcua, 1, FLOOD_TAGS, 100, 200)
        command = (
            agent_command(folder, plant, http)
            if name == "edge"
            else script("plain_pipeline.py", opcua, http, FLOOD_TAGS)
        )
        with running(command, folder / f"{name}.log") as client:
            first = wait_for_samples(http, FLOOD_TAGS, client)["lines"]
            time.sleep(_SETTLE_S)
            cpu_s, sink_cpu_s, begun = client.cpu_s(), target.cpu_s(), time.monotonic()
            server.say(f"flood {values}")
            figures = wait_for_samples(http, first + values, client)
            took_s = time.monotonic() - begun
            used_s = client.cpu_s() - cpu_s
            return {
                "values": values,
                "cpu_s": used_s,
                "values_per_cpu_s": values / used_s,
                "values_per_s": values / took_s,
                "sink_cpu_s": target.cpu_s() - sink_cpu_s,
                "refused": figures["refused"],
                "rss_mb": client.rss_mb(),
            }


def received(folder: Path, client: str, values: int) -> dict[str, Any] | None:
    """Receive and decode a flood and do no more; None where the client is missing."""
    if client != "ours" and importlib.util.find_spec(client) is None:
        return None
    with machine(folder) as (opcua, server):
        command = script("receivers.py", client, opcua, FLOOD_TAGS, values)
        with running(command, folder / f"{client}.log") as receiver:
            server.until(lambda told: told.get("sent", 0) >= FLOOD_TAGS)
            time.sleep(_SETTLE_S)
            server.say(f"flood {values}")
            cpu_s = receiver.until(lambda told: "cpu_s" in told)["cpu_s"]
    return {"values": values, "cpu_s": cpu_s, "values_per_cpu_s": values / cpu_s}


def many_tags(folder: Path, seconds: float) -> dict[str, Any]:
    """Read 10,000 tags at 1 Hz with one agent."""
    return paced(folder, seconds, MANY_MACHINES, 1000, None)


def sparse_tags(folder: Path, seconds: float) -> dict[str, Any]:
    """Read a machine of 10,000 tags, ten of which change each tenth of a second."""
    return paced(folder, seconds, 1, 100, 10)


def paced(
    folder: Path, seconds: float, machines: int, interval_ms: int, changing: int | None
) -> dict[str, Any]:
    """Read 10,000 tags, all or some of which change in each interval."""
    each = MANY_TAGS // machines
    with machine(folder) as (opcua, server), sink(folder) as (http, _):
        plant = flood_plant(opcua, machines, each, interval_ms, interval_ms)
        with running(agent_command(folder, plant, http), folder / "paced.log") as agent:
            initial = wait_for_samples(http, MANY_TAGS, agent)
            server.say("pace" if changing is None else f"pace {changing}")
            time.sleep(_SETTLE_S)
            lines = sink_figures(http, reset=True)["lines"]
            cpu_s, begun, written = agent.cpu_s(), time.monotonic(), agent.written_bytes()
            memory = [agent.rss_mb()]
            while time.monotonic() < begun + seconds:
                time.sleep(min(5.0, seconds / 4))
                memory.append(agent.rss_mb())
            took_s, used_s = time.monotonic() - begun, agent.cpu_s() - cpu_s
            written = agent.written_bytes() - written
            figures = sink_figures(http)
    return {
        "initial": initial["series"],
        "values_per_s": (figures["lines"] - lines) / took_s,
        "cpu_share": used_s / took_s,
        "p50_s": figures["p50_s"],
        "p99_s": figures["p99_s"],
        "rss_first_mb": memory[0],
        "rss_last_mb": memory[-1],
        "written_kb_per_s": written / took_s / 1e3,
    }


def into_influxd(folder: Path, values: int) -> dict[str, Any] | None:
    """Flood a real InfluxDB through the agent; None where it is missing."""
    if shutil.which("influxd") is None:
        return None
    with running_influxd(folder) as influxd:
        (server,) = (
            process
            for process in psutil.Process().children()
            if process.name().startswith("influxd")
        )
        before_s = sum(server.cpu_times()[:2])
        edge = flooded(folder, "edge", values, influxd.port)
        edge["influxd_cpu_s"] = sum(server.cpu_times()[:2]) - before_s
    edge["influxd_values_per_cpu_s"] = values / edge["influxd_cpu_s"]
    return edge


def measured(wishes: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return the figures that were asked for."""
    figures: dict[str, Any] = {}
    plain = max(wishes.values // PLAIN_SHARE, 10_000)
    if wishes.only in {None, "flood"}:
        figures["edge"] = flooded(folder, "edge", wishes.values)
        figures["plain"] = flooded(folder, "plain", plain)
        figures["times_plain"] = (
            figures["edge"]["values_per_cpu_s"] / figures["plain"]["values_per_cpu_s"]
        )
    if wishes.only in {None, "receive"}:
        figures["receive"] = received(folder, "ours", wishes.values)
        figures["receive_o6"] = received(folder, "o6", wishes.values)
    if wishes.only in {None, "influxd"}:
        figures["influxd"] = into_influxd(folder, wishes.values)
    if wishes.only in {None, "many"}:
        figures["many"] = many_tags(folder, wishes.seconds)
    if wishes.only in {None, "sparse"}:
        figures["sparse"] = sparse_tags(folder, wishes.seconds)
    return figures


def missed(figures: dict[str, Any]) -> list[str]:
    """Return the bars that the figures miss."""
    bars = []
    if "edge" in figures:
        rate, times = figures["edge"]["values_per_cpu_s"], figures["times_plain"]
        bars += [
            (rate >= 150_000, f"{rate:,.0f} values per CPU-second, bar 150,000"),
            (times >= 8, f"{times:.1f} times the plain pipeline, bar 8"),
        ]
    if figures.get("receive_o6"):
        rate, other = (figures[name]["values_per_cpu_s"] for name in ("receive", "receive_o6"))
        bars.append((rate >= other, f"receiving {rate:,.0f} per CPU-second, o6 {other:,.0f}"))
    if "many" in figures:
        many = figures["many"]
        bars += [
            (many["initial"] == MANY_TAGS, f"{many['initial']} first values, bar {MANY_TAGS}"),
            (many["cpu_share"] <= 0.15, f"{many['cpu_share']:.1%} of a core, bar 15 %"),
            (many["p99_s"] <= 1.5, f"p99 {many['p99_s']:.2f} s to the historian, bar 1.5 s"),
        ]
    return [text for held, text in bars if not held]


def show(figures: dict[str, Any]) -> None:
    """Print the figures as a table."""
    table = Table("measured", "figure", "", title="edge")
    for name, found in figures.items():
        if not isinstance(found, dict):
            table.add_row(name, "", "missing" if found is None else f"{found:,.2f}")
            continue
        for figure, value in found.items():
            table.add_row(name, figure, f"{value:,.3f}" if value < 100 else f"{value:,.0f}")
    Console().print(table)


def main() -> int:
    """Measure, print, and return 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--values", type=int, default=1_000_000, help="of the agent's flood")
    parser.add_argument("--seconds", type=float, default=60.0, help="of 10,000 tags at 1 Hz")
    parser.add_argument("--only", choices=["flood", "receive", "influxd", "many", "sparse"])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(wishes, Path(folder))
    show(figures)
    print(json.dumps(figures))
    if wishes.json:
        wishes.json.write_text(json.dumps(figures) + "\n", encoding="utf-8")
    for text in (bars := missed(figures)):
        print(f"missed: {text}", file=sys.stderr)
    return 1 if bars else 0


if __name__ == "__main__":
    sys.exit(main())

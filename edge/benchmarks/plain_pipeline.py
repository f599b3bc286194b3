"""The pipeline of an afternoon: asyncua's handler and influxdb-client's batching mode."""

import argparse
import asyncio
import logging
from typing import Any

from asyncua import Client
from influxdb_client import InfluxDBClient, Point, WriteOptions


class Handler:
    """Writes each value as a point.

    Args:
        write: takes a point.
        names: tag name by node.
    """

    def __init__(self, write: Any, names: dict[Any, str]) -> None:  # noqa: ANN401
        self._write = write
        self._names = names

    def datachange_notification(self, node: Any, value: float, data: Any) -> None:  # noqa: ANN401
        """Take one value; asyncua calls it by this name."""
        changed = data.monitored_item.Value
        point = (
            Point("bench")
            .tag("site", "bench")
            .tag("machine", "flood-1")
            .tag("tag", self._names[node.nodeid])
            .field("value", value)
            .field("status", int(changed.StatusCode.value if changed.StatusCode else 0))
            .time(changed.SourceTimestamp)
        )
        self._write(bucket="bench", record=point)


async def main() -> None:
    """Read and write until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("opcua_port", type=int)
    parser.add_argument("http_port", type=int)
    parser.add_argument("tags", type=int)
    wishes = parser.parse_args()
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    influx = InfluxDBClient(url=f"http://127.0.0.1:{wishes.http_port}", token="none", org="bench")  # noqa: S106 - the sink asks for none
    writer = influx.write_api(WriteOptions(batch_size=5_000, flush_interval=1_000))
    async with Client(f"opc.tcp://127.0.0.1:{wishes.opcua_port}/flood", timeout=60) as client:
        nodes = [client.get_node(f"ns=2;s=t{number}") for number in range(wishes.tags)]
        names = {node.nodeid: f"t{number}" for number, node in enumerate(nodes)}
        subscription = await client.create_subscription(200, Handler(writer.write, names))
        await subscription.subscribe_data_change(nodes)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

"""Clients that receive and decode and do no more: ours, and o6, which is written in C.

    python edge/benchmarks/receivers.py ours|o6 OPCUA_PORT TAGS VALUES

Prints the processor seconds from the first value of the flood to the last.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from pilotline_plant import Machine
from pilotline_plant.reading import read_plant

sys.path.insert(0, str(Path(__file__).resolve().parent))
from parts import flood_plant


class Meter:
    """Counts values and takes the time of those after the first ones.

    Args:
        first: values that every client gets when it subscribes.
        values: values of the flood.
    """

    def __init__(self, first: int, values: int) -> None:
        self._first = first
        self._last = first + values
        self.count = 0
        self._begun = 0.0

    def take(self, count: int) -> None:
        """Count; print and end the process after the last."""
        self.count += count
        if not self._begun and self.count >= self._first:
            self._begun = time.process_time()
        if self.count >= self._last:
            print(json.dumps({"cpu_s": time.process_time() - self._begun}), flush=True)
            os._exit(0)


def flood_machine(file: Path, port: int, tags: int) -> Machine:
    """Return the flood server as a machine of a plant file."""
    file.write_text(flood_plant(port, 1, tags, 100, 200), encoding="utf-8")
    (machine,) = read_plant(file).machines
    return machine


async def ours(port: int, tags: int, take: Callable[[int], None]) -> None:
    """Receive with the agent's session, subscription and pump."""
    from pilotline_edge.connection.session import MachineSession
    from pilotline_edge.connection.trust import TrustStore
    from pilotline_edge.structures import StructureTypes
    from pilotline_edge.subscription.items import items_by_interval
    from pilotline_edge.subscription.publication import Publication
    from pilotline_edge.subscription.pump import PublishPump, Taken
    from pilotline_edge.subscription.subscription import MachineSubscription

    with TemporaryDirectory() as folder:
        machine = flood_machine(Path(folder, "plant.toml"), port, tags)
        session = MachineSession(machine, None, TrustStore(Path(folder, "pki")))
        await session.open()
        ((interval_ms, items),) = items_by_interval(machine.tags)
        subscription = MachineSubscription(session, interval_ms, items, StructureTypes(session))
        await subscription.create()
        await subscription.monitor()

        async def taken(publication: Publication) -> Taken:
            take(len(publication.changes))
            acknowledgement = (publication.subscription_id, publication.sequence)
            return Taken(None, () if publication.keep_alive else (acknowledgement,))

        await PublishPump(session.client.uaclient, lambda: 2, taken, []).run()


async def o6_client(port: int, tags: int, take: Callable[[int], None]) -> None:
    """Receive with o6, its callback as short as it can be."""
    import o6

    client = o6.Client(f"opc.tcp://127.0.0.1:{port}/flood")
    await client.connect()
    subscription = await client.createSubscription(200.0, maxNotificationsPerPublish=0)

    def one(*_: object) -> None:
        take(1)

    nodes = [o6.NodeId(f"ns=2;s=t{number}") for number in range(tags)]
    for start in range(0, tags, 100):
        await client.monitor(
            nodes[start : start + 100], one, 100.0, subscription=subscription, queueSize=600
        )
    await asyncio.Event().wait()


async def main() -> None:
    """Receive until the flood has passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", choices=["ours", "o6"])
    parser.add_argument("port", type=int)
    parser.add_argument("tags", type=int)
    parser.add_argument("values", type=int)
    wishes = parser.parse_args()
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    meter = Meter(wishes.tags, wishes.values)
    run = ours if wishes.client == "ours" else o6_client
    await run(wishes.port, wishes.tags, meter.take)


if __name__ == "__main__":
    asyncio.run(main())

"""Machines that know what was acknowledged to them, and the verdict over what became of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import ua
from asyncua.server.server import Server

from pilotline_historian import Historian, Series
from pilotline_plant import Plant
from pilotline_simulators.ledger import LedgerEntry
from tests.edge.opcua_machine import OpcUaMachine, Sent
from tests.faults.completeness import FOREVER_NS, Verdict, judge

TAGS = ("a", "b", "c")
SITE, MACHINE = "aarhus", "mill-1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ns_of(instant: datetime) -> int:
    """Return an instant in ns UTC."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return (aware - _EPOCH) // datetime.resolution * 1000


@dataclass
class WitnessedMachine(OpcUaMachine):
    """A machine that notes which of its values a client acknowledged.

    Attributes:
        acknowledged: source times of acknowledged values; no two values share one.
        acknowledged_at: monotonic second of the newest acknowledgement of a value.
        clock: what its clock is ahead of ours.
    """

    acknowledged: set[int] = field(default_factory=set)
    acknowledged_at: float = 0.0
    clock: timedelta = timedelta()

    async def add(self, tag: str, server: Server | None = None, index: int = 2) -> None:
        await super().add(tag, server, index)
        self._server = server or self._server
        await self.write(tag, self._values.get(tag, 0.0))

    async def start(self) -> None:
        await super().start()
        assert self._server is not None
        service = self._server.iserver.subscription_service
        publish = service.publish

        def witnessed(
            acknowledgements: Iterable[ua.SubscriptionAcknowledgement],
        ) -> tuple[int, list[ua.StatusCode]]:
            listed = list(acknowledgements)
            for each in listed:
                subscription = service.subscriptions.get(each.SubscriptionId)
                if subscription is not None:
                    self._note(subscription._not_acknowledged_results.get(each.SequenceNumber))
            return publish(listed)

        service.publish = witnessed  # type: ignore[assignment, method-assign]

    def _note(self, result: ua.PublishResult | None) -> None:
        if result is None:
            return
        for part in result.NotificationMessage.NotificationData:
            for item in part.MonitoredItems:
                self.acknowledged.add(ns_of(item.Value.SourceTimestamp))
                self.acknowledged_at = time.monotonic()

    async def write(self, tag: str, value: float | str, status: int = 0) -> Sent:
        """Write a value with the present of the machine's clock as its source time."""
        assert self._server is not None
        now = datetime.now(UTC) + self.clock
        while self.ledger and ns_of(now) == self.ledger[-1].source_ns:
            now += datetime.resolution
        held: Any = ua.DataValue(ua.Variant(value, ua.VariantType.Double))
        held.StatusCode = ua.StatusCode(ua.UInt32(status))
        held.SourceTimestamp = held.ServerTimestamp = now
        name: Any = tag
        self._values[tag] = float(value)
        sent = Sent(tag, ns_of(now), value)
        self.ledger.append(sent)
        await self._server.write_attribute_value(ua.NodeId(name, ua.Int16(2)), held)
        return sent


@asynccontextmanager
async def writing(machine: OpcUaMachine, period_s: float = 0.05) -> AsyncIterator[None]:
    """Let the machine write new values while the block runs."""
    task = asyncio.ensure_future(machine.run(period_s))
    try:
        yield
        assert not task.done(), "the machine stopped writing"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def verdict(ledger: Iterable[Sent], historian: Historian, plant: Plant) -> Verdict:
    """Hold what machine ``mill-1`` sent against a historian.

    A first value of 0 that a server shows before its machine wrote any is its own, not made up.
    Of what was sent before the agent first started, it may have the last values.
    """
    gaps = historian.gaps(MACHINE, 0, FOREVER_NS)
    began_ns = min((gap.start_ns for gap in gaps if gap.cause == "agent-started"), default=0)
    entries = [
        LedgerEntry(
            MACHINE, sent.tag, sent.source_ns, sent.value, 0, repeat=sent.source_ns < began_ns
        )
        for sent in ledger
    ]
    written = {(entry.tag, entry.source_time_ns) for entry in entries}
    for tag in TAGS:
        entries += [
            LedgerEntry(MACHINE, tag, sample.source_time_ns, 0.0, 0, repeat=True)
            for sample in historian.raw(Series(SITE, MACHINE, tag), 0, FOREVER_NS)
            if sample.value == 0.0 and (tag, sample.source_time_ns) not in written
        ]
    return judge(entries, historian, plant)


def lost_after_acknowledgement(machine: WitnessedMachine, historian: Historian) -> list[Sent]:
    """Return values that the agent acknowledged and the historian does not have."""
    stored = {
        (tag, sample.source_time_ns)
        for tag in machine.tags
        for sample in historian.raw(Series(SITE, MACHINE, tag), 0, FOREVER_NS)
    }
    return [
        sent
        for sent in machine.ledger
        if sent.source_ns in machine.acknowledged and (sent.tag, sent.source_ns) not in stored
    ]


def need_no_fault(machine: WitnessedMachine, historian: Historian, plant: Plant) -> Verdict:
    """Fail unless nothing is missing, altered or made up, and nothing acknowledged is lost."""
    found = verdict(machine.ledger, historian, plant)
    assert found.whole, str(found)
    assert lost_after_acknowledgement(machine, historian) == []
    assert all(gap.end_ns > gap.start_ns for gap in historian.gaps(None, 0, FOREVER_NS))
    assert len(machine.acknowledged) > 20, "a test without acknowledgements shows nothing"
    return found

"""Machines that know what was acknowledged to them, and the verdict over what became of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from asyncua import ua
from asyncua.server.server import Server

from pilotline_historian import Historian, Series
from pilotline_plant import Plant
from pilotline_simulators.ledger import LedgerEntry
from tests.edge.opcua_machine import OpcUaMachine, Sent
from tests.faults.completeness import FOREVER_NS, Verdict, judge
from tests.faults.findings import Finding

TAGS = ("a", "b", "c")
SITE, MACHINE = "aarhus", "mill-1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ns_of(instant: datetime) -> int:
    """Return an instant in ns UTC."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return (aware - _EPOCH) // datetime.resolution * 1000


class Witness(Protocol):
    """A machine that knows what it emitted and what became of it.

    Attributes:
        tags: names of its variables.
        port: where it listens, kept over restarts.
        ledger: what its variables took; no two values share a source time.
        acknowledged: source times of values that a client acknowledged.
        skipped: source times of values that the server overwrote before it sampled them.
    """

    port: int
    ledger: list[Sent]
    acknowledged: set[int]
    skipped: set[int]

    @property
    def tags(self) -> Sequence[str]: ...

    @property
    def url(self) -> str: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def writing(self) -> AbstractAsyncContextManager[None]:
        """Let the variables change while the block runs."""


@dataclass
class WitnessedMachine(OpcUaMachine):
    """An asyncua server that is a witness; it samples whatever is written.

    Attributes:
        acknowledged: source times of acknowledged values; no two values share one.
        skipped: always empty.
        acknowledged_at: monotonic second of the newest acknowledgement of a value.
        clock: what its clock is ahead of ours.
        period_s: how often each variable changes while it writes.
    """

    acknowledged: set[int] = field(default_factory=set)
    skipped: set[int] = field(default_factory=set)
    acknowledged_at: float = 0.0
    clock: timedelta = timedelta()
    period_s: float = 0.05

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
            for item in getattr(part, "MonitoredItems", ()):
                self.acknowledged.add(ns_of(item.Value.SourceTimestamp))
                self.acknowledged_at = time.monotonic()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Let the variables change while the block runs."""
        task = asyncio.ensure_future(self.run(self.period_s))
        try:
            yield
            assert not task.done(), "the machine stopped writing"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

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
        await self._server.write_attribute_value(ua.NodeId(name, ua.Int16(self.index)), held)
        return sent


def _began_ns(historian: Historian, tag: str) -> int:
    """Return the source time of the first value that is stored or in a declared gap.

    What was written before is no concern of the agent: its promises begin with its first start.
    """
    gaps = historian.gaps(MACHINE, 0, FOREVER_NS)
    series = Series(SITE, MACHINE, tag)
    firsts = (sample.source_time_ns for sample in historian.raw(series, 0, FOREVER_NS))
    starts = [gap.start_ns for gap in gaps if gap.tag in {None, tag}]
    return min([*starts, next(firsts, FOREVER_NS)])


def verdict(mill: Witness, historian: Historian, plant: Plant) -> Verdict:
    """Hold what machine ``mill-1`` sent against a historian.

    A first value of 0 that a server shows before its machine wrote any is its own, not made up.
    Of what was sent before the agent first started, it may have the last values; of what the
    server never sampled, any.
    """
    began_ns = {tag: _began_ns(historian, tag) for tag in mill.tags}
    entries = [
        LedgerEntry(
            MACHINE,
            sent.tag,
            sent.source_ns,
            sent.value,
            0,
            repeat=sent.source_ns < began_ns[sent.tag] or sent.source_ns in mill.skipped,
        )
        for sent in mill.ledger
    ]
    written = {(entry.tag, entry.source_time_ns) for entry in entries}
    for tag in mill.tags:
        entries += [
            LedgerEntry(MACHINE, tag, sample.source_time_ns, 0.0, 0, repeat=True)
            for sample in historian.raw(Series(SITE, MACHINE, tag), 0, FOREVER_NS)
            if sample.value == 0.0 and (tag, sample.source_time_ns) not in written
        ]
    return judge(entries, historian, plant)


def lost_after_acknowledgement(mill: Witness, historian: Historian) -> list[Sent]:
    """Return values that the agent acknowledged and the historian does not have."""
    stored = {
        (tag, sample.source_time_ns)
        for tag in mill.tags
        for sample in historian.raw(Series(SITE, MACHINE, tag), 0, FOREVER_NS)
    }
    return [
        sent
        for sent in mill.ledger
        if sent.source_ns in mill.acknowledged and (sent.tag, sent.source_ns) not in stored
    ]


def find(
    mill: Witness,
    historian: Historian,
    plant: Plant,
    fault: str,
    *,
    server: str = "asyncua",
    count: int = 1,
    first_s: Sequence[float] = (),
    note: str = "",
    missed: Iterable[str] = (),
) -> Finding:
    """Count what became of everything that a machine emitted."""
    assert len(mill.acknowledged) > 20, "a test without acknowledgements shows nothing"
    found = verdict(mill, historian, plant)
    lost = lost_after_acknowledgement(mill, historian)
    backwards = [gap for gap in historian.gaps(None, 0, FOREVER_NS) if gap.end_ns <= gap.start_ns]
    gaps = f"{found.declared} in declared gaps" if found.declared else ""
    return Finding(
        fault,
        server,
        count,
        emitted=found.emitted,
        lost=len(lost),
        undeclared=len(found.missing),
        altered=len(found.altered),
        phantom=len(found.phantom),
        first_s=tuple(first_s),
        note=", ".join(filter(None, [gaps, note])),
        missed=(*missed, *(f"a gap that ends before it begins: {gap}" for gap in backwards)),
        examples="" if found.whole and not lost else "\n".join([str(found), *map(str, lost[:5])]),
    )

"""What the chaos left: every value and event accounted for, gaps tight, nothing piled up."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from pilotline_edge.cause import Cause
from pilotline_historian import EVENTS, Gap, Series
from pilotline_plant.reading import read_plant
from pilotline_simulators.ledger import LedgerEntry
from tests.edge.opcua_machine import Sent
from tests.faults.chaos.historian import Stored
from tests.faults.chaos.machine import POLLED, Changing
from tests.faults.chaos.world import World
from tests.faults.completeness import FOREVER_NS, Verdict, judge

_SITE = "aarhus"
_POLL_NS = 1_600_000_000
"""How long a polled value must last to be seen by a poll that is in time."""
_WATCH_S = 2.0


@dataclass
class Judgement:
    """What became of everything.

    Attributes:
        verdict: of the values.
        lost: values acknowledged that the historian does not have.
        events: number of events told.
        events_wrong: events that are lost, doubled or made up.
        gaps: declared gaps without the first start's.
        again: lines that came to the historian again.
    """

    verdict: Verdict
    lost: list[Sent] = field(default_factory=list)
    events: int = 0
    events_wrong: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    again: int = 0

    @property
    def faults(self) -> list[str]:
        """What breaks a promise."""
        found = [f"lost after acknowledgement: {each}" for each in self.lost[:5]]
        found += self.events_wrong[:5]
        if not self.verdict.whole:
            found.append(str(self.verdict))
        found += [f"ends before it begins: {g}" for g in self.gaps if g.end_ns <= g.start_ns]
        return found

    def __str__(self) -> str:
        """Return the counts, and the widest gap of each cause."""
        widest: dict[str, float] = {}
        for gap in self.gaps:
            seconds = (gap.end_ns - gap.start_ns) / 1e9
            widest[gap.cause] = max(widest.get(gap.cause, 0.0), seconds)
        causes = Counter(gap.cause for gap in self.gaps)
        told = ", ".join(f"{n} {cause} <= {widest[cause]:.1f} s" for cause, n in causes.items())
        lines = str(self.verdict).splitlines()[0]
        return f"{lines}; events {self.events}; again {self.again}; gaps: {told or 'none'}"


def judged(made: World) -> Judgement:
    """Hold what the machines emitted against what the historian has."""
    plant, stored = read_plant(made.file.path), made.stored
    found = Judgement(Verdict(), again=stored.again)
    letters = set(_letters(made.data))
    for machine, described in zip(made.machines, made.file.machines, strict=True):
        spells = made.file.spells[described.id]
        found.lost += _lost(described.id, machine, stored, letters, spells)
        found.events += len(machine.told)
        found.events_wrong += _events_wrong(described.id, machine, stored)
    found.events_wrong += made.unvouched
    found.verdict = judge(_all_entries(made, stored), stored, plant)
    found.gaps = [
        gap for gap in stored.gaps(None, 0, FOREVER_NS) if gap.cause != Cause.AGENT_STARTED
    ]
    return found


async def watch_vouching(made: World) -> None:
    """Look every other second whether the historian has what the agent vouches for there."""
    plant = read_plant(made.file.path)
    missing: list[LedgerEntry] = []
    while True:
        await asyncio.sleep(_WATCH_S)
        # What a server skipped, and letters, may be told of a little later than the values.
        letters = set(_letters(made.data))
        skipped = set[int]().union(*(machine.skipped for machine in made.machines))
        made.unvouched += [
            f"vouched for and not there: {each}"
            for each in missing
            if each.source_time_ns not in letters | skipped
        ]
        stored = made.stored.copy()
        until_ns = {
            described.id: stored.vouched_ns(described.id) for described in made.file.machines
        }
        missing = judge(_all_entries(made, stored), stored, plant, until_ns).missing


def _all_entries(made: World, stored: Stored) -> list[LedgerEntry]:
    letters = set(_letters(made.data))
    entries: list[LedgerEntry] = []
    for machine, described in zip(made.machines, made.file.machines, strict=True):
        for tag in machine.tags:
            sent = [each for each in machine.ledger if each.tag == tag]
            wanted = [(0, 2**62)] if tag != "x" else made.file.spells[described.id]
            entries += _entries(described.id, tag, sent, wanted, machine, stored, letters)
    return entries


def _letters(data: Path) -> Iterator[int]:
    for path in data.glob("dead-letters*.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            letter = json.loads(line)
            if "source_time_ns" in letter:
                yield letter["source_time_ns"]


def _entries(
    machine_id: str,
    tag: str,
    sent: list[Sent],
    spells: list[tuple[int, int]],
    machine: Changing,
    stored: Stored,
    letters: set[int],
) -> Iterator[LedgerEntry]:
    """Yield what was sent; as a repeat what need not be in the historian, but may."""
    series = Series(_SITE, machine_id, tag)
    held = sorted(each.source_time_ns for each in stored.raw(series, 0, FOREVER_NS))
    gaps = [g for g in stored.gaps(machine_id, 0, FOREVER_NS) if g.tag in {None, tag}]
    starts = sorted([*held, *(gap.start_ns for gap in gaps)])
    promised = [
        (next((at for at in starts if at >= begin), FOREVER_NS), end) for begin, end in spells
    ]
    brief = set[int]()
    if tag == POLLED:
        times = [each.source_ns for each in sent]
        brief = {at for at, then in pairwise(times) if then - at < _POLL_NS}
        brief |= set(times[-1:]) if not machine.resting else set()
    written = {each.source_ns for each in sent}
    for each in sent:
        at = each.source_ns
        wanted = any(begin <= at < end for begin, end in promised)
        free = not wanted or at in machine.skipped or at in brief or at in letters
        yield LedgerEntry(machine_id, tag, at, each.value, 0, repeat=free)
    for sample in stored.raw(series, 0, FOREVER_NS):
        if sample.value == 0.0 and sample.source_time_ns not in written:
            yield LedgerEntry(machine_id, tag, sample.source_time_ns, 0.0, 0, repeat=True)


def _lost(
    machine_id: str,
    machine: Changing,
    stored: Stored,
    letters: set[int],
    spells: list[tuple[int, int]],
) -> list[Sent]:
    """Return what was acknowledged and is not there.

    What a server still sends of a tag that the plant file has no more is acknowledged and dropped.
    """
    held = {
        (tag, sample.source_time_ns)
        for tag in machine.tags
        for sample in stored.raw(Series(_SITE, machine_id, tag), 0, FOREVER_NS)
    }
    dropped = [
        gap
        for gap in stored.gaps(machine_id, 0, FOREVER_NS)
        if gap.tag == "x" and gap.cause == Cause.PLANT_CHANGED
    ]
    return [
        sent
        for sent in machine.ledger
        if sent.source_ns in machine.acknowledged
        and (sent.tag, sent.source_ns) not in held
        and sent.source_ns not in letters
        and (sent.tag != "x" or any(begin <= sent.source_ns < end for begin, end in spells))
        and not (sent.tag == "x" and any(g.start_ns < sent.source_ns <= g.end_ns for g in dropped))
    ]


def _events_wrong(machine_id: str, machine: Changing, stored: Stored) -> list[str]:
    if not machine.told:
        return []
    gaps = [g for g in stored.gaps(machine_id, 0, FOREVER_NS) if g.tag == EVENTS]
    kept = Counter(message for message, _ in stored.events(machine_id))
    began = min((gap.start_ns for gap in gaps), default=0)
    wrong = [
        f"event lost: {message} at {at_ns}"
        for message, at_ns in machine.told.items()
        if at_ns > began
        and message not in kept
        and not any(gap.start_ns < at_ns <= gap.end_ns for gap in gaps)
    ]
    wrong += [f"event doubled: {message}" for message, count in kept.items() if count > 1]
    wrong += [f"event made up: {message}" for message in kept.keys() - machine.told.keys()]
    return wrong

"""Intake: what a machine sent, with the coverage it leads to, into the journal."""

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

import structlog

from pilotline_edge.backfill.evidence import Recorded
from pilotline_edge.backfill.loss import Losses
from pilotline_edge.cause import Cause
from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.link.columns import Columns
from pilotline_edge.link.coverage import Coverage
from pilotline_edge.link.known import BY_TAG
from pilotline_edge.link.plausible import bounded
from pilotline_edge.link.series import groups_of
from pilotline_edge.link.state import MachineState
from pilotline_edge.link.vouching import Vouching
from pilotline_edge.live.feed import LiveOutlet
from pilotline_historian import COVERED, Gap
from pilotline_plant import Machine

log = structlog.get_logger("pilotline.edge")


class Intake:
    """Turns one machine's messages into journal entries.

    Characteristics
        buffered: no; an entry is the journal's once it is given
        together: values, the gaps they settle and the coverage after them are one transaction
        heartbeat: `COVERED` each ten seconds, in the record after all that it vouches for

    Attributes:
        coverage: what is known of the machine.
        taken: per subscription (`MachineSubscription.key`) which making of it is read (`made_ns`)
            and the sequence number after the last message taken; kept with the coverage, so that
            nobody goes on with a subscription whose loss before it was never noted.
        losses: what the server's history may still give, kept with the coverage.
        columns: what the journal keeps of each message's values.
        kept_at: loop time at which coverage was last given to the journal.
    """

    def __init__(
        self,
        machine: Machine,
        coverage: Coverage,
        journal: Journal,
        state: MachineState,
        live: LiveOutlet | None,
    ) -> None:
        self.coverage = coverage
        self.taken: dict[int, tuple[int, int]] = {}
        self.losses = Losses()
        self.columns = Columns(machine, journal, state, live)
        self.kept_at = 0.0
        self._machine = machine
        self._journal = journal
        self._state = state
        self._live = live
        self._vouching = Vouching(coverage, self.losses, self.columns.numbers[COVERED])

    @property
    def blocked(self) -> Cause | None:
        """Why the journal takes nothing now, or None."""
        return self._journal.size.blocked_for(self._machine.priority)

    @property
    def due(self) -> bool:
        """Whether it is time to tell how far the machine is known."""
        return self._vouching.due

    def recall(self) -> None:
        """Remember which messages an agent before took, and what it waited for.

        Tags that it read and that the machine has no more are declared as no longer read.
        """
        kept = self._journal.coverage.get(self._machine.id, {})
        taken = kept.get("taken", {})
        self.taken = {int(key): (of, after) for key, (of, after) in taken.items()}
        self.losses.take_over(self._machine.site, self._machine.id, kept.get("losses", ()))
        if kept and (gone := self.coverage.regain(kept)):
            self.retire(gone, Cause.PLANT_CHANGED)

    def lost(self, tags: Iterable[str], cause: Cause) -> None:
        """Note that tags are not read; what lies between will be a gap."""
        self.coverage.lost(tags, self.coverage.absence or cause)

    def absent(self) -> None:
        """Turn an absence that no session can bridge into a loss."""
        if (absence := self.coverage.absence) is not None:
            self.coverage.lost(self.coverage.known.groups, absence)
            self.coverage.absence = None

    def note(self) -> asyncio.Future[None]:
        """Keep the coverage as it is."""
        return self._append(Samples(), [], time.time_ns())

    def settle(self) -> asyncio.Future[None]:
        """Declare what tags have not come back to together after a loss."""
        return self._append(Samples(), self._unheld(self.coverage.settle()), time.time_ns())

    def declare(self, gaps: Sequence[Gap]) -> asyncio.Future[None]:
        """Declare gaps that waited for history."""
        return self._append(Samples(), gaps, time.time_ns())

    def backfilled(
        self, recorded: Sequence[tuple[str, Recorded]], gaps: Sequence[Gap]
    ) -> asyncio.Future[None]:
        """Journal values of the server's history, with what is left of the loss they were for.

        Args:
            recorded: tag id and value.
            gaps: what history was found not to have, once the loss is over.
        """
        samples = Samples()
        for tag, each in recorded:
            samples.series.append(self.columns.numbers[tag])
            samples.source_ns.append(each.source_ns)
            samples.server_ns.append(each.server_ns)
            samples.statuses.append(each.status)
            samples.values.append(each.value)
        return self._append(samples, gaps, time.time_ns())

    def _unheld(self, gaps: Sequence[Gap]) -> list[Gap]:
        """Hold back what history may give and return what is to be declared at once."""
        return [gap for gap in gaps if not self.losses.hold(gap, self.coverage.spans_of(gap))]

    def retire(self, tags: Sequence[str], cause: Cause) -> None:
        """Declare that tags are no longer read, and keep the coverage without them."""
        now_ns = time.time_ns()
        gaps = [*self.losses.retire(tags), *self.coverage.retire(tags, now_ns, cause)]
        self._append(Samples(), gaps, now_ns)
        self._journal.coverage[self._machine.id] = self._state_json()
        if self._live is not None:
            self._live.forget(self._machine.id, tags)

    def adapt(self, machine: Machine) -> None:
        """Take other tags of the machine from now on; the journal knows them already."""
        left = {tag.id for tag in machine.tags}
        if gone := [tag for tag in self.coverage.known.groups if tag not in left]:
            self.retire(gone, Cause.PLANT_CHANGED)
        self._machine = machine
        self.columns.adapt(machine)
        self._vouching.adapt(self.columns.numbers[COVERED])
        self.coverage.extend(*groups_of(machine), time.time_ns(), Cause.PLANT_CHANGED)
        self.note()
        self._journal.coverage[machine.id] = self._state_json()

    def keep(
        self, samples: Samples, gaps: Sequence[Gap], published_ns: int | None
    ) -> asyncio.Future[None] | None:
        """Journal new values with the gaps they settle; None when there is nothing.

        Args:
            samples: the values.
            gaps: gaps found with them.
            published_ns: when the machine told them, or None when it gave no time.
        """
        if not samples and not gaps:
            return None
        declared = self._unheld(gaps)
        now_ns = time.time_ns()
        self._state.messages += 1
        self._state.values += len(samples)
        if samples:
            self._state.lag_s = (now_ns - max(samples.source_ns)) / 1e9
        return self._append(samples, declared, published_ns or now_ns)

    def _append(
        self, samples: Samples, gaps: Sequence[Gap], published_ns: int
    ) -> asyncio.Future[None]:
        self.kept_at = asyncio.get_running_loop().time()
        if not samples and (vouched := self._vouching.vouch(samples)):
            published_ns = vouched
        now_ns = time.time_ns()
        gaps = [bounded(gap, now_ns) for gap in gaps]
        self._state.gaps += len(gaps)
        self._state.last_gap = gaps[-1] if gaps else self._state.last_gap
        for gap in gaps:
            log.warning(
                "edge.gap",
                machine=gap.machine,
                tag=gap.tag,
                seconds=round((gap.end_ns - gap.start_ns) / 1e9, 3),
                cause=gap.cause,
            )
        machine, state = self._machine, self._state_json()
        entry = Entry(
            machine.site,
            machine.id,
            published_ns,
            samples,
            gaps,
            json.dumps({key: value for key, value in state.items() if key not in BY_TAG}),
            source_times=self.coverage.known.take_source_times(self.columns.numbers),
        )
        return self._journal.append(entry, machine.priority)

    def _state_json(self) -> dict[str, Any]:
        return {
            **self.coverage.to_json(),
            "taken": self.taken,
            "losses": self.losses.to_json(),
        }

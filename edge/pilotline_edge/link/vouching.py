"""Vouching: tells in the historian how far a machine is known (`edge.covered`)."""

import asyncio
import time

from pilotline_edge.backfill.loss import Losses
from pilotline_edge.journal import Samples
from pilotline_edge.link.coverage import Coverage
from pilotline_edge.link.plausible import AHEAD_NS
from pilotline_historian import GOOD

_VOUCH_S = 10.0


class Vouching:
    """Says each ten seconds up to which source time a machine is known.

    Characteristics
        order: in a record of its own, after all that it vouches for
        losses: where one is not declared yet, nothing behind it is vouched for
        clocks: nothing is vouched for that lies more than two days ahead of ours
    """

    def __init__(self, coverage: Coverage, losses: Losses, series: int) -> None:
        self._coverage = coverage
        self._losses = losses
        self._series = series
        self._at: float | None = None
        self._vouched_ns = 0

    def adapt(self, series: int) -> None:
        """Write to the series with this number of the journal from now on."""
        self._series = series

    @property
    def due(self) -> bool:
        """Whether it is time to tell how far the machine is known."""
        return self._at is not None and asyncio.get_running_loop().time() >= self._at

    def vouch(self, samples: Samples) -> int:
        """Add up to when the machine is known and return it, ns UTC; 0 when nothing is due."""
        first = self._at is None
        if not first and not self.due:
            return 0
        self._at = asyncio.get_running_loop().time() + _VOUCH_S
        mark = None if self._losses else self._coverage.watermark()
        if first or mark is None or mark[0] <= self._vouched_ns:
            return 0
        if mark[0] > time.time_ns() + AHEAD_NS:
            return 0
        self._vouched_ns, missing = mark
        samples.series.append(self._series)
        samples.source_ns.append(self._vouched_ns)
        samples.server_ns.append(None)
        samples.statuses.append(GOOD)
        samples.values.append(missing)
        return self._vouched_ns

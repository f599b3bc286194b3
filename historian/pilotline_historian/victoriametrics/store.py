"""The VictoriaMetrics historian, which is written and not read."""

import re
import time
from collections.abc import Iterator, Sequence
from typing import Final, NoReturn

import structlog

from pilotline_historian.annotation import Annotation, Withdrawal
from pilotline_historian.errors import HistorianRefused
from pilotline_historian.event import Event
from pilotline_historian.historian import Rejected, RejectedEvent, WriteResult
from pilotline_historian.influxdb.delivery import Delivery
from pilotline_historian.influxdb.server import Address, Server
from pilotline_historian.sample import Bucket, Gap, Sample, Series
from pilotline_historian.victoriametrics.lines import NO_TEXT, MetricEncoder, fault, time_fault

_HOUR_NS: Final = 3_600 * 10**9
_DAY_NS: Final = 24 * _HOUR_NS
_ASK_EVERY_S: Final = 600.0
"""How long a retention is believed; a server that starts again may have another."""

_UNIT_HOURS: Final = {"h": 1, "d": 24, "w": 168, "y": 8_760, "": 744}
"""Hours of VictoriaMetrics' units; a bare number counts months of 31 days."""

_RETENTION: Final = re.compile(
    r'flag\{name="retentionPeriod", ?value="(\d+(?:\.\d+)?)([hdwy]?)"', re.ASCII
)

_log = structlog.get_logger()


class VictoriaMetricsHistorian:
    """A target for dashboards: it takes numbers, and rounds them.

    VictoriaMetrics keeps milliseconds and some twelve to eighteen digits, text not at all, and
    answers 204 even to what it drops. So what it would drop is rejected here, with the reason, and
    nothing is read back as if it were what a machine sent.

    Characteristics
        buffered: no
        idempotent: a sample written again has the same points again
        rejected: text, events, NaN, numbers from 1e18 on, times before the server's retention or
            two days ahead
        rounded by the server: times down to milliseconds; numbers
        retries: none; `HistorianUnavailable` says when to try again
        threads: any

    Args:
        address: where the server is; its bucket is what metric names begin with.
    """

    def __init__(self, address: Address) -> None:
        self._server = Server(address)
        self._delivery = Delivery(self._server.write)
        self._encoder = MetricEncoder(address.bucket)
        self._keep_ns: int | None = None
        self._ask_at = 0.0

    def write(self, samples: Sequence[Sample]) -> WriteResult:
        """Store samples; see `Historian.write`."""
        if not samples:
            return WriteResult(0)
        now_ns, oldest_ns = self._times()
        rejected: list[Rejected] = []
        sound: list[Sample] = []
        for sample in samples:
            reason = fault(sample, oldest_ns, now_ns)
            if reason is None:
                sound.append(sample)
            else:
                rejected.append(Rejected(sample, reason))
        if sound:
            bad = self._delivery.deliver([self._encoder.line(each).encode() for each in sound])
            rejected.extend(Rejected(sound[place], reason) for place, reason in bad.items())
        return WriteResult(len(samples) - len(rejected), tuple(rejected))

    def write_gaps(self, gaps: Sequence[Gap]) -> None:
        """Store gaps, and leave out those the server would drop for their time."""
        if not gaps:
            return
        now_ns, oldest_ns = self._times()
        lines = []
        for gap in gaps:
            reason = time_fault(gap.start_ns, oldest_ns, now_ns)
            if reason is None:
                lines.append(self._encoder.gap_line(gap).encode())
            else:
                _log.warning("historian.gap_expired", gap=str(gap), reason=reason)
        if lines and (bad := self._delivery.deliver(lines)):
            raise HistorianRefused(f"{self._server.address.url} does not take gaps: {bad}")

    def write_events(self, events: Sequence[Event]) -> tuple[RejectedEvent, ...]:
        """Reject events, which are text."""
        return tuple(RejectedEvent(event, NO_TEXT) for event in events)

    def annotate(self, annotation: Annotation) -> None:
        """Refuse notes, which are text.

        Raises:
            HistorianRefused: always.
        """
        raise HistorianRefused(f"{self._server.address.url} takes no note: {NO_TEXT}")

    def withdraw(self, annotation_id: str, withdrawal: Withdrawal) -> bool:
        """Return that there is no such note."""
        return False

    def annotations(
        self, machine: str | None, start_ns: int, end_ns: int, *, withdrawn: bool = False
    ) -> list[Annotation]:
        """Refuse: see `_not_read`."""
        self._not_read()

    def retain(self, keep_ns: int | None) -> None:
        """Check that the server keeps samples so long; it is told when it is started.

        Raises:
            HistorianUnavailable: ask again later.
            HistorianRefused: it keeps them for less.
        """
        kept_ns = self._asked_retention()
        wanted_ns = 100 * _UNIT_HOURS["y"] * _HOUR_NS if keep_ns is None else keep_ns
        if kept_ns < wanted_ns:
            raise HistorianRefused(
                f"{self._server.address.url} keeps {kept_ns // _DAY_NS} days; start it with "
                f"-retentionPeriod={-(-wanted_ns // _DAY_NS)}d, it is told nowhere else"
            )

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def series(self) -> list[Series]:
        """Refuse: see `_not_read`."""
        self._not_read()

    def raw(self, series: Series, start_ns: int, end_ns: int) -> Iterator[Sample]:
        """Refuse: see `_not_read`."""
        self._not_read()

    def buckets(self, series: Series, start_ns: int, end_ns: int, points: int) -> list[Bucket]:
        """Refuse: see `_not_read`."""
        self._not_read()

    def last(self, series: Sequence[Series]) -> dict[Series, Sample]:
        """Refuse: see `_not_read`."""
        self._not_read()

    def gaps(self, machine: str | None, start_ns: int, end_ns: int) -> list[Gap]:
        """Refuse: see `_not_read`."""
        self._not_read()

    def events(self, machine: str | None, start_ns: int, end_ns: int) -> Iterator[Event]:
        """Refuse: see `_not_read`."""
        self._not_read()

    def _not_read(self) -> NoReturn:
        """Refuse to give rounded numbers for what a machine sent."""
        name = self._server.address.bucket
        raise HistorianRefused(
            f"{self._server.address.url} is VictoriaMetrics, which rounds what it is given; read "
            f"metrics {name}_value and {name}_status by its own pages or Grafana, and give "
            f"Pilotline an sqlite:// or influxdb:// historian to read from"
        )

    def _times(self) -> tuple[int, int]:
        """Return this moment, and since when the server keeps points."""
        if self._keep_ns is None or time.monotonic() >= self._ask_at:
            self._keep_ns = self._asked_retention()
            self._ask_at = time.monotonic() + _ASK_EVERY_S
        now_ns = time.time_ns()
        return now_ns, now_ns - self._keep_ns

    def _asked_retention(self) -> int:
        told = self._server.call("GET", "/metrics", [], {"Accept": "text/plain"}, None)
        found = _RETENTION.search(told.decode(errors="replace"))
        if found is None:
            raise HistorianRefused(
                f"{self._server.address.url}/metrics does not tell flag retentionPeriod; "
                f"write to a single-node VictoriaMetrics whose /metrics may be read"
            )
        return round(float(found[1]) * _UNIT_HOURS[found[2]] * _HOUR_NS)

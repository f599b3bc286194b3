"""The historian of the chaos: a strict write endpoint that fails in every way when told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pilotline_historian import COVERED, Gap, Sample, Series
from pilotline_historian.influxdb.events import EVENT
from pilotline_historian.influxdb.line_protocol import GAP, SAMPLE
from tests.historian.influx_write import Answer, Endpoint, write_endpoint
from tests.historian.line_protocol import Point

_PICKED = 97


@dataclass
class Stored:
    """What the endpoint holds, as the judges read historians.

    Attributes:
        endpoint: the endpoint.
        lines: lines it took; more than its points when some came again.
        planted: source times of values it refused for good.
        fault: what it answers now instead, or None.
    """

    endpoint: Endpoint
    lines: int = 0
    planted: set[int] = field(default_factory=set)
    fault: Answer | None = None

    @property
    def again(self) -> int:
        """How many lines came again."""
        return self.lines - len(self.endpoint.points) - len(self.planted)

    def answer(self, lines: list[str]) -> Answer | None:
        """Say what the endpoint answers to a write."""
        if self.fault is None:
            self.lines += len(lines)
        return self.fault

    def picks(self, point: Point) -> bool:
        """Refuse one value in a hundred for good, and remember which."""
        if point.time_ns // 1_000_000 % _PICKED or "tag" not in point.tags:
            return False
        if point.tags["tag"] == COVERED or point.fields.keys() & {"end_ns"}:
            return False
        self.planted.add(point.time_ns)
        return True

    def copy(self) -> "Stored":
        """Return what it holds at this moment."""
        return Stored(Endpoint(points=dict(self.endpoint.points)), planted=set(self.planted))

    def vouched_ns(self, machine: str) -> int:
        """Return the source time up to which the agent vouches for every tag of a machine."""
        return max(
            (
                time_ns
                for tags, time_ns, fields in self._of(SAMPLE)
                if (tags["machine"], tags["tag"]) == (machine, COVERED)
                and not fields.get("value_int")
                and not fields.get("value_float")
            ),
            default=0,
        )

    def well(self) -> None:
        """Take everything."""
        self.fault, self.endpoint.is_bad = None, lambda point: False
        self.endpoint.reset, self.endpoint.cut, self.endpoint.delay_s = False, None, 0.0

    def _of(self, measurement: str) -> Iterator[tuple[dict[str, str], int, dict[str, object]]]:
        for (name, tags, time_ns), fields in self.endpoint.points.items():
            if name == measurement:
                yield dict(tags), time_ns, dict(fields)

    def raw(self, series: Series, start_ns: int, end_ns: int) -> Iterator[Sample]:
        """Yield the values of a series; every value of the chaos is a double."""
        wanted = series._asdict()
        for tags, time_ns, fields in self._of(SAMPLE):
            if tags == wanted and start_ns <= time_ns < end_ns:
                value, status = fields.get("value_float"), fields["status"]
                if fields["kind"] == "-0":
                    value = -0.0
                assert isinstance(value, float | None)
                assert isinstance(status, int)
                yield Sample(series, time_ns, value, status, None)

    def gaps(self, machine: str | None, start_ns: int, end_ns: int) -> list[Gap]:
        """Return the declared gaps in the order of their starts."""
        found = []
        for tags, time_ns, fields in self._of(GAP):
            end = fields["end_ns"]
            assert isinstance(end, int)
            gap = Gap(tags["site"], tags["machine"], tags.get("tag"), time_ns, end, tags["cause"])
            if machine in (None, gap.machine) and start_ns <= gap.end_ns and time_ns <= end_ns:
                found.append(gap)
        return sorted(found, key=lambda gap: (gap.start_ns, gap.tag or ""))

    def events(self, machine: str) -> list[tuple[str, int]]:
        """Return message and time of each event."""
        return [
            (str(fields["message"]), int(str(fields["time_ns"])))
            for tags, _, fields in self._of(EVENT)
            if tags["machine"] == machine
        ]


@contextmanager
def storing() -> Iterator[Stored]:
    """Serve the endpoint until the block ends."""
    with write_endpoint() as endpoint:
        stored = Stored(endpoint)
        endpoint.answer = stored.answer
        yield stored

"""Reporting: which readings become emissions, and the faults engineers inject between the two."""

from collections.abc import Mapping, Sequence

from pilotline_plant import Tag
from pilotline_simulators.emission import GOOD, Emission, Value, is_bad


class Reporter:
    """Turns readings into emissions.

    A reading becomes an emission when its status changes or its value differs from the tag's last
    emission, by more than the tag's deadband where it has one. So every emission passes the filter
    of every client, also in a server that compares a deadband with the last sample.

    Args:
        tags: the machine's tags.
    """

    def __init__(self, tags: Sequence[Tag]) -> None:
        self._deadbands: Mapping[str, float] = {tag.id: tag.deadband for tag in tags}
        self._last: dict[str, tuple[Value, int]] = {}
        self._forced: dict[str, Value] = {}
        self._status: dict[str, int] = {}

    def force(self, tag_id: str, value: Value) -> None:
        """Let a tag show a value whatever is measured, until `release`."""
        self._forced[tag_id] = value

    def spoil(self, tag_id: str, status: int) -> None:
        """Let a tag have a status that is not good, until `release`."""
        self._status[tag_id] = status

    def release(self, tag_id: str) -> None:
        """Let a tag show what is measured again."""
        self._forced.pop(tag_id, None)
        self._status.pop(tag_id, None)

    def last(self, tag_id: str) -> Value:
        """Return the value a tag emitted last, None when its status is bad or it has none."""
        return self._last.get(tag_id, (None, GOOD))[0]

    def report(self, tag_id: str, time_ns: int, reading: Value) -> Emission | None:
        """Return the emission a reading leads to, or None when there is nothing new.

        Args:
            tag_id: the tag.
            time_ns: source time.
            reading: what the sensor reads, of the tag's type.
        """
        emission = self.emission(tag_id, time_ns, reading)
        return None if emission.repeat else emission

    def emission(self, tag_id: str, time_ns: int, reading: Value) -> Emission:
        """Return the emission of a reading, marked as a repeat when there is nothing new."""
        status = self._status.get(tag_id, GOOD)
        value = None if is_bad(status) else self._forced.get(tag_id, reading)
        repeat = not self._is_news(tag_id, value, status)
        if not repeat:
            self._last[tag_id] = (value, status)
        return Emission(tag_id, time_ns, value, status, repeat)

    def _is_news(self, tag_id: str, value: Value, status: int) -> bool:
        last = self._last.get(tag_id)
        if last is None or last[1] != status:
            return True
        former, deadband = last[0], self._deadbands[tag_id]
        if deadband > 0 and isinstance(former, int | float) and isinstance(value, int | float):
            # Written so that NaN, whose comparisons are all false, counts as news.
            return not abs(value - former) <= deadband
        return value != former

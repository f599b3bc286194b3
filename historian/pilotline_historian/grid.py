"""Edges of equally wide buckets, the same in every back end."""

from dataclasses import dataclass
from typing import Self

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS

_FEWEST_PER_BUCKET = 4
"""Rounding a width up to its resolution costs at most a quarter of the buckets."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Equally wide buckets over an interval.

    Wide buckets have their edges on whole seconds, minutes or hours, so that stored rollups add
    up to them exactly; the first bucket may therefore begin before the interval does.

    Attributes:
        origin_ns: start of the first bucket.
        width_ns: width of every bucket, a multiple of `resolution_ns`.
        resolution_ns: 1 h, 1 min, 1 s or 1 ns; `origin_ns` is a multiple of it too.
    """

    origin_ns: int
    width_ns: int
    resolution_ns: int

    @classmethod
    def over(cls, start_ns: int, end_ns: int, points: int) -> Self:
        """Return a grid with at most `points` buckets that covers ``[start_ns, end_ns)``.

        Raises:
            ValueError: `points` is less than 1 or the interval is empty.
        """
        if points < 1:
            raise ValueError(f"points is {points}, ask for at least 1")
        if end_ns <= start_ns:
            raise ValueError(f"the interval [{start_ns}, {end_ns}) is empty")
        resolution = _resolution((end_ns - start_ns) // points)
        origin = start_ns - start_ns % resolution
        exact = -(-(end_ns - origin) // points)
        return cls(origin, -(-exact // resolution) * resolution, resolution)

    def start_ns(self, index: int) -> int:
        """Return where bucket number `index` starts."""
        return self.origin_ns + index * self.width_ns


def _resolution(width_ns: int) -> int:
    for resolution in (HOUR_NS, MINUTE_NS, SECOND_NS):
        if width_ns >= _FEWEST_PER_BUCKET * resolution:
            return resolution
    return 1

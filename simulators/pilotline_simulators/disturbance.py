"""Disturbances: now and then a value leaves its limits for a while, so that alarms happen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from pilotline_plant import DataType, Limits, Tag
from pilotline_simulators.operation import Operation

EVERY_S = 40 * 60.0
"""Mean producing time of a machine between two disturbances: among 24, some five in ten minutes."""
_SEVERE_SHARE = 0.2
_NOTICED_SHARE = 0.5
"""How far an excursion is on its way when the machine's controller notices."""
_BEYOND = 0.04
"""How far a value goes beyond its limit, relative to its range."""


@dataclass(slots=True)
class Excursion:
    """A value on its way beyond a limit and back.

    Attributes:
        tag: tag id.
        peak: value it goes to.
        rise_s: how long it takes to get there, and to come back.
        hold_s: how long it stays.
        severe: whether it goes beyond the outermost limit.
        elapsed_s: how long it has been going on.
    """

    tag: str
    peak: float
    rise_s: float
    hold_s: float
    severe: bool = False
    elapsed_s: float = 0.0

    @property
    def over(self) -> bool:
        """Whether the value is back."""
        return self.elapsed_s >= 2 * self.rise_s + self.hold_s

    @property
    def share(self) -> float:
        """How far it is on its way, 1 at the peak."""
        left_s = 2 * self.rise_s + self.hold_s - self.elapsed_s
        return max(0.0, min(1.0, self.elapsed_s / self.rise_s, left_s / self.rise_s))

    def apply(self, quantity: float) -> float:
        """Return the disturbed value of a quantity."""
        return quantity + self.share * (self.peak - quantity)


class Disturbances:
    """Draws excursions of a machine's tags while it produces.

    Args:
        tags: the machine's tags; only numbers with alarm limits are disturbed.
        random: source of randomness.
        every_s: mean producing time between two, or None for none but those asked for.
    """

    def __init__(self, tags: Sequence[Tag], random: Random, every_s: float | None) -> None:
        self._tags: Mapping[str, Tag] = {tag.id: tag for tag in tags if _can_alarm(tag)}
        self._random = random
        self._every_s = every_s
        self._present: dict[str, Excursion] = {}

    def step(self, operation: Operation) -> None:
        """Move the present excursions on and perhaps begin one."""
        for excursion in list(self._present.values()):
            excursion.elapsed_s += operation.dt_s
            if excursion.over:
                del self._present[excursion.tag]
        if not (operation.producing and self._tags and self._every_s):
            return
        if self._random.random() < operation.dt_s / self._every_s:
            tag = self._random.choice(sorted(self._tags))
            self.begin(tag, severe=self._random.random() < _SEVERE_SHARE)

    def begin(self, tag_id: str, *, severe: bool = False, hold_s: float | None = None) -> bool:
        """Send a tag beyond a limit; return False when it has none.

        Args:
            tag_id: the tag.
            severe: whether it goes beyond the outermost limit rather than the inner one.
            hold_s: how long it stays beyond, drawn at random where None.
        """
        tag = self._tags.get(tag_id)
        if tag is None or tag.limits is None:
            return False
        rise_s = self._random.uniform(8.0, 20.0)
        drawn_s = self._random.uniform(20.0, 75.0)
        self._present[tag_id] = Excursion(
            tag=tag_id,
            peak=self._peak(tag.limits, severe=severe),
            rise_s=rise_s,
            severe=severe,
            hold_s=drawn_s if hold_s is None else hold_s,
        )
        return True

    def deviations(self) -> dict[str, bool]:
        """Return the tags that are at least half on their way beyond, and whether severely."""
        return {
            tag: excursion.severe
            for tag, excursion in self._present.items()
            if excursion.share >= _NOTICED_SHARE
        }

    def apply(self, tag_id: str, quantity: float) -> float:
        """Return a quantity as the present excursion, if any, disturbs it."""
        excursion = self._present.get(tag_id)
        return quantity if excursion is None else excursion.apply(quantity)

    def _peak(self, limits: Limits, *, severe: bool) -> float:
        upper = _sides(limits.high, limits.high_high)
        lower = _sides(limits.low, limits.low_low)
        rising = bool(upper) and (not lower or self._random.random() < 0.7)
        side = upper if rising else lower
        limit = side[-1] if severe else side[0]
        margin = max(_BEYOND * _span(limits), 2 * limits.hysteresis)
        peak = limit + margin if rising else limit - margin
        if not severe and len(side) > 1:
            # An ordinary alarm stays short of the next one.
            peak = (side[0] + side[1]) / 2 if abs(peak - limit) > abs(side[1] - limit) / 2 else peak
        return peak


def _can_alarm(tag: Tag) -> bool:
    limits = tag.limits
    return (
        limits is not None
        and tag.role == "value"
        and tag.data_type not in {DataType.BOOLEAN, DataType.STRING}
        and bool(_sides(limits.high, limits.high_high) or _sides(limits.low, limits.low_low))
    )


def _sides(inner: float | None, outer: float | None) -> list[float]:
    return [limit for limit in (inner, outer) if limit is not None]


def _span(limits: Limits) -> float:
    known = [*_sides(limits.low, limits.low_low), *_sides(limits.high, limits.high_high)]
    return max(known) - min(known) or max(abs(known[0]), 1.0)

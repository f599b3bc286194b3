"""Collects mistakes while a problem is validated."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pilotline_scheduler.errors import Mistake
from pilotline_scheduler.problem.resources import Interval

MAX_TICK = 2**31 - 1
"""Latest tick and longest duration: 68 years of seconds; sums of them stay within 64 bits."""
MAX_WEIGHT = 2**20
"""Largest weight, for the same reason."""


@dataclass(slots=True)
class Findings:
    """The mistakes found so far."""

    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, pointer: str, value: object, reason: str) -> None:
        """Note a mistake at a JSON pointer."""
        self.mistakes.append(Mistake(pointer, json.dumps(value, default=str), reason))

    def unique(self, pointer: str, ids: Iterable[str], what: str) -> None:
        """Note every id that was used before."""
        seen: set[str] = set()
        for index, name in enumerate(ids):
            if name in seen:
                self.add(f"{pointer}/{index}/id", name, f"another {what} has this id")
            seen.add(name)

    def known(self, pointer: str, name: str | None, ids: Iterable[str], what: str) -> bool:
        """Note a reference to nothing; None refers to nothing on purpose."""
        if name is None or name in ids:
            return True
        self.add(pointer, name, f"there is no such {what}")
        return False

    def tick(self, pointer: str, value: int | None, lowest: int = 0) -> None:
        """Note a time or duration out of range; None is no time."""
        if value is not None and not lowest <= value <= MAX_TICK:
            self.add(pointer, value, f"must be from {lowest} to {MAX_TICK} ticks")

    def steps(self, pointer: str, steps: Sequence[tuple[int, int]]) -> None:
        """Note steps of a value over time that are out of order or range; there may be none."""
        if steps and steps[0][0] != 0:
            self.add(f"{pointer}/0/0", steps[0][0], "the first step must be at tick 0")
        for index, (tick, value) in enumerate(steps):
            self.tick(f"{pointer}/{index}/0", tick)
            self.tick(f"{pointer}/{index}/1", value)
        for index, (before, after) in enumerate(pairwise(steps), 1):
            if after[0] <= before[0]:
                self.add(f"{pointer}/{index}/0", after[0], f"must be after tick {before[0]}")

    def interval(self, pointer: str, interval: Interval) -> None:
        """Note an interval that is empty or out of range."""
        self.tick(f"{pointer}/start", interval.start)
        self.tick(f"{pointer}/end", interval.end)
        if interval.end <= interval.start:
            self.add(f"{pointer}/end", interval.end, f"must be after the start {interval.start}")

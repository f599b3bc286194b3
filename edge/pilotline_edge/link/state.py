"""State: what an agent knows of a machine's connection, for status, live feed and tests."""

import time
from collections import Counter
from dataclasses import dataclass, field

from pilotline_edge.link.skew import ClockSkew
from pilotline_edge.live.feed import LinkState
from pilotline_historian import Gap


@dataclass(slots=True)
class MachineState:
    """Counts and facts of one machine since the agent's start.

    Attributes:
        machine: machine id.
        link: whether it is connected, since when, and why not.
        values: values taken.
        suppressed: values that came and were within their tag's deadband.
        messages: notification messages taken.
        events: events taken.
        conditions: conditions that stand at the machine.
        duplicates: messages that came a second time and were dropped.
        missing: messages that were lost for good and declared as gaps.
        gaps: gaps declared.
        gaps_healed: gaps that the server's history filled whole, so that they were not declared.
        backfilled: values read from the server's history.
        last_gap: the gap declared last, or None.
        reconnects: connections made after the first.
        restarts: times the reader of the machine failed and was started anew.
        lag_s: age of the newest value of the last message when it arrived, or None.
        skew: how far the machine's clock is from ours.
        healed_by: how often each step healed a subscription or a loss.
        last_healed: the step that healed last and its wall-clock milliseconds, or None.
        bad_tags: reason per tag that the server refuses.
    """

    machine: str
    link: LinkState
    values: int = 0
    suppressed: int = 0
    messages: int = 0
    events: int = 0
    conditions: int = 0
    duplicates: int = 0
    missing: int = 0
    gaps: int = 0
    gaps_healed: int = 0
    backfilled: int = 0
    reconnects: int = 0
    restarts: int = 0
    last_gap: Gap | None = None
    lag_s: float | None = None
    skew: ClockSkew = field(default_factory=ClockSkew)
    healed_by: Counter[str] = field(default_factory=Counter)
    last_healed: tuple[str, int] | None = None
    bad_tags: dict[str, str] = field(default_factory=dict)

    def connected(self) -> None:
        """Note that values arrive."""
        self.link = LinkState(True, _now_ms(), None)

    def healed(self, step: str) -> None:
        """Note what brought a subscription back."""
        self.healed_by[step] += 1
        self.last_healed = (step, _now_ms())

    def disconnected(self, cause: str) -> None:
        """Note that no values arrive, and why."""
        before = self.link
        if before.connected:
            self.link = LinkState(False, _now_ms(), cause)
        elif before.cause != cause:
            self.link = LinkState(False, before.since_ms, cause)


def begun(machine: str) -> MachineState:
    """Return the state of a machine not connected yet."""
    return MachineState(machine, LinkState(False, _now_ms(), "the agent has just started"))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

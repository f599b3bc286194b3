"""Sequences of faults: drawn from a seed, written as text, replayed, and shrunk."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Self


@dataclass(frozen=True, slots=True)
class Step:
    """One fault.

    Attributes:
        after_s: wait since the step before began; 0 for two faults at once.
        kind: what goes wrong, a key of `KINDS`.
        lasts_s: how long it does.
        machine: number of the machine it happens to, where it happens to one.
        amount: how bad it is, from 0 to 1.
    """

    after_s: float
    kind: str
    lasts_s: float
    machine: int
    amount: float

    def __str__(self) -> str:
        """Return it as `parse` reads it."""
        return f"{self.after_s} {self.kind} {self.lasts_s} {self.machine} {self.amount}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Return the step that a line says."""
        after_s, kind, lasts_s, machine, amount = line.split()
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no fault; write one of {', '.join(KINDS)}")
        return cls(float(after_s), kind, float(lasts_s), int(machine), float(amount))


KINDS: Final[dict[str, tuple[float, float]]] = {
    # the agent's process
    "kill": (2.0, 1.0),
    "kill-starting": (0.7, 1.0),
    "terminate": (0.7, 1.0),
    "stop": (1.5, 8.0),
    "change-plant": (2.0, 0.0),
    "change-plant-unseen": (0.5, 1.0),
    # the network between machine and agent
    "reset": (3.0, 3.0),
    "tear": (3.0, 0.0),
    "pull": (1.5, 7.0),
    "freeze": (1.5, 8.0),
    "slow": (1.5, 4.0),
    # the machine's server
    "restart-server": (2.0, 1.5),
    "renumber-server": (1.0, 1.0),
    "forget-subscriptions": (1.5, 0.0),
    "clock-ahead": (0.5, 0.0),
    # the historian
    "historian-resets": (1.0, 6.0),
    "historian-late": (1.0, 4.0),
    "historian-busy": (1.0, 5.0),
    "historian-refuses": (0.5, 5.0),
    "historian-picks": (1.0, 5.0),
    "historian-cut": (1.0, 3.0),
    # the disk
    "disk-full": (1.5, 4.0),
}
"""Each fault with how often it is drawn and how long it lasts at most, seconds."""

QUICK: Final = tuple(
    kind for kind in KINDS if kind not in {"pull", "freeze", "stop", "disk-full", "clock-ahead"}
)
"""What needs neither long patience nor a disk of its own, and leaves times comparable."""


def drawn(
    seed: int,
    count: int,
    kinds: Iterable[str] = KINDS,
    *,
    machines: int = 2,
    pace: float = 1.0,
) -> list[Step]:
    """Return the sequence that a seed stands for.

    Args:
        seed: the seed.
        count: how many faults.
        kinds: which.
        machines: how many machines they may happen to.
        pace: factor of all times.
    """
    random, kinds = Random(seed), list(kinds)
    weights = [KINDS[kind][0] for kind in kinds]
    return [_step(random, random.choices(kinds, weights)[0], machines, pace) for _ in range(count)]


def _step(random: Random, kind: str, machines: int, pace: float) -> Step:
    after_s = pace * random.choice((0.0, random.uniform(0, 0.4), random.uniform(0.4, 2), 3.0))
    lasts_s = pace * KINDS[kind][1] * random.random() ** 2
    return Step(
        round(after_s, 3),
        kind,
        round(lasts_s, 3),
        random.randrange(machines),
        round(random.random(), 4),
    )


def parsed(text: str) -> list[Step]:
    """Return the steps of a text, one a line; what begins with # is left out."""
    lines = (line.strip() for line in text.splitlines())
    return [Step.parse(line) for line in lines if line and not line.startswith("#")]


def shrunk(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool]) -> list[Step]:
    """Return a shorter sequence that still fails: halves, quarters and single steps are left out.

    Args:
        steps: a sequence that fails.
        fails: runs one and returns whether it does; faults of timing may need several runs.
    """
    left, size = list(steps), max(len(steps) // 2, 1)
    while True:
        for at in range(0, len(left), size):
            fewer = left[:at] + left[at + size :]
            if fewer and fails(fewer):
                left = fewer
                break
        else:
            if size == 1:
                return left
            size //= 2

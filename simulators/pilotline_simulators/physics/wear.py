"""Wear: grows while a machine produces and goes back to 0 when it is maintained."""

from random import Random

from pilotline_simulators.operation import Operation


class Wear:
    """Wear of tools, seals, filters and nozzles, 0 when new and 1 when due for replacement.

    The part is replaced between two jobs once it is due.

    Args:
        life_s: producing time after which it is due.
        random: source of randomness; the part is already somewhat worn at the beginning.
    """

    def __init__(self, *, life_s: float, random: Random) -> None:
        self.value = random.uniform(0.0, 0.7)
        self._life_s = life_s
        self._random = random

    def step(self, operation: Operation) -> None:
        """Wear, or be replaced."""
        if operation.producing:
            self.value += operation.dt_s / self._life_s * self._random.uniform(0.6, 1.4)
        elif self.value >= 1.0 and not operation.job:
            self.value = 0.0

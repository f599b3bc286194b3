"""Vessels: a level that is emptied by production and filled again."""

from pilotline_simulators.operation import Operation


class Vessel:
    """A vessel with on-off filling between two levels.

    Args:
        full: level at which filling ends.
        empty: level at which filling begins.
        drain_s: time from full to empty while producing.
        fill_s: time from empty to full.
    """

    def __init__(self, *, full: float, empty: float, drain_s: float, fill_s: float) -> None:
        self.level = full
        self.filling = False
        self._full = full
        self._empty = empty
        self._drain = (full - empty) / drain_s
        self._fill = (full - empty) / fill_s

    def step(self, operation: Operation) -> None:
        """Drain while producing; fill once it is empty."""
        if self.level <= self._empty:
            self.filling = True
        elif self.level >= self._full:
            self.filling = False
        if self.filling and operation.energised:
            self.level = min(self.level + self._fill * operation.dt_s, self._full)
        elif operation.producing:
            self.level = max(self.level - self._drain * operation.dt_s, self._empty)

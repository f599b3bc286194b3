"""Places on a machine, and the sequence they make."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Slot(NamedTuple):
    """A place for an operation.

    Attributes:
        end: end of processing.
        start: start of processing.
        setup_start: start of its setup.
        setup_ticks: length of its setup.
        mode: position of the mode.
        position: place in the machine's sequence.
        reset: operation whose setup changes because of this one, or -1.
        reset_start: new start of that setup.
        reset_ticks: new length of that setup.
    """

    end: int
    start: int
    setup_start: int
    setup_ticks: int
    mode: int
    position: int
    reset: int
    reset_start: int
    reset_ticks: int


@dataclass(slots=True)
class Line:
    """The sequence of a machine, in parallel lists; `states` are those after each operation."""

    operations: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    states: list[int] = field(default_factory=list)

    def twin(self) -> "Line":
        """Return a copy that changes on its own."""
        return Line(list(self.operations), list(self.starts), list(self.ends), list(self.states))

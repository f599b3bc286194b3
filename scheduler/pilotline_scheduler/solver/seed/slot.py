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
        position: place in the machine's sequence; of the batch it joins, if it joins one.
        reset: operation whose setup changes because of this one, or -1.
        reset_start: new start of that setup.
        reset_ticks: new length of that setup.
        joins: first operation of the batch that it joins, or -1.
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
    joins: int = -1


@dataclass(slots=True)
class Line:
    """The sequence of a machine, in parallel lists; `states` are those after each operation.

    Of a batch only the first operation stands here.
    """

    operations: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    states: list[int] = field(default_factory=list)

    def twin(self) -> "Line":
        """Return a copy that changes on its own."""
        return Line(list(self.operations), list(self.starts), list(self.ends), list(self.states))

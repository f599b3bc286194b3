"""What can be wrong with a plant.

::

    PlantError
    └── PlantFileError   the plant file cannot be read or has mistakes; carries all of them
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class PlantError(Exception):
    """Base of every error of this room; catch it to catch them all."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a plant file.

    Attributes:
        file: the plant file.
        line: line of the offending key, from 1; 0 when the file itself cannot be read.
        key: dotted path of the key, such as ``machines.mill-1.tags.spindle_speed.unit``.
        value: the offending value as written, or an empty string when a key is missing or the
            value is a whole table.
        reason: what is wrong and what to do, one sentence.
    """

    file: Path
    line: int
    key: str
    value: str
    reason: str

    def __str__(self) -> str:
        """Return the mistake as ``file:line: key = value: reason``, without what is not known."""
        if not self.line:
            return f"{self.file}: {self.reason}"
        if not self.key:
            return f"{self.file}:{self.line}: {self.reason}"
        shown = f" = {self.value}" if self.value else ""
        return f"{self.file}:{self.line}: {self.key}{shown}: {self.reason}"


class PlantFileError(PlantError):
    """The plant file has mistakes; the message lists every one with its line."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))

"""What can go wrong with problems and plans.

::

    SchedulerError
    ├── MistakesError      a document has mistakes; carries all of them by JSON pointer
    │   ├── ProblemError   a problem is malformed or contradicts itself
    │   └── PlanError      a plan is malformed
    ├── FormatError        a file in another format cannot be read; carries its line
    ├── SolveError         a solve was asked for with impossible settings
    ├── AnalysisError      a plan cannot be explained, varied or weighed as asked
    ├── ReplanError        disruptions contradict the plan, or leave no plan
    └── QuoteError         a quote was asked for that cannot be given
"""

from collections.abc import Sequence
from dataclasses import dataclass


class SchedulerError(Exception):
    """Base of every error of this room; catch it to catch them all."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a problem or a plan.

    Attributes:
        pointer: JSON pointer (RFC 6901) to the offending value, such as ``/runs/3/due``.
        value: the offending value as JSON, shortened; empty when a key is missing.
        reason: what is wrong and what to do, one sentence.
    """

    pointer: str
    value: str
    reason: str

    def __str__(self) -> str:
        """Return the mistake as ``pointer = value: reason``."""
        shown = f" = {self.value}" if self.value else ""
        return f"{self.pointer or '/'}{shown}: {self.reason}"


class MistakesError(SchedulerError):
    """A document has mistakes; the message lists every one."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class ProblemError(MistakesError):
    """A problem is malformed or contradicts itself."""


class PlanError(MistakesError):
    """A plan is malformed."""


class FormatError(SchedulerError):
    """A file in another format cannot be read.

    Args:
        reason: what is wrong and what was expected.
        line: line in the file, from 1, or None when the file as a whole is meant.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(reason if line is None else f"line {line}: {reason}")


class SolveError(SchedulerError):
    """A solve was asked for with impossible settings."""


class AnalysisError(SchedulerError):
    """A plan cannot be explained, varied or weighed as asked: it breaks rules, or names nothing."""


class ReplanError(SchedulerError):
    """Disruptions contradict the problem or its plan, or leave no plan at all."""


class QuoteError(SchedulerError):
    """A quote was asked for that cannot be given, such as one for a name that is taken."""

"""Annotation: a person's note on an interval of a machine or of one tag."""

from dataclasses import dataclass

ANNOTATION_BYTES = 8_192
"""Longest text of a note in UTF-8."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Who took a note back, and when.

    Attributes:
        by: whoever did, as the place where it was done names people.
        at_ns: when, ns since the Unix epoch, UTC.
    """

    by: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """A note, such as "tool broke" or "probe taken out", that explains what samples show.

    A note is never changed and never removed: it is withdrawn, which leaves it with who did so, and
    perhaps another one is written. So a record of a run cannot be bettered unseen.

    Attributes:
        id: unique among all notes; a UUID as text, made by whoever writes the note.
        site: site id.
        machine: machine id.
        tag: tag id, or None for the whole machine.
        start_ns: first instant it is about, ns since the Unix epoch, UTC.
        end_ns: first instant after it, or `start_ns` where it is about one instant.
        text: what it says, at most `ANNOTATION_BYTES`.
        author: who wrote it.
        written_ns: when, ns UTC.
        withdrawal: who took it back; None while it counts.
    """

    id: str
    site: str
    machine: str
    tag: str | None
    start_ns: int
    end_ns: int
    text: str
    author: str
    written_ns: int
    withdrawal: Withdrawal | None = None

    @property
    def order(self) -> tuple[int, int, str]:
        """Place among others: by start, then by when they were written."""
        return (self.start_ns, self.written_ns, self.id)

    def touches(self, start_ns: int, end_ns: int) -> bool:
        """Return whether some of it lies in ``[start_ns, end_ns)``."""
        return self.start_ns < end_ns and (self.end_ns > start_ns or self.start_ns >= start_ns)

"""Poll: what was read at one instant, and what of it is new."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pilotline_edge.link.coverage import Seen
from pilotline_edge.subscription.publication import Change, Unsupported
from pilotline_historian import Value


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll of the tags of an interval.

    Attributes:
        at_ns: when the server answered, by its clock, ns UTC.
        changes: values that are others than at the poll before.
        seen: every tag that was read, with the source time its value has.
        gone: tags whose node the server has no more.
        after_missed: whether polls before it were missed, which is declared up to it.
        withheld: whether polls are being missed still: nothing is known but the values.
    """

    at_ns: int
    changes: Sequence[Change]
    seen: Sequence[Seen]
    gone: Sequence[str] = ()
    after_missed: bool = False
    withheld: bool = False


@dataclass(slots=True)
class _Read:
    """A value as it was read last, and the source time that it was kept with."""

    value: Value | Unsupported | None
    status: int
    sent_ns: int | None
    kept_ns: int


@dataclass(slots=True)
class LastRead:
    """Tells new values from those that were read before.

    Characteristics
        new: another source time, value or status, and the first one
        bounded: one value per tag
    """

    _of: dict[int, _Read] = field(default_factory=dict)

    def status(self, handle: int) -> int | None:
        """Return the status read last, or None before the first."""
        former = self._of.get(handle)
        return None if former is None else former.status

    def take(self, change: Change, at_ns: int) -> tuple[int, bool]:
        """Return the source time of a value, and whether it is new.

        A server that gives a changed value the source time of the one before would have it take
        that one's place in the historian, so it gets the time of the poll. So does a value that
        comes without a source time.
        """
        handle, value, status, source, server = change
        former = self._of.get(handle)
        if former is None:
            kept = source or server or at_ns
        elif status == former.status and _same(value, former.value):
            if source is None or source == former.sent_ns:
                return former.kept_ns, False
            kept = source
        elif source is None or source in (former.sent_ns, former.kept_ns):
            kept = max(server or at_ns, former.kept_ns + 1)
        else:
            kept = source
        self._of[handle] = _Read(value, status, source, kept)
        return kept, True


def _same(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    return one == other or (one != one and other != other)  # noqa: PLR0124 - NaN

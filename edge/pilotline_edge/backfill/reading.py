"""Reading: how far one tag's history has been read for one loss."""

from dataclasses import dataclass

from asyncua.ua.status_codes import StatusCodes

from pilotline_edge.backfill.answer import Answer
from pilotline_edge.backfill.archive import Question, Stretch
from pilotline_edge.backfill.evidence import Recorded, weigh
from pilotline_edge.backfill.loss import Loss
from pilotline_edge.link.opening import Span

_NEAR_NS = 10_000_000_000
"""Readings that begin within ten seconds are asked for together."""

_BEYOND_NS = 60_000_000_000

_WAITS_S = (1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
"""A server may write its history seconds after the values."""

MOST_PAGES = 20_000
"""Most answers read for one span; a server that lies could go on for ever."""

_MOST_TURNED_AWAY = 60
_TURNED_AWAY_S = 1.0
"""A server short of continuation points gives them to one reading after the other."""

_NEVER = {
    StatusCodes.BadHistoryOperationUnsupported,
    StatusCodes.BadHistoryOperationInvalid,
    StatusCodes.BadNodeIdUnknown,
    StatusCodes.BadNotReadable,
    StatusCodes.BadUserAccessDenied,
    StatusCodes.BadNotSupported,
    StatusCodes.BadNotImplemented,
}


@dataclass(slots=True)
class Reading:
    """One tag's history, read page by page until the loss's end is reached or nothing more comes.

    Characteristics
        bounded: `MOST_PAGES` answers; each must bring something later than the one before it, else
            it is asked again up to six times within half a minute and then given up

    Attributes:
        loss: what it is for.
        tag: tag id.
        due: loop time from which on it is to be asked.
        asked: the stretch last asked for.
        from_ns: where the next stretch begins at the latest.
        bounds: whether the value before it is wanted too.
        continuation: where the last answer broke off, or None.
        alone: whether the server cannot answer it together with others.
    """

    loss: Loss
    tag: str
    due: float = 0.0
    asked: Stretch | None = None
    from_ns: int = 0
    bounds: bool = False
    continuation: bytes | None = None
    alone: bool = False
    _seen_ns: int = 0
    _joined: bool = False
    _pages: int = 0
    _tries: int = 0
    _turned_away: int = 0

    def __post_init__(self) -> None:
        """Begin at the last value known, or before the loss where that is long ago."""
        known, start, _ = self.span
        self.bounds = start - known > _NEAR_NS
        self.from_ns = start if self.bounds else known

    @property
    def span(self) -> Span:
        """What is still missing."""
        return self.loss.spans[self.tag]

    @property
    def until_ns(self) -> int:
        """How far to ask.

        Where the end is not a value's own time, as after missed polls, only a later value shows
        that the history went on until then; so it is looked for once nothing came up to the end.
        """
        return self.span[2] + (_BEYOND_NS if self._tries else 0)

    def question(self) -> Question:
        """Return what to ask next."""
        return Question(self.tag, self.continuation)

    def goes_with(self, other: "Reading") -> bool:
        """Return whether one call can ask for both."""
        if self.alone or other.alone:
            return False
        if self.continuation is not None or other.continuation is not None:
            return (self.continuation is None) == (other.continuation is None) and (
                self.asked == other.asked
            )
        return abs(self.from_ns - other.from_ns) <= _NEAR_NS

    def take(self, answer: Answer, now: float) -> list[Recorded]:
        """Take an answer, advance the loss and return the values to keep.

        Args:
            answer: what the server said.
            now: loop time.
        """
        self._pages += 1
        self.continuation = None
        if self._pages > MOST_PAGES or answer.status in _NEVER:
            self._end()
            return []
        if answer.status == StatusCodes.BadBoundNotSupported and self.bounds:
            self._ask_from_known()
            return []
        if (
            answer.status == StatusCodes.BadNoContinuationPoints
            and self._turned_away < _MOST_TURNED_AWAY
        ):
            self._turned_away += 1
            self.alone, self._joined, self.due = True, False, now + _TURNED_AWAY_S
            return []
        if answer.status >> 31:
            self._wait(now)
            return []
        return self._advance(answer, now)

    def _advance(self, answer: Answer, now: float) -> list[Recorded]:
        span = self.span
        found = weigh(span, answer.recorded, joined=self._joined)
        if self.bounds and any(start == span[1] for start, _ in found.left):
            # asyncua's server knows no bounds; the value that joins may be older.
            self._ask_from_known()
            return []
        self.loss.left += [(self.tag, start, end) for start, end in found.left if end > start]
        self.loss.values += len(found.values)
        if found.open is None:
            del self.loss.spans[self.tag]
            return found.values
        self.loss.spans[self.tag] = found.open
        newest = max((each.source_ns for each in answer.recorded), default=0)
        if newest > self._seen_ns:
            # A continuation point goes on behind this page; a new question begins at its last
            # value, since asyncua's server cuts an answer short and gives no such point.
            self._seen_ns, self._tries, self.bounds = newest, 0, False
            self.from_ns = max(self.from_ns, newest)
            self.continuation = answer.continuation
            self._joined = found.joined and answer.continuation is not None
        else:
            self._wait(now)
        return found.values

    def _ask_from_known(self) -> None:
        self.bounds, self.from_ns, self._seen_ns = False, self.span[0], 0

    def _wait(self, now: float) -> None:
        self._joined = False
        if self._tries >= len(_WAITS_S):
            self._end()
            return
        self.due = now + _WAITS_S[self._tries]
        self._tries += 1

    def _end(self) -> None:
        self.loss.give_up(self.tag)

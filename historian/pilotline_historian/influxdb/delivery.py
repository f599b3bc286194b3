"""Bringing lines to a server that takes only part of them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from pilotline_historian.errors import HistorianError, HistorianRefused
from pilotline_historian.influxdb.errors import BodyTooLarge, LinesRejected

FIRST_BODY_BYTES: Final = 8 * 2**20
"""Largest body tried, before compression."""

_DOUBTFUL_LINES: Final = 16
"""After this many bad lines and none taken, the request may be at fault and not the lines."""

_UNFINISHED: Final = 2
"""Broken-off batches remembered: an edge delivers new records beside a backlog."""

_Run = tuple[int, int]


@dataclass(slots=True)
class _Progress:
    """How far the delivery of a batch has come.

    Attributes:
        lines: the batch.
        waiting: runs of lines that no answer has settled yet, in order.
        bad: places of lines that will never be taken, with the reason.
        taken: whether the server took a line of the batch.
        doubtful: a complaint that may be about the request and not about lines, or empty.
        answers: how many requests the server has judged.
    """

    lines: Sequence[bytes]
    waiting: deque[_Run]
    bad: dict[int, str] = field(default_factory=dict)
    taken: bool = False
    doubtful: str = ""
    answers: int = 0

    def places(self, run: _Run) -> Sequence[int]:
        """Return the places of a run's lines that are not known to be bad."""
        return (
            [place for place in range(*run) if place not in self.bad] if self.bad else range(*run)
        )

    def judge(self, run: _Run, sent: Sequence[int], error: LinesRejected) -> None:
        """Note a complaint: lines are bad, or the halves of the run wait."""
        start, stop = run
        if not error.certain:
            self.doubtful = str(error)
        if len(sent) == 1 or (error.certain and error.dropped == len(sent)):
            self.bad.update(dict.fromkeys(sent, str(error)))
        elif named := self._named(sent, error):
            self.bad.update(named)
            self.waiting.appendleft(run)
        else:
            middle = (start + stop) // 2
            self.waiting.extendleft(((middle, stop), (start, middle)))

    def _named(self, sent: Sequence[int], error: LinesRejected) -> dict[int, str]:
        """Return the bad lines that the server names, unless it numbers them otherwise than we."""
        named: dict[int, str] = {}
        for number, (text, reason) in error.named.items():
            if not (0 < number <= len(sent) and _repeats(text, self.lines[sent[number - 1]])):
                return {}
            named[sent[number - 1]] = reason
        return named

    @property
    def hopeless(self) -> bool:
        """Whether the server took nothing and may mean the request."""
        return bool(self.doubtful) and not self.taken


class Delivery:
    """Sends lines, halving a body the server will not take until the bad lines stand alone.

    A line counts as rejected only where the server's words say so or where it took another line
    of the same batch: a proxy that answers 400 to everything must not cost data.

    A batch that breaks off because the server went away goes on where it was when it is delivered
    again, alone or with more lines behind it.

    Characteristics
        buffered: no; the last two batches that broke off half-way are remembered, with their lines
        requests: at most 2·log2(lines) more for each bad line, however often it is tried again;
            one more for all of them where the server names them
        body size: halved for good when the server answers 413
        idempotent: yes, lines may be sent twice
        threads: any

    Args:
        send: takes a body or raises `LinesRejected` or `BodyTooLarge`.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._body_bytes = FIRST_BODY_BYTES
        self._unfinished: deque[_Progress] = deque(maxlen=_UNFINISHED)

    def deliver(self, lines: Sequence[bytes]) -> dict[int, str]:
        """Send all lines.

        Returns:
            The places of the lines that will never be taken, with the reason.

        Raises:
            HistorianUnavailable: send the same lines again later.
            HistorianRefused: a person must act.
        """
        progress = self._taken_up(lines) or self._begun(lines)
        try:
            while progress.waiting:
                self._step(progress)
                if progress.hopeless and len(progress.bad) >= _DOUBTFUL_LINES:
                    break
        except HistorianError:
            if progress.answers and not progress.hopeless:
                self._unfinished.append(progress)
            raise
        if progress.hopeless:
            raise HistorianRefused(
                f"the historian takes no line at all: {progress.doubtful}; check its URL and any "
                f"proxy"
            )
        return progress.bad

    def _step(self, progress: _Progress) -> None:
        """Send the first run that waits; where no answer comes, it waits still."""
        run = progress.waiting[0]
        sent = progress.places(run)
        lines = progress.lines
        body = b"\n".join([lines[place] for place in sent] if progress.bad else lines[slice(*run)])
        try:
            if sent:
                self._send(body)
        except BodyTooLarge as error:
            if len(sent) > 1:
                self._body_bytes = min(self._body_bytes, len(body) // 2)
                runs = list(progress.waiting)
                progress.waiting.clear()
                for each in runs:
                    progress.waiting.extend(self._cut(progress.lines, *each))
            else:
                progress.waiting.popleft()
                progress.bad[sent[0]] = str(error)
        except LinesRejected as error:
            progress.waiting.popleft()
            progress.judge(run, sent, error)
        else:
            progress.waiting.popleft()
            progress.taken = progress.taken or bool(sent)
        progress.answers += 1

    def _begun(self, lines: Sequence[bytes]) -> _Progress:
        return _Progress(lines, deque(self._cut(lines, 0, len(lines))))

    def _taken_up(self, lines: Sequence[bytes]) -> _Progress | None:
        """Return how far a batch came that broke off and that these lines begin with."""
        for progress in list(self._unfinished):
            known = len(progress.lines)
            if list(lines[:known]) == list(progress.lines):
                self._unfinished.remove(progress)
                progress.lines = lines
                if known < len(lines):
                    progress.waiting.extend(self._cut(lines, known, len(lines)))
                return progress
        return None

    def _cut(self, lines: Sequence[bytes], start: int, stop: int) -> Iterator[_Run]:
        """Cut a run of lines into runs that fit the body size."""
        size = 0
        for place in range(start, stop):
            if size and size + len(lines[place]) > self._body_bytes:
                yield start, place
                start, size = place, 0
            size += len(lines[place]) + 1
        yield start, stop


def _repeats(text: str, line: bytes) -> bool:
    """Return whether a server's words repeat a line, or as much of it as it cares to."""
    ours = line.decode()
    return bool(text) and ours.startswith(text.rstrip("."))

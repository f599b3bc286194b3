"""Bringing lines to a server that takes only part of them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pilotline_historian.errors import HistorianRefused
from pilotline_historian.influxdb.errors import BodyTooLarge, LinesRejected

FIRST_BODY_BYTES: Final = 8 * 2**20
"""Largest body tried, before compression."""

_DOUBTFUL_LINES: Final = 16
"""After this many bad lines and none taken, the request may be at fault and not the lines."""


class Delivery:
    """Sends lines, halving a body the server will not take until the bad lines stand alone.

    A line counts as rejected only where the server's words say so or where it took another line
    of the same batch: a proxy that answers 400 to everything must not cost data.

    Characteristics
        buffered: no
        requests: at most 2·log2(lines) more for each bad line
        body size: halved for good when the server answers 413
        idempotent: yes, lines may be sent twice

    Args:
        send: takes a body or raises `LinesRejected` or `BodyTooLarge`.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._body_bytes = FIRST_BODY_BYTES

    def deliver(self, lines: Sequence[bytes]) -> dict[int, str]:
        """Send all lines.

        Returns:
            The places of the lines that will never be taken, with the reason.

        Raises:
            HistorianUnavailable: send the same lines again later.
            HistorianRefused: a person must act.
        """
        bad: dict[int, str] = {}
        doubtful = ""
        taken = False
        waiting = deque(self._cut(lines, 0, len(lines)))
        while waiting:
            start, stop = waiting.popleft()
            body = b"\n".join(lines[start:stop])
            try:
                self._send(body)
                taken = True
            except BodyTooLarge as error:
                if stop - start == 1:
                    bad[start] = str(error)
                    continue
                self._body_bytes = min(self._body_bytes, len(body) // 2)
                runs = ((start, stop), *waiting)
                waiting = deque(piece for run in runs for piece in self._cut(lines, *run))
            except LinesRejected as error:
                if not error.certain:
                    doubtful = str(error)
                if stop - start == 1 or (error.certain and error.dropped == stop - start):
                    bad.update(dict.fromkeys(range(start, stop), str(error)))
                    if doubtful and not taken and len(bad) >= _DOUBTFUL_LINES:
                        break
                    continue
                waiting.extendleft(_halves(start, stop))
        if doubtful and not taken:
            raise HistorianRefused(
                f"the historian takes no line at all: {doubtful}; check its URL and any proxy"
            )
        return bad

    def _cut(self, lines: Sequence[bytes], start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Cut a run of lines into runs that fit the body size."""
        size = 0
        for place in range(start, stop):
            if size and size + len(lines[place]) > self._body_bytes:
                yield start, place
                start, size = place, 0
            size += len(lines[place]) + 1
        yield start, stop


def _halves(start: int, stop: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return both halves, the later first, as `deque.extendleft` wants them."""
    middle = (start + stop) // 2
    return (middle, stop), (start, middle)

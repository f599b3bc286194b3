"""Evidence: how far what a history gave may be believed.

A history is believed for a span when it holds the values that the agent itself knows on either side
of it. Where it begins later, ends earlier or says that it recorded nothing, the rest stays a gap:
a historian that was off for an hour also answers Good, with nothing in between.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from asyncua.ua.status_codes import StatusCodes

from pilotline_edge.link.opening import Span
from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import Value

_NOTHING_RECORDED = {
    StatusCodes.BadNoData,
    StatusCodes.BadDataLost,
    StatusCodes.BadDataUnavailable,
}
_NO_BOUND = {StatusCodes.BadBoundNotFound, StatusCodes.BadBoundNotSupported}
_CODE = 0xFFFF_0000
_OF_DATA_VALUE = 0x0000_0400
_MADE_UP = 0x0000_0003
"""Historian bits for values that were calculated or interpolated (OPC 10000-11, 6.3.2)."""


class Recorded(NamedTuple):
    """One value of a history.

    Attributes:
        source_ns: source time, ns UTC.
        value: the value.
        status: status code.
        server_ns: server time, ns UTC, or None.
    """

    source_ns: int
    value: Value | Unsupported | None
    status: int
    server_ns: int | None


@dataclass(slots=True)
class Findings:
    """What a page of history says of a span.

    Attributes:
        values: values to keep, in order; all lie within the span.
        left: begin and end of what it does not have.
        open: what is still to be asked, or None when its end was reached.
        joined: whether the page ends where what is known begins, so that the next goes on from it.
    """

    values: list[Recorded] = field(default_factory=list)
    left: list[tuple[int, int]] = field(default_factory=list)
    open: Span | None = None
    joined: bool = False


def weigh(span: Span, recorded: Iterable[Recorded], *, joined: bool = False) -> Findings:
    """Return what values of a history, from about the last value known on, say of a span.

    Args:
        span: last value known, begin and end of what is missing.
        recorded: values as the server gave them; their order does not matter.
        joined: whether the page follows one that ended joined.
    """
    known, start, end = span
    found = Findings()
    for each in sorted(recorded, key=lambda value: value.source_ns):
        code = each.status & _CODE
        at = each.source_ns
        if code in _NO_BOUND or _made_up(each.status):
            continue
        if code in _NOTHING_RECORDED:
            if at < end:
                start, joined = max(start, at) if joined else start, False
        elif at <= start:
            joined = joined or at >= known
        else:
            if not joined:
                found.left.append((start, min(at, end)))
            if at >= end:
                return found
            start, joined = at, True
            found.values.append(each)
    # Asked on from a value of this history, which is as good as one of our own.
    found.open, found.joined = (start if joined else known, start, end), joined
    return found


def _made_up(status: int) -> bool:
    return status & _OF_DATA_VALUE != 0 and status & _MADE_UP != 0

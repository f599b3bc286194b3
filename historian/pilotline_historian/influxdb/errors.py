"""What an InfluxDB server's answers mean; `delivery` turns the last two into rejected samples.

::

    HistorianError
    ├── HistorianUnavailable   429, 5xx, time-outs, broken connections
    │   ├── NotJson            an answer that breaks off
    │   └── AnswerTooLong      an answer beyond what may be read
    ├── HistorianRefused       401, 403, 404, redirects, TLS, and whatever else nobody can retry
    │   └── DatabaseMissing    no such database or bucket
    ├── LinesRejected          400, 422: some line of the body is bad
    └── BodyTooLarge           413
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pilotline_historian.errors import HistorianError, HistorianRefused, HistorianUnavailable


class NamedLine(NamedTuple):
    """A bad line as the server repeats it, and what it says is wrong with it."""

    text: str
    reason: str


class LinesRejected(HistorianError):  # noqa: N818 - a state, not a mistake
    """The server took some lines of a body, or none; only InfluxDB 3 says which.

    Attributes:
        dropped: how many it says it dropped, or None.
        certain: whether the wording says that lines, not the request, are at fault.
        named: the bad lines by their number, counted from 1; empty where it does not say.
    """

    def __init__(
        self,
        message: str,
        dropped: int | None,
        certain: bool,
        named: Mapping[int, NamedLine] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.dropped = dropped
        self.certain = certain
        self.named = named


class AnswerTooLong(HistorianUnavailable):
    """The server answers with more than may be read; ask for less at once."""


class BodyTooLarge(HistorianError):  # noqa: N818 - a state, not a mistake
    """The server takes no body of this size."""


class DatabaseMissing(HistorianRefused):
    """The server has no such database."""

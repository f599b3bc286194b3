"""What an InfluxDB server's answers mean; `delivery` turns the last two into rejected samples.

::

    HistorianError
    ├── HistorianUnavailable   429, 5xx, time-outs, broken connections
    │   └── NotJson            an answer that breaks off
    ├── HistorianRefused       401, 403, 404, redirects, and whatever else nobody can retry
    ├── LinesRejected          400, 422: some line of the body is bad
    └── BodyTooLarge           413
"""

from pilotline_historian.errors import HistorianError


class LinesRejected(HistorianError):  # noqa: N818 - a state, not a mistake
    """The server took some lines of a body, or none; it does not say which.

    Attributes:
        dropped: how many it says it dropped, or None.
        certain: whether the wording says that lines, not the request, are at fault.
    """

    def __init__(self, message: str, dropped: int | None, certain: bool) -> None:
        super().__init__(message)
        self.dropped = dropped
        self.certain = certain


class BodyTooLarge(HistorianError):  # noqa: N818 - a state, not a mistake
    """The server takes no body of this size."""

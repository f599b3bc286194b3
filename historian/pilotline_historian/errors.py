"""What can go wrong with a historian.

::

    HistorianError
    ├── HistorianUnavailable   it did not answer, or asked to wait; try again later
    ├── HistorianRefused       it refuses us (wrong token, missing bucket); a person must act
    └── HistorianUrlError      the historian URL cannot be understood
"""


class HistorianError(Exception):
    """Base of every error of this room; catch it to catch them all."""


class HistorianUnavailable(HistorianError):  # noqa: N818 - a state, not a mistake
    """The historian did not answer, or asked to wait; nothing was dropped, write again later.

    Attributes:
        retry_after_s: seconds the server asked us to wait, or None.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class HistorianRefused(HistorianError):  # noqa: N818 - a state, not a mistake
    """The historian refuses us: wrong token, missing bucket or database; a person must act."""


class HistorianUrlError(HistorianError):
    """The historian URL cannot be understood."""

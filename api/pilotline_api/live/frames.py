"""Server-Sent Events as bytes, ready to be sent to any number of readers."""

from typing import Any, Final

import msgspec

KEEP_ALIVE: Final = b": keep-alive\n\n"
RECONNECT_AFTER: Final = b"retry: 1000\n\n"
"""First bytes of a stream: how long the browser waits before it comes back, in ms."""

_encoder = msgspec.json.Encoder()


def frame(event: str, data: Any) -> bytes:  # noqa: ANN401 - whatever JSON can say
    """Return one event.

    The data is JSON on one line: a line break within a text is escaped, so that no machine's text
    can begin a field or an event of its own.

    Args:
        event: event name, a plain word.
        data: JSON-able.
    """
    if not event.isidentifier():
        msg = f"event name {event!r} is not a plain word"
        raise ValueError(msg)
    return b"event: %b\ndata: %b\n\n" % (event.encode(), _encoder.encode(data))

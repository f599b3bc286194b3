"""Server-Sent Events as bytes, ready to be sent to any number of readers."""

from typing import Any, Final

import msgspec

KEEP_ALIVE: Final = b": keep-alive\n\n"
RECONNECT_AFTER: Final = b"retry: 1000\n\n"
"""First bytes of a stream: how long the browser waits before it comes back, in ms."""

_LINE_BREAKS: Final = tuple(
    (chr(point).encode(), b"\\u%04x" % point) for point in (0x85, 0x2028, 0x2029)
)
_encoder = msgspec.json.Encoder()


def frame(event: str, data: Any) -> bytes:  # noqa: ANN401 - whatever JSON can say
    """Return one event.

    The data is JSON on one line: a line break within a text is escaped, so that no machine's text
    can begin a field or an event of its own. That holds for Unicode's line breaks too, at which
    many programs split where browsers do not.

    Args:
        event: event name, a plain word.
        data: JSON-able.
    """
    if not event.isidentifier():
        msg = f"event name {event!r} is not a plain word"
        raise ValueError(msg)
    encoded = _encoder.encode(data)
    for line_break, escaped in _LINE_BREAKS:
        encoded = encoded.replace(line_break, escaped)
    return b"event: %b\ndata: %b\n\n" % (event.encode(), encoded)

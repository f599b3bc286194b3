"""Bounded pool: HTTP requests whose answers are whole, of bounded size, and in time."""

import socket
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

MOST_BYTES: Final = 256 * 2**20
"""Longest answer read, decompressed."""

_WHOLE: Final = 4
_PIECE: Final = 64 * 1024
_GZIP: Final = 31
_PLAIN: Final = {"", "identity"}

_asking = threading.local()


class AnswerRefused(HTTPError):  # noqa: N818 - a state, not a mistake
    """An answer is longer than may be read, or compressed in another way than by gzip."""


class AnswerLate(HTTPError):  # noqa: N818 - a state, not a mistake
    """An answer did not come whole in time."""


class BoundedPool:
    """Reads each answer whole, before anybody looks at it.

    urllib3's time-out is for each arrival: a server that sends a byte now and then is waited for
    without end, and an endless answer, or a small one that unpacks to gigabytes, fills the memory.
    influxdb-client reads the bodies of errors so too.

    Characteristics
        size: answers up to `MOST_BYTES`, unpacked as they are read
        time: an answer must have come whole within four times the time-out for its beginning
        redirects: none is followed, so that neither token nor values go where nobody said
        threads: any

    Args:
        pool: where connections come from; its connections are changed to known ones.
        most_s: time-out for the beginning of an answer.
        most_bytes: longest answer read.
    """

    def __init__(
        self, pool: urllib3.PoolManager, most_s: float, most_bytes: int = MOST_BYTES
    ) -> None:
        pool.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        self._pool = pool
        self._most_s = _WHOLE * most_s
        self._most_bytes = most_bytes

    def clear(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def request(self, method: str, url: str, **given: Any) -> urllib3.HTTPResponse:  # noqa: ANN401 - urllib3's parameters
        """Ask, and return the answer with its body read.

        Raises:
            AnswerRefused: the answer is longer than may be read.
            AnswerLate: it is not whole, and would pass for one that ends with the connection.
            urllib3.exceptions.HTTPError: there is none, or not in time.
        """
        watch = _Watch(self._most_s)
        _asking.watch = watch
        try:
            given.update(preload_content=False, redirect=False)
            answer = self._pool.request(method, url, **given)
            try:
                body = self._body(answer)
                watch.check()
            except BaseException:
                answer.close()
                raise
        finally:
            _asking.watch = None
            watch.end()
        answer.release_conn()
        return urllib3.HTTPResponse(
            body=body,
            headers=answer.headers,
            status=answer.status,
            reason=answer.reason,
            preload_content=False,
            request_method=method,
        )

    def _body(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        unpack = _unpacking(answer.headers)
        read, pieces = 0, list[bytes]()
        for piece in answer.stream(_PIECE, decode_content=False):
            while piece:
                plain, piece = unpack(piece, self._most_bytes + 1 - read)  # noqa: PLW2901 - what is left of it
                read += len(plain)
                if read > self._most_bytes:
                    raise AnswerRefused(f"the answer is longer than {self._most_bytes} bytes")
                pieces.append(plain)
        return b"".join(pieces)


_Unpack = Callable[[bytes, int], tuple[bytes, bytes]]
"""From a piece, and the most bytes to make of it, to what it is and what is left of it."""


def _unpacking(headers: Mapping[str, str]) -> _Unpack:
    coding = headers.get("Content-Encoding", "").strip().lower()
    if coding in _PLAIN:
        return lambda piece, _: (piece, b"")
    if coding != "gzip":
        raise AnswerRefused(f"the answer is compressed by {coding[:20]!r}, which nobody asked for")
    unpacker = zlib.decompressobj(_GZIP)

    def unpack(piece: bytes, most: int) -> tuple[bytes, bytes]:
        try:
            return unpacker.decompress(piece, most), unpacker.unconsumed_tail
        except zlib.error as error:
            raise AnswerRefused(f"the answer cannot be unpacked: {error}") from error

    return unpack


class _Watch:
    """Cuts a connection whose answer has not come whole in time."""

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._timer: threading.Timer | None = None
        self._late = False

    def begin(self, sock: socket.socket | None) -> None:
        """Watch from now on: the request was sent."""
        self.end()
        self._timer = threading.Timer(self._most_s, partial(self._cut, sock))
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def check(self) -> None:
        """Refuse what was cut off.

        Raises:
            AnswerLate: the connection was cut.
        """
        if self._late:
            raise AnswerLate(f"the answer was not whole within {self._most_s:.0f} s")

    def _cut(self, sock: socket.socket | None) -> None:
        self._late = True
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _watch(sock: socket.socket | None) -> None:
    watch: _Watch | None = getattr(_asking, "watch", None)
    if watch is not None:
        watch.begin(sock)


class _Connection(HTTPConnection):
    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        _watch(self.sock)
        return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        _watch(self.sock)
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection

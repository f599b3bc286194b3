"""Cuts connections that take too long to send a request, which uvicorn would wait for for ever."""

import asyncio
from typing import ClassVar

import h11
from prometheus_client import Counter
from uvicorn.protocols.http.h11_impl import H11Protocol

_cut = Counter("pilotline_api_slow_requests_cut", "Connections cut while they sent a request.")


class PromptRequests(H11Protocol):
    """HTTP/1.1 with a deadline from the first byte of a request, or the connection, to its last.

    Characteristics
        deadline: `RECEIVED_WITHIN_S` for head and body together
        while a request is answered: no deadline; streams last as long as they last
        between requests: uvicorn's own keep-alive timeout
    """

    RECEIVED_WITHIN_S: ClassVar[float] = 15.0

    _receiving: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, and expect the rest if there is more to come."""
        super().data_received(data)
        state = self.conn.their_state
        if state is h11.SEND_BODY or (state is h11.IDLE and self.conn.trailing_data[0]):
            self._expect()
        else:
            self._expect_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._expect_no_more()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._receiving is None:
            self._receiving = self.loop.call_later(self.RECEIVED_WITHIN_S, self._too_slow)

    def _expect_no_more(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None

    def _too_slow(self) -> None:
        self._receiving = None
        _cut.inc()
        self.transport.abort()

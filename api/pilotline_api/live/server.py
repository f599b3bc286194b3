"""The HTTP server, which lets go of open streams before it waits for requests to end."""

import socket
from typing import Final

import uvicorn
from fastapi import FastAPI

from pilotline_api.kit.prompt_requests import PromptRequests
from pilotline_api.live.parts import Live

GRACE_S: Final = 2
"""How long other requests may take to end after Ctrl-C."""


MOST_CONNECTIONS: Final = 4_000
"""Further ones are answered 503, so that a flood leaves memory for those who are served."""
MOST_HEADER_BYTES: Final = 32_768


class LiveServer(uvicorn.Server):
    """Uvicorn, with an end that open streams cannot hold up.

    Uvicorn waits for every response before it ends the application, and a stream is a response
    that does not end by itself.

    Args:
        app: the application.
        config: uvicorn's own; give it ``timeout_graceful_shutdown=GRACE_S``.
    """

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then whatever uvicorn ends."""
        live = getattr(self._app.state, "live", None)
        if isinstance(live, Live):
            live.hub.close()
        await super().shutdown(sockets)


def server(app: FastAPI, *, host: str, port: int, trusted_proxies: str | None = None) -> LiveServer:
    """Return a server of an application; ``run`` it, or ``serve`` it on open sockets.

    Args:
        app: the application.
        host: address to listen on.
        port: port to listen on.
        trusted_proxies: addresses, separated by commas, whose ``X-Forwarded-For`` says who asks;
            None believes nobody, or anyone on this machine could pose as anyone.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=trusted_proxies is not None,
        forwarded_allow_ips=trusted_proxies,
        limit_concurrency=MOST_CONNECTIONS,
        http=PromptRequests,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        timeout_graceful_shutdown=GRACE_S,
    )
    return LiveServer(app, config)

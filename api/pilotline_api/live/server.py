"""The HTTP server, which lets go of open streams before it waits for requests to end."""

import socket
from typing import Final

import uvicorn
from fastapi import FastAPI

from pilotline_api.live.parts import Live

GRACE_S: Final = 2
"""How long other requests may take to end after Ctrl-C."""


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


def server(app: FastAPI, *, host: str, port: int) -> LiveServer:
    """Return a server of an application; ``run`` it, or ``serve`` it on open sockets."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return LiveServer(app, config)

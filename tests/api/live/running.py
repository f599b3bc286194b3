"""A real API on a real port, with people who are signed in."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from pilotline_api.accounts.models import Organisation, Role, User
from pilotline_api.accounts.repository import organisation_of_client
from pilotline_api.accounts.sessions import COOKIE, open_session
from pilotline_api.app import create_app
from pilotline_api.kit.base import new_id, utc_now
from pilotline_api.kit.services import Services
from pilotline_api.live.parts import Live
from pilotline_api.live.server import LiveServer, server
from pilotline_api.settings import Settings
from pilotline_plant.examples import example_plant

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Never used; httpx would read a file of certificates for each client."""

EDGE_TOKEN = "edge-token-of-the-tests"


@dataclass
class RunningApi:
    """An API in a thread of this process.

    Attributes:
        app: the application.
        address: where it listens.
    """

    app: FastAPI
    address: str
    server: LiveServer
    thread: threading.Thread
    _clients: ExitStack = field(default_factory=ExitStack)

    @property
    def services(self) -> Services:
        services = self.app.state.services
        assert isinstance(services, Services)
        return services

    @property
    def live(self) -> Live:
        live = self.app.state.live
        assert isinstance(live, Live)
        return live

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        """A browser; signed in with a token."""
        cookies = {COOKIE: token} if token else None
        return self._clients.enter_context(
            httpx.Client(
                base_url=f"{self.address}/api/v1",
                cookies=cookies,
                headers={"Origin": self.address, **headers},
                timeout=10,
                trust_env=False,
                verify=_NO_TLS,
            )
        )

    def sign_in(self, role: Role, organisation: str = "institute", name: str = "Kim") -> str:
        """Write a person and a session, and return the session's token."""
        with self.services.database.writing() as session:
            client = None if organisation == "institute" else organisation
            of = organisation_of_client(session, client)
            if of is None:
                of = Organisation(id=new_id(), name=organisation, client=client)
                session.add(of)
                session.flush()
            user = User(
                id=new_id(),
                organisation_id=of.id,
                name=name,
                email=f"{new_id()}@example.org",
                role=role,
                password_hash="-",
                created_at=utc_now(),
            )
            session.add(user)
            session.flush()
            return open_session(session, user, utc_now())

    def organisation(self, client: str) -> str:
        """Return the id of a client's organisation."""
        with self.services.database.reading() as session:
            of = organisation_of_client(session, client)
            assert of is not None
            return of.id

    def browser(self, role: Role, organisation: str = "institute") -> httpx.Client:
        """A browser of a fresh person."""
        return self.client(self.sign_in(role, organisation))

    def push(self, body: bytes) -> httpx.Response:
        """Push as an edge agent does."""
        with httpx.Client(trust_env=False) as edge:
            return edge.post(
                f"{self.address}/api/v1/edge/live",
                content=body,
                headers={"Authorization": f"Bearer {EDGE_TOKEN}"},
            )

    def close_browsers(self) -> None:
        """Close what the browsers hold open."""
        self._clients.close()

    def stop(self) -> None:
        """End as Ctrl-C does, and wait for it."""
        self.close_browsers()
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()


def settings(data: Path, **more: Any) -> Settings:  # noqa: ANN401 - whatever settings take
    chosen = {"plant": example_plant("bench"), "edge_token": SecretStr(EDGE_TOKEN), **more}
    return Settings(data=data, **chosen)


@contextmanager
def running(data: Path, *, send_buffer: int = 0, **more: Any) -> Iterator[RunningApi]:  # noqa: ANN401
    """Run an API on a free port until the block ends.

    Args:
        data: directory of its stores.
        send_buffer: bytes the kernel holds for a reader that does not read; 0 for its own choice.
        **more: settings.
    """
    app = create_app(settings(data, **more))
    # asyncio turns off Nagle's delay of 40 ms only for sockets that say they are TCP.
    with socket.socket(proto=socket.IPPROTO_TCP) as held:
        if send_buffer:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        serving = server(app, host="127.0.0.1", port=port)
        thread = threading.Thread(
            target=lambda: asyncio.run(serving.serve([held])), name="api", daemon=True
        )
        thread.start()
        while not serving.started:
            assert thread.is_alive(), "the API did not start"
            thread.join(0.01)
        api = RunningApi(app, f"http://127.0.0.1:{port}", serving, thread)
        try:
            yield api
        finally:
            api.stop()


class StreamReader:
    """Reads one stream frame by frame."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def frames(self) -> Iterator[tuple[str, Any]]:
        """Yield events until the server ends the stream."""
        event = ""
        for line in self._lines:
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data":
                yield event, json.loads(value)

    def next(self, *kinds: str) -> Any:  # noqa: ANN401 - JSON
        """Return the data of the next event of one of some kinds."""
        for event, data in self.frames():
            if event in kinds:
                return data
        raise AssertionError(f"the stream ended without {kinds}")


@contextmanager
def stream(browser: httpx.Client) -> Iterator[StreamReader]:
    """Open the live stream."""
    with browser.stream("GET", "/stream", timeout=15) as response:
        assert response.status_code == 200, response.read()
        yield StreamReader(response)


def value_of(frame: Mapping[str, Any], machine: str, tag: str) -> Any:  # noqa: ANN401
    """A value in a snapshot or delta, or None."""
    triple = frame["machines"].get(machine, {}).get("values", {}).get(tag)
    return triple[0] if triple else None

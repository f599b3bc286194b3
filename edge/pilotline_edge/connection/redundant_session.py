"""Redundant session: one machine's session at whichever of its servers serves best."""

import asyncio
from dataclasses import replace

import structlog
from asyncua.ua import uaerrors

from pilotline_edge.backoff import Backoff
from pilotline_edge.connection.identity import Identity
from pilotline_edge.connection.origin import Origin
from pilotline_edge.connection.redundancy import Redundancy, Standing
from pilotline_edge.connection.service_level import service_level
from pilotline_edge.connection.session import MachineSession, SessionSettings
from pilotline_edge.connection.session_key import SessionKey
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import EndpointRefused, MachineUnreachable, ServerLeft
from pilotline_edge.racing import first_to_fail
from pilotline_plant import Machine

log = structlog.get_logger("pilotline.edge")

LOOK_S = 1.0
"""How often each server is asked for its service level."""

_PAUSE_S = 0.2
_RETRY_FIRST_S = 1.0
_RETRY_CAP_S = 5.0


class RedundantSession(MachineSession):
    """A machine's session where it has several servers (non-transparent redundancy).

    One server is read; the others are watched by a session each that only asks for the service
    level. Each URL is checked against the trust store and its own host, as a single one is.

    Characteristics
        lost server, or a better one: see `Redundancy`
        left server: its session is ended there once it can be reached, so that none pile up
        watched servers: one connection each, tried again after 1 to 5 s, for ever
    """

    def __init__(
        self,
        machine: Machine,
        identity: Identity | None,
        trust: TrustStore,
        settings: SessionSettings,
    ) -> None:
        super().__init__(machine, identity, trust, settings)
        self._redundancy = Redundancy(machine.endpoint.urls)
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._next: str | None = None
        self._elsewhere = False

    @property
    def url(self) -> str:
        """The endpoint in use."""
        return self._redundancy.current

    @property
    def servers(self) -> tuple[Standing, ...]:
        """What is known of each server of the machine, in the order of the plant file."""
        return tuple(self._redundancy.standings.values())

    @property
    def server_changes(self) -> int:
        """How often another server of the machine was gone to."""
        return self._redundancy.changes

    async def open(self) -> Origin:
        """Connect to the server that should be read.

        Raises:
            MachineUnreachable: try again later; perhaps another server is tried then.
            EndpointRefused: a person must act, unless another server can be read.
        """
        redundancy = self._redundancy
        for url in redundancy.others:
            if url not in self._watches:
                self._watch(url, self._session_at(url))
        if self._next is None and (better := redundancy.better(_now())) is not None:
            self._next = better.url
        if self._next is not None:
            await self._move(self._next)
            self._next = None
        try:
            origin = await self._open_in_time()
            level = await service_level(self.services)
        except (MachineUnreachable, EndpointRefused, OSError, uaerrors.UaError) as error:
            self.abort()
            if not self.services_kept:
                await self.forget()
            redundancy.lost(str(error), _now())
            raise
        redundancy.reached(self.url, level, _now())
        redundancy.read(_now())
        if self._elsewhere:
            self._elsewhere = False
            return Origin.ELSEWHERE
        return origin

    async def pause(self, longest_s: float) -> None:
        """Wait before `open` is called again; shorter when another server can be read."""
        until = _now() + longest_s
        while self._next is None and self._redundancy.better(_now()) is None:
            if (left_s := until - _now()) <= 0:
                return
            await asyncio.sleep(min(left_s, _PAUSE_S))

    async def watch_servers(self) -> None:
        """Watch whether another server should be read, for ever.

        Raises:
            ServerLeft: the next `open` goes to another one.
        """
        redundancy = self._redundancy
        while True:
            await asyncio.sleep(LOOK_S)
            for watch in self._watches.values():
                if watch.done():
                    watch.result()
            level = await service_level(self.services)
            redundancy.reached(self.url, level, _now())
            if better := redundancy.better(_now()):
                self._next = better.url
                raise ServerLeft(
                    f"machine {self.machine.id}: goes from {self.url} with service level {level} "
                    f"to {better.url} with {better.level}"
                )

    def abort(self) -> None:
        """Drop the connection at once, keeping the session."""
        super().abort()
        self._redundancy.lost("the connection was lost", _now())

    def resume(self, key: SessionKey) -> None:
        """Have the first `open` take up a session that another process began, where it did."""
        self._redundancy.begin_at(key.url)
        if key.url == self.url:
            super().resume(key)

    async def leave(self) -> None:
        """Drop the connection for good, and leave the session to another process."""
        await self._stop_watching(*self._watches)
        await super().leave()

    async def close(self) -> None:
        """End session and subscriptions, and stop to watch the other servers."""
        await self._stop_watching(*self._watches)
        await super().close()

    async def _open_in_time(self) -> Origin:
        """Open, but not for longer than another server may be kept waiting."""
        patience_s = self._redundancy.patience_s(_now())
        try:
            async with asyncio.timeout(None if patience_s == float("inf") else patience_s):
                return await super().open()
        except TimeoutError as error:
            raise MachineUnreachable(
                f"machine {self.machine.id}: {self.url} did not answer within {patience_s:.1f} s, "
                "and another server does"
            ) from error

    async def _move(self, url: str) -> None:
        """Go to another server; the one left is watched from now on."""
        left, client, facts = self.url, self._client, self.facts
        former = self._session_at(left)
        if client is not None and client.uaclient.has_session:
            former = replace(former, facts=facts, _client=client, _certificates=self._certificates)
        log.warning("edge.server_changed", machine=self.machine.id, left=left, server=url)
        await self.forget()
        self.facts = self._former = None
        await self._stop_watching(url)
        self._redundancy.choose(url, _now())
        self._elsewhere = True
        self._watch(left, former)

    def _session_at(self, url: str) -> MachineSession:
        endpoint = replace(self.machine.endpoint, url=url, also=())
        machine = replace(self.machine, endpoint=endpoint)
        return MachineSession(machine, self.identity, self.trust, self.settings)

    def _watch(self, url: str, session: MachineSession) -> None:
        self._watches[url] = asyncio.ensure_future(stand_by(session, self._redundancy))

    async def _stop_watching(self, *urls: str) -> None:
        tasks = [self._watches.pop(url) for url in urls]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def stand_by(session: MachineSession, redundancy: Redundancy) -> None:
    """Keep telling how well a server that is not in use could serve, until cancelled."""
    backoff = Backoff(_RETRY_FIRST_S, _RETRY_CAP_S)
    told: str | None = None
    left_over = session.services_kept
    try:
        while True:
            try:
                await session.open()
                if left_over:
                    # What we had here before must not wait for its time-out at the server.
                    await session.close()
                    left_over = False
                    await session.open()
                told = None
                backoff.reset()
                await first_to_fail(_tell(session, redundancy), session.renew_channel())
            except (MachineUnreachable, EndpointRefused, OSError, uaerrors.UaError) as error:
                session.abort()
                redundancy.unreachable(session.url, str(error), _now())
                if told != type(error).__name__:
                    told = type(error).__name__
                    log.warning(
                        "edge.standby_away",
                        machine=session.machine.id,
                        server=session.url,
                        reason=str(error),
                    )
            except Exception as error:
                # Whatever is wrong with this server must not end the reading of the other.
                session.abort()
                redundancy.unreachable(session.url, f"{type(error).__name__}: {error}", _now())
                log.exception("edge.standby_failed", machine=session.machine.id, server=session.url)
            await asyncio.sleep(backoff.wait_s())
    finally:
        await session.close()


async def _tell(session: MachineSession, redundancy: Redundancy) -> None:
    while True:
        redundancy.reached(session.url, await service_level(session.services), _now())
        await asyncio.sleep(LOOK_S)


def session_of(
    machine: Machine, identity: Identity | None, trust: TrustStore, settings: SessionSettings
) -> MachineSession:
    """Return the session of a machine, with one server or several."""
    kind = RedundantSession if machine.endpoint.also else MachineSession
    return kind(machine, identity, trust, settings)


def _now() -> float:
    return asyncio.get_running_loop().time()

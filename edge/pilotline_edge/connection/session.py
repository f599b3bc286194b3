"""Session: one machine's OPC UA session over connections that come and go."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClientState
from asyncua.client.ua_session import UaSession
from asyncua.ua import uaerrors

from pilotline_edge.connection.batches import BatchSizes
from pilotline_edge.connection.capped_session import judged_by_asyncua
from pilotline_edge.connection.channel_security import ChannelCertificates, secure
from pilotline_edge.connection.credentials import password_of
from pilotline_edge.connection.facts import ServerFacts, ask_facts
from pilotline_edge.connection.identity import Identity
from pilotline_edge.connection.origin import Origin
from pilotline_edge.connection.redundancy import Standing
from pilotline_edge.connection.session_key import SessionKey
from pilotline_edge.connection.transport import MachineClient
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.connection.words import status_words, unanswered
from pilotline_edge.errors import EndpointRefused, MachineUnreachable
from pilotline_plant import Machine

log = structlog.get_logger("pilotline.edge")

_LEAST_LIFETIME_S = 1.0
_REFUSALS = (
    uaerrors.BadUserAccessDenied,
    uaerrors.BadIdentityTokenInvalid,
    uaerrors.BadIdentityTokenRejected,
    uaerrors.BadCertificateUntrusted,
    uaerrors.BadSecurityChecksFailed,
    uaerrors.BadSecurityPolicyRejected,
)
_REMEDY = (
    "check the endpoint's user, its password, and whether the machine trusts this agent's "
    "certificate (`pilotline edge trust list` shows it)"
)


@dataclass(slots=True)
class SessionSettings:
    """How a session is kept.

    Attributes:
        request_timeout_s: longest wait for the answer to one request.
        session_timeout_s: how long the server is asked to keep the session without us.
        channel_lifetime_s: lifetime asked for the secure channel's keys.
        batch: items per call where the server names no limit.
    """

    request_timeout_s: float = 5.0
    session_timeout_s: float = 120.0
    channel_lifetime_s: float = 3600.0
    batch: int = 500


@dataclass(slots=True)
class MachineSession:
    """One machine's OPC UA session.

    Characteristics
        reconnection: none by itself, `open` is called again after a loss
        kept over connections: the session's token, so that the server's queues are not lost

    Attributes:
        machine: whose session it is.
        identity: our application certificate, needed unless the machine's security is ``None``.
        trust: accepted server certificates.
        settings: timeouts and batches.
        facts: what the server said about itself, once connected.
        batches: how many operations it takes in one call.
    """

    machine: Machine
    identity: Identity | None
    trust: TrustStore
    settings: SessionSettings = field(default_factory=SessionSettings)
    facts: ServerFacts | None = None
    batches: BatchSizes = field(init=False)
    _client: MachineClient | None = None
    _former: SessionKey | None = None
    _certificates: ChannelCertificates | None = None

    def __post_init__(self) -> None:
        """Begin with the sizes the settings say."""
        self.batches = BatchSizes(self.settings.batch)

    @property
    def url(self) -> str:
        """The endpoint in use."""
        return self.machine.endpoint.url

    @property
    def servers(self) -> Sequence[Standing]:
        """What is known of each server of the machine, where it has several."""
        return ()

    @property
    def server_changes(self) -> int:
        """How often another server of the machine was gone to."""
        return 0

    @property
    def certificate_expires(self) -> datetime | None:
        """End of the server certificate's validity, or None without security or connection."""
        certificates = self._certificates
        return None if certificates is None else certificates.server.expires

    @property
    def services(self) -> UaSession:
        """The session's OPC UA services."""
        return self.client.uaclient.session

    @property
    def client(self) -> MachineClient:
        """The client of the present connection.

        Raises:
            ConnectionError: `open` was never called.
        """
        if self._client is None:
            raise ConnectionError(f"machine {self.machine.id} was never connected")
        return self._client

    async def open(self) -> Origin:
        """Connect, keeping the former session where the server still knows it.

        Raises:
            MachineUnreachable: try again later.
            EndpointRefused: a person must act; trying again does no harm.
        """
        if self._client is not None and not self._certificates_hold():
            await self.forget()
        try:
            if self._client is None:
                self._client = await self._new_client()
                self._take_up(self._client)
            return await self._connect(self._client)
        except _REFUSALS as error:
            await self.forget()
            raise EndpointRefused(
                f"machine {self.machine.id}: {self.url} refuses us with {status_words(error)}; "
                f"{_REMEDY}"
            ) from error
        except (OSError, TimeoutError, uaerrors.UaError) as error:
            self.abort()
            if not self.services_kept:
                await self.forget()
            raise MachineUnreachable(
                f"machine {self.machine.id}: {self.url} does not answer as an "
                f"OPC UA server ({unanswered(error)})"
            ) from error

    @property
    def services_kept(self) -> bool:
        """Whether a session is there that a new connection may take up again."""
        return self._client is not None and self._client.uaclient.has_session

    def abort(self) -> None:
        """Drop the connection at once, keeping the session."""
        if self._client is not None:
            self._client.uaclient.abort()

    def key(self) -> SessionKey | None:
        """Return what another process needs to go on with the session.

        None where the server does not say when it started: a token given anew after a restart
        could then not be told from ours.
        """
        if self.facts is None or self.facts.started is None or not self.services_kept:
            return None
        return SessionKey.of(self.client, self.facts.started, self.url)

    def resume(self, key: SessionKey) -> None:
        """Have the first `open` take up a session that another process began."""
        self._former = key
        self.facts = ServerFacts(key.started, ())

    def _take_up(self, client: MachineClient) -> None:
        former, self._former = self._former, None
        if former is not None:
            former.give_to(client)

    async def leave(self) -> None:
        """Drop the connection for good, and leave the session to another process."""
        self.abort()

    async def forget(self) -> None:
        """Drop connection and session; the next `open` starts from nothing."""
        self.abort()
        self._client = None

    async def close(self) -> None:
        """End session and subscriptions on the server and close the connection."""
        if self._client is None:
            return
        client = self._client
        with contextlib.suppress(OSError, TimeoutError, uaerrors.UaError, asyncio.CancelledError):
            if client.uaclient.state is UaClientState.CONNECTED:
                async with asyncio.timeout(1.0):
                    await client.uaclient.close_session(True)
                    await client.close_secure_channel()
        await self.forget()

    async def renew_channel(self) -> None:
        """Renew the channel's keys at three quarters of their lifetime, for ever.

        asyncua takes whatever lifetime the server grants: none at all would have us renew without
        a pause, with a private key's work each time.

        Raises:
            MachineUnreachable: the server did not renew, or our own certificate changed.
            CertificateUntrusted: the server's is trusted no more.
        """
        client = self.client
        while True:
            lifetime_s = max(client.secure_channel_timeout / 1000, _LEAST_LIFETIME_S)
            await asyncio.sleep(lifetime_s * 0.75)
            if not self._certificates_hold():
                raise MachineUnreachable("our own certificate was renewed")
            try:
                with judged_by_asyncua():
                    await client.open_secure_channel(renew=True)
                client.uaclient.revolve_security_token()
            except (OSError, TimeoutError, uaerrors.UaError) as error:
                raise MachineUnreachable(f"the secure channel was not renewed: {error}") from error

    async def pause(self, longest_s: float) -> None:
        """Wait before `open` is called again; shorter when another server can be read."""
        await asyncio.sleep(longest_s)

    async def watch_servers(self) -> None:
        """Watch whether another server of the machine should be read, for ever.

        Raises:
            ServerLeft: the next `open` goes to another one.
        """
        await asyncio.get_running_loop().create_future()

    async def _new_client(self) -> MachineClient:
        endpoint = self.machine.endpoint
        client = MachineClient(self.url, self.settings.request_timeout_s)
        client.name = client.description = "Pilotline edge"
        client.product_uri = "urn:pilotline:edge"
        client.uaclient.pre_request_hook = None
        if endpoint.user is not None:
            client.set_user(endpoint.user)
            client.set_password(password_of(self.machine))
        if endpoint.security != "None":
            self._certificates = await secure(
                client, self.url, self.machine, self.identity, self.trust
            )
        return client

    def _certificates_hold(self) -> bool:
        return self._certificates is None or self._certificates.hold()

    async def _connect(self, client: MachineClient) -> Origin:
        # asyncua asks each time for what the server granted the time before.
        client.session_timeout = int(self.settings.session_timeout_s * 1000)
        client.secure_channel_timeout = int(self.settings.channel_lifetime_s * 1000)
        with judged_by_asyncua():
            await client.connect_socket()
            await client.send_hello()
            await client.open_secure_channel()
        if client.uaclient.has_session and await self._reactivate(client):
            facts = await self._ask_facts(client)
            if self.facts is None or facts.started == self.facts.started:
                self.facts = facts
                return Origin.REACTIVATED
            log.warning("edge.foreign_session", machine=self.machine.id)
        client.uaclient.session.reset_authentication_token()
        with judged_by_asyncua():
            await client.create_session()
            await client.activate_session(client._username, client._password)  # noqa: SLF001 - asyncua offers no getter
        before, self.facts = self.facts, await self._ask_facts(client)
        if before is not None and before.started != self.facts.started:
            return Origin.RESTARTED
        return Origin.CREATED

    async def _reactivate(self, client: MachineClient) -> bool:
        """Take the former session up on the new channel; False when the server forgot it.

        A restarted server may give our old token to somebody else (asyncua counts tokens up from
        1000), so the caller compares the server's start time before it believes the answer.
        """
        client.uaclient.session.rebind_authentication_token()
        if not client._policy_ids:  # noqa: SLF001 - asyncua learns them only by creating a session
            with judged_by_asyncua():
                await self._learn_user_tokens(client)
        try:
            with judged_by_asyncua():
                await client.activate_session(client._username, client._password)  # noqa: SLF001 - asyncua offers no getter
        except _REFUSALS:
            raise
        except uaerrors.UaStatusCodeError as error:
            log.info("edge.session_forgotten", machine=self.machine.id, reason=str(error))
            return False
        return True

    async def _learn_user_tokens(self, client: MachineClient) -> None:
        """Learn how the server names the sorts of users, as `create_session` would."""
        policy = client.security_policy
        endpoint = Client.find_endpoint(await client.get_endpoints(), policy.Mode, policy.URI)
        client._policy_ids = endpoint.UserIdentityTokens  # noqa: SLF001 - asyncua offers no setter

    async def _ask_facts(self, client: MachineClient) -> ServerFacts:
        profile = self.machine.endpoint.profile
        return await ask_facts(client.uaclient.session, self.batches, profile)

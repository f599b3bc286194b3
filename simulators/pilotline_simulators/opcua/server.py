"""The OPC UA server of one simulated machine."""

import asyncio
import dataclasses
import errno
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.server.internal_session import InternalSession
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds

from pilotline_plant import Machine
from pilotline_simulators.alarms import Alarm
from pilotline_simulators.emission import Emission
from pilotline_simulators.errors import EndpointError, EndpointInUseError
from pilotline_simulators.opcua.address_space import Variable, add_machine
from pilotline_simulators.opcua.certificates import Certificate
from pilotline_simulators.opcua.conditions import REFRESH_SEVERITY, Conditions
from pilotline_simulators.opcua.history import HistoryService, MachineHistory
from pilotline_simulators.opcua.monitoring import Subscriptions
from pilotline_simulators.opcua.node_ids import application_uri
from pilotline_simulators.opcua.standard_nodes import SharingServer
from pilotline_simulators.opcua.ua_types import data_value, utc
from pilotline_simulators.opcua.users import MachineUsers

POLICIES: Mapping[str, ua.SecurityPolicyType] = {
    "None": ua.SecurityPolicyType.NoSecurity,
    "Basic256Sha256": ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    "Aes128_Sha256_RsaOaep": ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    "Aes256_Sha256_RsaPss": ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
}
"""Security of a plant file → the one policy the machine's endpoint offers."""


class _InternalServer(SharingServer):
    """asyncua's inner server on shared standard nodes, that can name its open sessions."""

    def __init__(self, users: MachineUsers) -> None:
        super().__init__(user_manager=users)
        self.subscription_service = Subscriptions(self.aspace, iserver=self)
        self.isession.subscription_service = self.subscription_service
        self.sessions: set[InternalSession] = set()

    def register_external_session(self, session: InternalSession) -> None:
        super().register_external_session(session)
        self.sessions.add(session)

    def unregister_external_session(self, session: InternalSession) -> None:
        super().unregister_external_session(session)
        self.sessions.discard(session)


class MachineServer:
    """Serves one machine's tags; clients may read and subscribe, never write.

    Args:
        machine: the machine; its endpoint's host and port are bound, port 0 takes a free one.
        certificate: needed when its security is not ``None``.
    """

    def __init__(self, machine: Machine, certificate: Certificate | None) -> None:
        self._machine = machine
        self._certificate = certificate
        self._url = urlsplit(machine.endpoint.url)
        self._server: Server | None = None
        self._inner: _InternalServer | None = None
        self._variables: Mapping[str, Variable] = {}
        self._conditions = Conditions(machine)
        self._history = MachineHistory(tag.id for tag in machine.tags)
        self._listening = False

    @property
    def url(self) -> str:
        """The endpoint URL with the port that is really bound."""
        return self._url._replace(netloc=f"{self.host}:{self.port}").geturl()

    @property
    def host(self) -> str:
        """Host name or address of the endpoint."""
        return self._url.hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """Port of the endpoint."""
        return 4840 if self._url.port is None else self._url.port

    @property
    def listening(self) -> bool:
        """Whether clients can connect."""
        return self._listening

    def check_port(self) -> None:
        """Make sure that the endpoint can be bound.

        Raises:
            EndpointInUseError: another program listens there.
            EndpointError: this computer has no such address.
        """
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            raise self._unbindable(error) from error

    def _unbindable(self, error: OSError) -> EndpointError:
        if error.errno == errno.EADDRINUSE:
            return EndpointInUseError(self._machine.id, self.host, self.port)
        return EndpointError(
            self._machine.id,
            f"this computer cannot listen on {self.host}:{self.port} ({error.strerror}). "
            "Simulated machines listen on this computer only: write 127.0.0.1 in the plant file.",
        )

    async def prepare(self) -> None:
        """Build the address space; `write` works from now on.

        Raises:
            EndpointError: the endpoint cannot be served.
        """
        inner = _InternalServer(MachineUsers(self._machine))
        inner.bind_condition_methods = REFRESH_SEVERITY if self._machine.events else 0
        inner.history_manager = HistoryService(inner, self._history, lambda: self._variables)
        server = Server(iserver=inner)
        server.name = f"{self._machine.name} (simulated)"
        server.manufacturer_name = "Pilotline simulators"
        server.product_uri = "urn:pilotline:simulators"
        # The plant's own clock writes the server times, so that stopping never waits for it.
        server.disable_clock()
        await server.init()
        await server.set_application_uri(application_uri(self._machine.id))
        server.set_endpoint(self._machine.endpoint.url)
        server.socket_address = (self.host, self.port)
        await self._secure(server)
        self._variables = await add_machine(server, self._machine)
        if self._machine.events is not None:
            await self._conditions.begin(server)
        self._server, self._inner = server, inner

    async def listen(self) -> None:
        """Let clients connect.

        Raises:
            EndpointError: the endpoint cannot be bound.
        """
        server, _ = self._prepared()
        try:
            await server.start()
        except OSError as error:
            raise self._unbindable(error) from error
        if server.bserver is not None:
            self._url = self._url._replace(netloc=f"{self.host}:{server.bserver.port}")
        self._listening = True

    def _prepared(self) -> tuple[Server, _InternalServer]:
        if self._server is None or self._inner is None:
            raise RuntimeError(f"the server of {self._machine.id} is not prepared")
        return self._server, self._inner

    async def _secure(self, server: Server) -> None:
        security = self._machine.endpoint.security
        policy = POLICIES.get(security)
        if policy is None:
            choices = ", ".join(POLICIES)
            raise EndpointError(
                self._machine.id, f"security {security!r} is unknown; choose one of {choices}."
            )
        server.set_security_policy([policy])
        named = self._machine.endpoint.user is not None
        server.set_identity_tokens(
            [ua.UserNameIdentityToken if named else ua.AnonymousIdentityToken]
        )
        if security == "None":
            return
        if self._certificate is None:
            raise EndpointError(self._machine.id, f"security {security} needs a certificate.")
        await server.load_certificate(self._certificate.certificate, "der")
        await server.load_private_key(self._certificate.private_key, None, "pem")

    async def stop(self) -> None:
        """End every session, stop listening, and leave no task or socket behind."""
        if not self._listening:
            return
        server, inner = self._prepared()
        self._listening = False
        for session in list(inner.sessions):
            await session.close_session(delete_subs=True)
        closing = server.bserver.closing_tasks if server.bserver is not None else []
        await server.stop()
        # Connections tell of their end one turn of the loop later, after asyncua has looked.
        await asyncio.sleep(0)
        await asyncio.gather(*closing, return_exceptions=True)

    def is_watched(self, tag_id: str) -> bool:
        """Return whether any client monitors a tag."""
        _, inner = self._prepared()
        node = inner.aspace[self._variables[tag_id].node_id]
        return bool(node.attributes[AttributeIds.Value].datachange_callbacks)

    def has_unpublished(self) -> bool:
        """Return whether values wait for the next publishing interval of a client."""
        if not self._listening:
            return False
        _, inner = self._prepared()
        return any(
            subscription._triggered_datachanges  # noqa: SLF001 - asyncua offers no reader
            for subscription in inner.subscription_service.subscriptions.values()
        )

    def drop_connections(self) -> int:
        """Cut every client's TCP connection without a goodbye; return how many there were."""
        _, inner = self._prepared()
        transports = list(inner.asyncio_transports)
        for transport in transports:
            transport.abort()
        return len(transports)

    async def write(self, emissions: Sequence[Emission]) -> None:
        """Write values with their own source times.

        Raises:
            EndpointError: a value does not fit its variable.
        """
        _, inner = self._prepared()
        now = datetime.now(UTC)
        for emission in emissions:
            variable = self._variables[emission.tag]
            source = utc(emission.source_time_ns)
            value = data_value(emission.value, variable.variant_type, emission.status, source, now)
            status = await inner.aspace.write_attribute_value(
                variable.node_id, AttributeIds.Value, value
            )
            if not status.is_good():
                raise EndpointError(
                    self._machine.id,
                    f"value {emission.value!r} of tag {emission.tag!r} is refused: {status.name}",
                )
            self._history.add(emission)

    async def report(self, alarms: Sequence[Alarm], time_ns: int) -> None:
        """Report alarms that came or went at an instant."""
        _, inner = self._prepared()
        for alarm in alarms:
            await self._conditions.report(alarm, utc(time_ns), inner)

    async def tell_time(self) -> None:
        """Write the server's clock, as clients expect each second."""
        _, inner = self._prepared()
        now = datetime.now(UTC)
        status = await inner.server_status_node.read_value()
        await inner.server_status_node.write_value(dataclasses.replace(status, CurrentTime=now))
        await inner.current_time_node.write_value(now)

"""Session key: what another process needs to go on with a session."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, nodeid_to_binary

from pilotline_edge.connection.transport import MachineClient


@dataclass(frozen=True, slots=True)
class SessionKey:
    """What takes a session up from another process.

    Attributes:
        started: when that run of the server began.
        token: the authentication token as OPC UA writes node ids; a secret.
        nonce: the server's last nonce, which activating the session signs.
        url: endpoint of the server, which alone may see the token.
    """

    started: datetime
    token: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    url: str

    @classmethod
    def of(cls, client: MachineClient, started: datetime, url: str) -> Self:
        """Return the key of the session that a client has at a run of the server."""
        token = nodeid_to_binary(client.uaclient.session.authentication_token)
        nonce = client._server_nonce or b""  # noqa: SLF001 - asyncua offers no getter
        return cls(started, token, nonce, url)

    def give_to(self, client: MachineClient) -> None:
        """Have a client activate this session with its first connection."""
        client.uaclient.session.restore_authentication_token(nodeid_from_binary(Buffer(self.token)))
        # asyncua offers no setter, and annotates its own field too narrowly.
        client._server_nonce = self.nonce or None  # type: ignore[assignment]  # noqa: SLF001

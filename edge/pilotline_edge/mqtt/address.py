"""Address: where a broker is, who we are to it, and how it proves who it is."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from pilotline_edge.errors import BrokerUrlError

DEFAULT_PREFIX = "pilotline/v1"
USER, PASSWORD = "PILOTLINE_MQTT_USER", "PILOTLINE_MQTT_PASSWORD"
CA_FILE = "PILOTLINE_MQTT_CA_FILE"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is and below which topic values go.

    Attributes:
        host: its name or address.
        port: its TCP port.
        tls: whether the connection is encrypted.
        prefix: first levels of every topic.
    """

    host: str
    port: int
    tls: bool
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Return what ``mqtt://host:port/prefix`` or ``mqtts://…`` says.

        Raises:
            BrokerUrlError: it cannot be understood, or carries a password.
        """
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise BrokerUrlError(
                f"the broker's address must carry no user or password, which others could read in "
                f"the list of processes; set {USER} and {PASSWORD}"
            )
        prefix = parts.path.strip("/") or DEFAULT_PREFIX
        try:
            port = parts.port
        except ValueError:
            port = -1
        known = parts.scheme in _PORTS and parts.hostname and port != -1
        if not known or parts.query or set("+#") & set(url):
            raise BrokerUrlError(
                f"{url!r} is no broker address; write mqtt://HOST[:PORT][/PREFIX] or mqtts://…"
            )
        return cls(
            parts.hostname or "", port or _PORTS[parts.scheme], parts.scheme == "mqtts", prefix
        )

    def __str__(self) -> str:
        """Return the address as a URL."""
        return f"mqtt{'s' if self.tls else ''}://{self.host}:{self.port}/{self.prefix}"


def is_broker(url: str) -> bool:
    """Return whether a live feed's address names a broker."""
    return urlsplit(url).scheme in _PORTS


def credentials(
    broker: BrokerAddress, environment: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """Return user and password, None where there is none.

    Raises:
        BrokerUrlError: the password would be sent readable.
    """
    user, password = environment.get(USER), environment.get(PASSWORD)
    if password is not None and not broker.tls and broker.host not in _LOOPBACK:
        raise BrokerUrlError(
            f"{PASSWORD} with {broker} would be readable by everyone on the network; use mqtts://"
        )
    return user, password


def tls_context(broker: BrokerAddress, environment: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return how a connection is encrypted, None where it is not.

    With a file of authorities of our own, those the system trusts do not count.

    Raises:
        BrokerUrlError: the file is missing or holds no certificates.
    """
    if not broker.tls:
        return None
    file = environment.get(CA_FILE)
    try:
        context = ssl.create_default_context(cafile=file or None)
    except OSError as error:
        reason = error.strerror if error.filename or not isinstance(error, ssl.SSLError) else error
        raise BrokerUrlError(
            f"{CA_FILE} names {file}, which cannot be used ({reason}); name a PEM file with the "
            "certificates of the authorities that may sign the broker's"
        ) from error
    context.sslsocket_class = _BrokerSocket
    return context


class _BrokerSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails, which paho leaves to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            self.close()
            raise


def library() -> Any:  # noqa: ANN401 - a module
    """Return aiomqtt, which only those who use a broker install.

    Raises:
        BrokerUrlError: it is not installed.
    """
    try:
        import aiomqtt
    except ImportError as error:
        raise BrokerUrlError(
            "a broker needs the package aiomqtt; install it with: pip install 'pilotline[mqtt]'"
        ) from error
    return aiomqtt

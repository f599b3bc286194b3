"""Reads where and how a machine speaks OPC UA."""

from enum import StrEnum
from urllib.parse import urlsplit

from pilotline_plant.machine import Endpoint
from pilotline_plant.reading.table import Table

DEFAULT_PORT = 4840
"""IANA's port of OPC UA over TCP."""


class Security(StrEnum):
    """Security policies; all but ``None`` mean SignAndEncrypt."""

    BASIC256SHA256 = "Basic256Sha256"
    AES128_SHA256_RSAOAEP = "Aes128_Sha256_RsaOaep"
    AES256_SHA256_RSAPSS = "Aes256_Sha256_RsaPss"
    NONE = "None"


class Deadbands(StrEnum):
    """Who applies deadbands."""

    SERVER = "server"
    AGENT = "agent"


class ServerProfile(StrEnum):
    """Servers whose limits and faults are known."""

    S7_1200 = "s7-1200"
    S7_1500 = "s7-1500"
    KEPWARE = "kepware"
    IGNITION = "ignition"
    PROSYS = "prosys"
    ASYNCUA = "asyncua"
    PILOTLINE = "pilotline"
    GENERIC = "generic"


def read_endpoint(machine: Table, taken: dict[str, str]) -> Endpoint:
    """Read ``endpoint`` of a machine; `taken` keeps which machine has which endpoint."""
    table = machine.below("endpoint")
    if table is None:
        if "endpoint" not in machine:
            machine.mistake("is missing; write { url = 'opc.tcp://host:port/path' }", "endpoint")
        return Endpoint(url="", security=Security.NONE)
    endpoint = Endpoint(
        url=_read_url(table, str(machine.values.get("id", "")), taken),
        security=table.word("security", Security, Security.BASIC256SHA256).value,
        user=table.optional_text("user"),
        profile=table.word("profile", ServerProfile).value if "profile" in table else None,
        deadbands=table.word("deadbands", Deadbands, Deadbands.SERVER).value,
    )
    if endpoint.user is not None and endpoint.security == Security.NONE:
        table.mistake("its password would travel in the clear; choose a security policy", "user")
    table.finish()
    return endpoint


def _read_url(table: Table, machine: str, taken: dict[str, str]) -> str:
    url = table.text("url")
    if not url:
        return url
    fault = _fault(url)
    if fault:
        table.mistake(f"{fault}; write such as 'opc.tcp://192.168.1.20:4840/mill'", "url")
        return url
    address = _address(url)
    if address in taken:
        table.mistake(f"machine {taken[address]!r} has this endpoint already", "url")
    taken.setdefault(address, machine)
    return url


def _fault(url: str) -> str:
    """Return what is wrong with an endpoint URL, or an empty text."""
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        return "must not hold blanks"
    try:
        parts = urlsplit(url)
        port = DEFAULT_PORT if parts.port is None else parts.port
    except ValueError as error:
        return f"is no URL ({error})"
    if parts.scheme != "opc.tcp":
        return "must begin with opc.tcp://"
    if parts.username is not None:
        return "must not name a user; write it as `user`"
    if not parts.hostname:
        return "names no host"
    return "" if port else "port 0 cannot be connected to"


def _address(url: str) -> str:
    """Return the URL in one spelling, so that two spellings of one endpoint are found."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or DEFAULT_PORT}{parts.path.rstrip('/')}"

"""Reads where and how a machine speaks OPC UA."""

from enum import StrEnum
from urllib.parse import urlsplit

from pilotline_plant.machine import Endpoint
from pilotline_plant.reading.table import Table

DEFAULT_PORT = 4840
"""IANA's port of OPC UA over TCP."""

MOST_FURTHER = 7
"""Most further servers of one machine."""


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
    machine_id = str(machine.values.get("id", ""))
    own: dict[str, str] = {}
    endpoint = Endpoint(
        url=_read_url(table, machine_id, taken, own),
        security=table.word("security", Security, Security.BASIC256SHA256).value,
        user=table.optional_text("user"),
        profile=table.word("profile", ServerProfile).value if "profile" in table else None,
        deadbands=table.word("deadbands", Deadbands, Deadbands.SERVER).value,
        also=_read_further(table, machine_id, taken, own),
    )
    if endpoint.user is not None and endpoint.security == Security.NONE:
        table.mistake("its password would travel in the clear; choose a security policy", "user")
    table.finish()
    return endpoint


def _read_url(table: Table, machine: str, taken: dict[str, str], own: dict[str, str]) -> str:
    url = table.text("url")
    if url and (mistake := _mistake(url, machine, taken, own)):
        table.mistake(mistake, "url")
    return url


def _read_further(
    table: Table, machine: str, taken: dict[str, str], own: dict[str, str]
) -> tuple[str, ...]:
    """Read ``also``: further servers of the same machine."""
    urls: list[str] = []
    for index, url in table.items("also", str):
        if mistake := _mistake(url, machine, taken, own):
            table.mistake(mistake, "also", index)
        urls.append(url)
    if len(urls) > MOST_FURTHER:
        table.mistake(f"names {len(urls)} further servers; at most {MOST_FURTHER} are read", "also")
    return tuple(urls)


def _mistake(url: str, machine: str, taken: dict[str, str], own: dict[str, str]) -> str:
    """Return what is wrong with a URL of a machine, or an empty text and count it as taken."""
    if fault := _fault(url):
        return f"{fault}; write such as 'opc.tcp://192.168.1.20:4840/mill'"
    address = _address(url)
    if address in own:
        return f"is the same endpoint as {own[address]}"
    own[address] = url
    if address in taken:
        return f"machine {taken[address]!r} has this endpoint already"
    taken[address] = machine
    return ""


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

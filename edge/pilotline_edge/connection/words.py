"""Words: what keeps a machine from answering, as a person on call can use it."""

import errno
import re
import socket

from asyncua.ua import uaerrors

_LONGEST = 500
_NUMBER = re.compile(r"\[Errno (\d+)\]")
_SAID = {
    errno.ECONNREFUSED: "connection refused: nothing listens there; check host and port, and that "
    "the machine's OPC UA server runs",
    errno.EHOSTUNREACH: "no route to the host; check the address and the network",
    errno.ENETUNREACH: "the network is not reachable; check this computer's network",
    errno.ECONNRESET: "it cut the connection; check that an OPC UA server listens on this port",
    errno.ETIMEDOUT: "no answer in time; check host and port, the network and firewalls",
}
_SILENT = "no answer in time; check that an OPC UA server listens there and no firewall is between"


def unanswered(error: Exception) -> str:
    """Return why there is no OPC UA connection.

    asyncua names our own limits as if they were the server's. A name with several addresses fails
    with one error for each, which asyncio joins into a text.
    """
    if isinstance(error, uaerrors.BadRequestTooLarge):
        return "it sends a message beyond the limits of this agent"
    if isinstance(error, uaerrors.UaError):
        unread = error.__cause__ if isinstance(error, uaerrors.BadDecodingError) else None
        told = unread and f"it sends what OPC UA does not know, {unread!r}"
        return (told or status_words(error))[:_LONGEST]
    if isinstance(error, socket.gaierror):
        return f"its host name is not known here: {error.strerror}; check the spelling, or the DNS"
    numbers = {int(number) for number in _NUMBER.findall(str(error))}
    numbers |= {error.errno} if isinstance(error, OSError) and error.errno else set()
    if len(numbers) == 1 and (number := numbers.pop()) in _SAID:
        return _SAID[number]
    if isinstance(error, TimeoutError):
        return _SILENT
    return f"{type(error).__name__}: {error}"


def status_words(error: uaerrors.UaError) -> str:
    """Return a status code's name and meaning, each once: asyncua appends the name to the text."""
    name = type(error).__name__
    meaning = str(error).removesuffix(f"({name})").strip().rstrip(".")
    return f"{name}: {meaning}" if meaning and meaning != name else name

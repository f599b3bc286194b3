"""Node ids and browse paths as a plant file writes them, and the namespaces they need."""

import re
from dataclasses import dataclass

from asyncua import ua
from asyncua.ua.uaerrors import UaStringParsingError

from pilotline_plant import Machine, Tag
from pilotline_plant.browse_path import BrowseStep, browse_steps
from pilotline_simulators.errors import EndpointError

_WITH_URI = re.compile(r"^nsu=(?P<uri>.+?);(?P<rest>[isgb]=.+)$")
_WITH_INDEX = re.compile(r"^(?:ns=(?P<index>\d+);)?[isgb]=.+$")
OWN_NAMESPACE = 2
"""Index of the machine's own namespace: 0 is OPC UA's, 1 the server application's."""


def application_uri(machine: str) -> str:
    """Return the URI that a machine's server and its certificate name themselves by."""
    return f"urn:pilotline:simulator:{machine}"


@dataclass(frozen=True, slots=True)
class Step:
    """One element of a browse path."""

    namespace: int
    name: str


class Namespaces:
    """The namespaces of one machine's server, as its tags need them.

    Args:
        machine: the machine.

    Raises:
        EndpointError: a node id or browse path cannot be read.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine.id
        highest = max((self._highest_index(tag) for tag in machine.tags), default=0)
        own = [
            f"urn:pilotline:machine:{machine.id}" + (f":{index}" if index > OWN_NAMESPACE else "")
            for index in range(OWN_NAMESPACE, max(highest, OWN_NAMESPACE) + 1)
        ]
        named = dict.fromkeys(uri for tag in machine.tags for uri in self._uris_of(tag))
        self.uris = (*own, *named)

    def index_of(self, uri: str) -> int:
        """Return the index of a namespace in the server's NamespaceArray."""
        return OWN_NAMESPACE + self.uris.index(uri)

    def node_id(self, text: str) -> ua.NodeId:
        """Return a node id written with an index or a namespace URI.

        Raises:
            EndpointError: it cannot be read.
        """
        named = _WITH_URI.match(text)
        if named is not None:
            text = f"ns={self.index_of(named['uri'])};{named['rest']}"
        try:
            return ua.NodeId.from_string(text)
        except (UaStringParsingError, ValueError) as error:
            raise self._unreadable("node id", text) from error

    def steps(self, browse_path: str) -> tuple[Step, ...]:
        """Return the elements of a browse path below the Objects folder.

        Raises:
            EndpointError: it cannot be read.
        """
        return tuple(
            Step(
                self.index_of(each.namespace)
                if isinstance(each.namespace, str)
                else each.namespace,
                each.name,
            )
            for each in self._written(browse_path)
        )

    def _written(self, browse_path: str) -> tuple[BrowseStep, ...]:
        try:
            return browse_steps(browse_path.strip("/"))
        except ValueError as error:
            raise self._unreadable("browse path", browse_path) from error

    def _highest_index(self, tag: Tag) -> int:
        if tag.browse_path is not None:
            written = (each.namespace for each in self._written(tag.browse_path))
            return max((each for each in written if isinstance(each, int)), default=0)
        text = tag.node_id or ""
        if _WITH_URI.match(text):
            return 0
        indexed = _WITH_INDEX.match(text)
        if indexed is None:
            raise self._unreadable("node id", text)
        return int(indexed["index"] or 0)

    def _uris_of(self, tag: Tag) -> list[str]:
        if tag.browse_path is not None:
            written = (each.namespace for each in self._written(tag.browse_path))
            return [each for each in written if isinstance(each, str)]
        named = _WITH_URI.match(tag.node_id or "")
        return [named["uri"]] if named else []

    def _unreadable(self, what: str, text: str) -> EndpointError:
        return EndpointError(
            self._machine,
            f"{what} {text!r} cannot be read. Write it like ns=2;s=Mill.Spindle.Speed "
            "or 2:Mill/2:Spindle/2:Speed.",
        )

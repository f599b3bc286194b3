"""Finding: what a browse met, and what was looked for."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from asyncua import ua

from pilotline_plant import DataType

USUAL_MS = 500
"""Sampling interval a tag has when its plant file says nothing."""


Progress = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how many (0 where that is not known)."""


def in_silence(_stage: str, _done: int, _of: int) -> None:
    """Tell nobody of the progress."""


@dataclass(frozen=True, slots=True)
class BrowseWishes:
    """What is looked for.

    Attributes:
        under: node id or browse path to begin at, or None for the Objects folder.
        depth: levels below it.
        path: path with wildcards from there that variables must fit; see `PathPattern`.
        of_type: variables of this type, or within objects of this type; a name or a node id.
        properties: whether properties (nameplates, ranges) become tags too.
        most_elements: longest array or matrix of which each element becomes a tag.
        most_nodes: nodes after which no further one is looked at.
    """

    under: str | None = None
    depth: int = 12
    properties: bool = False
    most_elements: int = 16
    most_nodes: int = 100_000
    path: str | None = None
    of_type: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A variable, or an element of one, that a tag can have.

    Attributes:
        path: browse names from the start on.
        name: what the server calls it.
        node_id: as the plant file writes it.
        data_type: type of the tag.
        node: the server's node of today.
        index: element of an array, or None.
        field: field of a structure, or None.
        role: what it means where a companion specification says so.
        ucum: unit, or None when the server gives none or one that is not known.
        unit_name: what the server calls the unit, or an empty text.
        sampling_ms: fastest sampling that makes sense, at least 500.
        remark: what a person should know, or an empty text.
    """

    path: tuple[str, ...]
    name: str
    node_id: str
    data_type: DataType
    node: ua.NodeId | None = None
    index: tuple[int, ...] | None = None
    field: str | None = None
    role: str = "value"
    ucum: str | None = None
    unit_name: str = ""
    sampling_ms: int = USUAL_MS
    remark: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A variable that no tag can have.

    Attributes:
        path: browse names from the start on.
        reason: why.
        node: the server's node of today.
    """

    path: tuple[str, ...]
    reason: str
    node: ua.NodeId | None = None


@dataclass(slots=True)
class Discovery:
    """What a server has.

    Attributes:
        found: variables for tags, by path.
        left_out: variables without a tag, by path.
        counted: nodes not looked at, by reason.
        unfinished: paths at which the server did not list everything, and its reason.
    """

    found: list[Found] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    unfinished: list[tuple[str, str]] = field(default_factory=list)

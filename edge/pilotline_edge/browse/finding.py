"""Finding: what a browse met, and what was looked for."""

from collections import Counter
from dataclasses import dataclass, field

from pilotline_plant import DataType

USUAL_MS = 500
"""Sampling interval a tag has when its plant file says nothing."""


@dataclass(frozen=True, slots=True)
class BrowseWishes:
    """What is looked for.

    Attributes:
        under: node id or browse path to begin at, or None for the Objects folder.
        depth: levels below it.
        properties: whether properties (nameplates, ranges) become tags too.
        most_elements: longest array of which each element becomes a tag.
        most_nodes: nodes after which no further one is looked at.
    """

    under: str | None = None
    depth: int = 12
    properties: bool = False
    most_elements: int = 16
    most_nodes: int = 100_000


@dataclass(frozen=True, slots=True)
class Found:
    """A variable, or an element of one, that a tag can have.

    Attributes:
        path: browse names from the start on.
        name: what the server calls it.
        node_id: as the plant file writes it.
        data_type: type of the tag.
        index: element of an array, or None for a scalar.
        ucum: unit, or None when the server gives none or one that is not known.
        unit_name: what the server calls the unit, or an empty text.
        sampling_ms: fastest sampling that makes sense, at least 500.
        remark: what a person should know, or an empty text.
    """

    path: tuple[str, ...]
    name: str
    node_id: str
    data_type: DataType
    index: int | None = None
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
    """

    path: tuple[str, ...]
    reason: str


@dataclass(slots=True)
class Discovery:
    """What a server has.

    Attributes:
        found: variables for tags, in the order they were met.
        left_out: variables without a tag.
        counted: nodes not looked at, by reason.
        unfinished: paths at which the server did not list everything, and its reason.
    """

    found: list[Found] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    unfinished: list[tuple[str, str]] = field(default_factory=list)

"""Comparison: a machine's tags beside what its server has today."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asyncua import ua

from pilotline_edge.browse.discovery import discover
from pilotline_edge.browse.finding import (
    BrowseWishes,
    Discovery,
    Found,
    Progress,
    in_silence,
)
from pilotline_edge.browse.judgement import Judgement
from pilotline_edge.browse.walk import Place
from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.structures.steps import steps_of
from pilotline_edge.subscription.nodes import resolve
from pilotline_edge.subscription.values import MOST_ELEMENTS
from pilotline_plant import DataType, Tag
from pilotline_plant.field_path import FieldStep, written_field
from pilotline_plant.printable import printable

_Part = tuple[ua.NodeId, tuple[FieldStep, ...]]


@dataclass(frozen=True, slots=True)
class Gone:
    """A tag that the server has no value for.

    Attributes:
        tag: the tag.
        reason: why.
    """

    tag: Tag
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A tag whose variable has another type than the plant file says.

    Attributes:
        tag: the tag.
        data_type: what the server says.
    """

    tag: Tag
    data_type: DataType


@dataclass(slots=True)
class Comparison:
    """How a machine's tags and its server differ.

    Attributes:
        kept: tags that are as the plant file says.
        gone: tags without a value.
        changed: tags of another type.
        new: variables, by path, of which no tag has any part.
        unfinished: paths at which the server did not list everything, and its reason.
    """

    kept: list[Tag] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    new: list[Found] = field(default_factory=list)
    unfinished: list[tuple[str, str]] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.gone or self.changed or self.new)

    def lines(self) -> Iterator[str]:
        """Yield a line for each difference: ``-`` gone, ``~`` changed, ``+`` new."""
        for gone in self.gone:
            yield f"- {gone.tag.id}: {printable(_address(gone.tag))}: {printable(gone.reason)}"
        for changed in self.changed:
            yield f"~ {changed.tag.id}: {changed.tag.data_type} is now {changed.data_type}"
        for new in self.new:
            path = printable("/".join(new.path))
            yield f"+ {path}: node_id = {printable(json.dumps(new.node_id, ensure_ascii=False))}"
        for path, reason in self.unfinished:
            yield f"? not everything below {printable(path) or 'the start'}: {printable(reason)}"


async def compare(
    session: MachineSession,
    tags: Sequence[Tag],
    wishes: BrowseWishes,
    progress: Progress = in_silence,
) -> Comparison:
    """Compare tags with an open session's server; `wishes` say where new ones are looked for.

    Raises:
        NodeNotFound: the server has no node to begin at, or no such type.
        PatternError: what is looked for is no path.
        OSError: the connection is lost.
        asyncua.ua.UaError: the server refuses to be browsed.
    """
    comparison = Comparison()
    nodes = await resolve(tags, session)
    places = {node: Place(node, ("",), "") for node in nodes if isinstance(node, ua.NodeId)}
    there = Discovery()
    judgement = Judgement(
        session, await BatchedServices.of(session), MOST_ELEMENTS, {}, there, MOST_ELEMENTS
    )
    await judgement.judge(list(places.values()), progress)
    parts = _types(there.found)
    for tag, node in zip(tags, nodes, strict=True):
        if isinstance(node, str):
            comparison.gone.append(Gone(tag, node))
            continue
        steps = steps_of(tag.index, tag.field)
        data_type = parts.get((node, steps))
        if data_type is None:
            comparison.gone.append(Gone(tag, _reason(there, node, steps)))
        elif data_type is not tag.data_type:
            comparison.changed.append(Changed(tag, data_type))
        else:
            comparison.kept.append(tag)
    discovery = await discover(session, wishes, progress)
    comparison.unfinished = discovery.unfinished
    comparison.new = _first_of_each(discovery.found, places)
    return comparison


def _types(found: Sequence[Found]) -> dict[_Part, DataType]:
    """Return the type of each part of a variable that a tag can have."""
    return {
        (each.node, steps_of(each.index, each.field)): each.data_type
        for each in found
        if each.node is not None
    }


def _first_of_each(found: Sequence[Found], known: dict[ua.NodeId, Place]) -> list[Found]:
    """Return one part of each variable that no tag has."""
    first: dict[ua.NodeId, Found] = {}
    for each in found:
        if each.node is not None and each.node not in known:
            first.setdefault(each.node, each)
    return list(first.values())


def _reason(there: Discovery, node: ua.NodeId, steps: tuple[FieldStep, ...]) -> str:
    for left_out in there.left_out:
        if left_out.node == node and len(left_out.path) == 1:
            return left_out.reason
    has = [found for found in there.found if found.node == node]
    if not steps:
        return "an array or a structure now; give the tag the index or the field of one part"
    if any(not steps_of(found.index, found.field) for found in has):
        return "a scalar now, without index and field"
    return f"it has no {written_field(steps)}"


def _address(tag: Tag) -> str:
    steps = steps_of(tag.index, tag.field)
    part = f" {written_field(steps)}" if steps else ""
    return f"{tag.node_id or tag.browse_path}{part}"

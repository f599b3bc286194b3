"""Columns: the values of a message as the journal keeps them, and as coverage sees them."""

import time
from typing import Protocol

from pilotline_edge.journal import Journal, Samples
from pilotline_edge.link.coverage import Seen
from pilotline_edge.link.series import series_of
from pilotline_edge.link.state import MachineState
from pilotline_edge.live.feed import LiveOutlet
from pilotline_edge.structures import StructureTypes
from pilotline_edge.subscription.items import Item
from pilotline_edge.subscription.publication import (
    ChangeColumns,
    Changes,
    Publication,
    Unsupported,
)
from pilotline_plant import Machine


class Source(Protocol):
    """A subscription, or a group of polled tags."""

    types: StructureTypes

    def item(self, handle: int) -> Item | None:
        """Return the item with this number."""


class Columns:
    """Finds the tag of each value, and what the tag has of it.

    Characteristics
        cost: values that tags keep as they come are handled as columns, without a look at each
        live: the newest value of each tag is told on the way

    Attributes:
        numbers: the journal's number of each series, by tag id.
    """

    def __init__(
        self, machine: Machine, journal: Journal, state: MachineState, live: LiveOutlet | None
    ) -> None:
        self._journal = journal
        self._state = state
        self._live = live
        self.adapt(machine)

    def adapt(self, machine: Machine) -> None:
        """Take other tags of the machine from now on; the journal knows them already."""
        self._machine = machine.id
        self.numbers = {each.tag: self._journal.numbers[each] for each in series_of(machine)}

    def of(self, source: Source, publication: Publication) -> tuple[Samples, list[Seen]]:
        """Return the values of a message that are kept, and all that coverage learns from it.

        A value without a source time is identified by its server time, or else its publish time.
        """
        if isinstance(publication.changes, Changes):
            whole = self._whole(source, publication.changes.columns)
            if whole is not None:
                return whole
        samples = Samples()
        seen: list[Seen] = []
        instead_ns = publication.published_ns or time.time_ns()
        for handle, value, status, source_time, server in publication.changes:
            item = source.item(handle)
            if item is None:
                continue
            held = value
            if isinstance(value, Unsupported) or not item.whole:
                held = item.select(value, source.types)
            tag, source_ns = item.tag.id, source_time or server or instead_ns
            seen.append((tag, source_ns, status))
            if item.deadband is not None and not item.deadband.keeps(held, status):
                self._state.suppressed += 1
                continue
            samples.series.append(self.numbers[tag])
            samples.source_ns.append(source_ns)
            samples.server_ns.append(server)
            samples.statuses.append(status)
            samples.values.append(held)
            if self._live is not None:
                shown = None if isinstance(held, Unsupported) else held
                self._live.put(self._machine, tag, source_ns, shown, status)
        return samples, seen

    def _whole(self, source: Source, columns: ChangeColumns) -> tuple[Samples, list[Seen]] | None:
        """Return what `of` does, without a look at each value where none is needed.

        None where one is: some item is not known, or wants only a part of what it is sent.
        """
        handles, values, statuses, source_ns, server_ns = columns
        names: dict[int, str] = {}
        for handle in set(handles):
            item = source.item(handle)
            if item is None or not item.whole:
                return None
            names[handle] = item.tag.id
        tags = list(map(names.__getitem__, handles))
        series = list(map(self.numbers.__getitem__, tags))
        if self._live is not None:
            newest = dict(zip(tags, zip(source_ns, values, statuses, strict=True), strict=True))
            for tag, shown in newest.items():
                self._live.put(self._machine, tag, *shown)
        samples = Samples(series, source_ns, server_ns, statuses, values)
        return samples, list(zip(tags, source_ns, statuses, strict=True))

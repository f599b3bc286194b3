"""Waiting: entries that the journal has not taken yet, by the priority of their machines."""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from pilotline_edge.journal.commands import Append
from pilotline_plant import Priority

ROOM: Final = {Priority.LOW: 0.75, Priority.NORMAL: 0.9, Priority.HIGH: 1.0}
"""Share of the journal up to which machines of a priority may fill it."""

ROOM_AGAIN: Final = 0.95
"""Share of that share below which they may again."""


class WaitingEntries:
    """Entries in the order they came, the important machines' first.

    Characteristics
        order: of one machine's entries as they came; a machine has one priority
        bounded: by the publish requests in flight, since each machine waits for its commits

    Attributes:
        met: priorities that any entry had so far.
    """

    def __init__(self) -> None:
        self.met: set[Priority] = set()
        self._entries: dict[Priority, deque[Append]] = {each: deque() for each in ROOM}

    def __bool__(self) -> bool:
        return any(self._entries.values())

    def add(self, entries: Iterable[Append]) -> None:
        """Add entries behind those that wait."""
        for entry in entries:
            self.met.add(entry.priority)
            self._entries[entry.priority].append(entry)

    def put_back(self, entries: Sequence[Append]) -> None:
        """Return entries to where they were taken from."""
        for entry in reversed(entries):
            self._entries[entry.priority].appendleft(entry)

    def take(self, held: Collection[Priority], most_bytes: int) -> list[Append]:
        """Return entries of all priorities but those that are held, up to about a size."""
        group: list[Append] = []
        size = 0
        for priority in reversed(ROOM):
            waiting = self._entries[priority]
            while priority not in held and waiting and size < most_bytes:
                group.append(waiting.popleft())
                size += len(group[-1].record)
        return group

    def take_all(self) -> list[Append]:
        """Return every entry."""
        return self.take((), 2**63)


def held_back(
    filled: float, met: Collection[Priority], held_before: Collection[Priority]
) -> frozenset[Priority]:
    """Return the priorities that are not taken while so much of the journal is filled.

    Args:
        filled: share of the journal's limit that is used.
        met: those that machines have; the highest of them may fill the journal.
        held_before: those held until now; they wait until there is a little more room.
    """
    highest = max(met, key=list(ROOM).index, default=Priority.HIGH)
    shares = {each: 1.0 if each is highest else ROOM[each] for each in met}
    return frozenset(
        each
        for each, share in shares.items()
        if filled >= share * (ROOM_AGAIN if each in held_before else 1.0)
    )

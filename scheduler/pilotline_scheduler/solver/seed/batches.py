"""Batches under construction: who shares a machine with whom."""

from collections.abc import Iterator, Sequence


class Batches:
    """Operations that start and end together on a machine.

    The first one placed is the head: it stands in the machine's sequence for all.

    Args:
        operations: how many operations there are.
    """

    def __init__(self, operations: int) -> None:
        self._head = [-1] * operations
        self._joined: dict[int, list[int]] = {}
        self._taken: dict[int, int] = {}
        self._by_family: dict[int, list[int]] = {}

    def twin(self) -> "Batches":
        """Return a copy that changes on its own."""
        twin = Batches(0)
        twin._head = list(self._head)
        twin._joined = {head: list(joined) for head, joined in self._joined.items()}
        twin._taken = dict(self._taken)
        twin._by_family = {family: list(heads) for family, heads in self._by_family.items()}
        return twin

    def grow(self, count: int) -> None:
        """Make room for more operations."""
        self._head.extend([-1] * count)

    def of(self, family: int) -> Sequence[int]:
        """Return the heads of the batches of a family."""
        return self._by_family.get(family, ())

    def taken(self, head: int) -> int:
        """Return the places that a batch takes."""
        return self._taken[head]

    def joined(self, head: int) -> Sequence[int]:
        """Return the operations that joined one; none where it heads no batch."""
        return self._joined.get(head, ())

    def heads(self) -> Iterator[tuple[int, int]]:
        """Yield each operation that joined a batch, with the batch's head."""
        for head, joined in self._joined.items():
            for operation in joined:
                yield operation, head

    def begin(self, operation: int, family: int, places: int) -> None:
        """Begin a batch of one."""
        self._joined[operation] = []
        self._taken[operation] = places
        self._by_family.setdefault(family, []).append(operation)

    def join(self, operation: int, head: int, places: int) -> None:
        """Put an operation into a batch."""
        self._head[operation] = head
        self._joined[head].append(operation)
        self._taken[head] += places

    def hand_on(self, head: int) -> int:
        """Make the first operation that joined one the head instead; return it, or -1 for none."""
        joined = self._joined.get(head, ())
        if not joined:
            return -1
        heir = joined[0]
        self._joined[heir] = [*joined[1:], head]
        del self._joined[head]
        self._taken[heir] = self._taken.pop(head)
        for heads in self._by_family.values():
            if head in heads:
                heads[heads.index(head)] = heir
        self._head[heir] = -1
        for each in self._joined[heir]:
            self._head[each] = heir
        return heir

    def leave(self, operation: int, family: int, places: int) -> bool:
        """Take an operation out; return whether it had joined, so that others stay.

        A head leaves after all that joined it.
        """
        head = self._head[operation]
        if head >= 0:
            self._head[operation] = -1
            self._joined[head].remove(operation)
            self._taken[head] -= places
            return True
        if operation in self._joined:
            del self._joined[operation], self._taken[operation]
            self._by_family[family].remove(operation)
        return False

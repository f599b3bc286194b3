"""Narrows a conflict down to members of which none can be left out.

QuickXplain: U. Junker, "Preferred explanations and relaxations for over-constrained problems",
AAAI 2004. For a conflict of k among n members it asks about 2k log2(n/k) + 2k questions.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

Member = TypeVar("Member")


def narrowed(
    members: Sequence[Member], conflicting: Callable[[Sequence[Member]], bool]
) -> list[Member]:
    """Return members that still conflict, of which none can be left out.

    Args:
        members: members that conflict all together.
        conflicting: whether some of them are proven to conflict. Where it answers no for want of
            time, the result conflicts all the same, but may hold more than it needs.
    """
    if conflicting(()):
        return []
    return _needed([], False, list(members), conflicting)


def _needed(
    kept: list[Member],
    changed: bool,
    members: list[Member],
    conflicting: Callable[[Sequence[Member]], bool],
) -> list[Member]:
    """Return which of `members` are needed for a conflict beside those kept."""
    if changed and conflicting(kept):
        return []
    if len(members) == 1:
        return members
    half = len(members) // 2
    first, second = members[:half], members[half:]
    needed_second = _needed([*kept, *first], True, second, conflicting)
    needed_first = _needed([*kept, *needed_second], bool(needed_second), first, conflicting)
    return [*needed_first, *needed_second]

"""How ids are written, how keys are named in messages, and what a misspelt word may have meant."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from pilotline_plant.reading.places import KeyPath

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MOST_LISTED = 8
ID_RULE = (
    "an id starts with a letter or a digit, goes on with letters, digits, '-' and '_', "
    "and is at most 64 characters long"
)


def is_id(text: str) -> bool:
    """Return whether `text` can be an id; ids go into file names, URLs and node ids."""
    return _ID.fullmatch(text) is not None


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest known word, or an empty text."""
    by_lower = {word.lower(): str(word) for word in known}
    near = get_close_matches(written.lower(), by_lower, n=1)
    return f"did you mean {by_lower[near[0]]!r}?" if near else ""


def some_of(known: Collection[str]) -> str:
    """Return the known words a person may choose from, the first few of many."""
    listed = ", ".join(sorted(known)[:_MOST_LISTED]) or "none"
    more = len(known) - _MOST_LISTED
    return f"{listed} and {more} more" if more > 0 else listed


def dotted_key(values: object, path: KeyPath) -> str:
    """Return a path with elements called by their ids: ``machines.mill-1.tags.speed.unit``.

    Elements without an id are counted from 1: ``calendars.day.shifts[2].start``.
    """
    shown = ""
    for word in path:
        if isinstance(word, str):
            values = values.get(word) if isinstance(values, dict) else None
            shown += f".{word}" if shown else word
            continue
        values = values[word] if isinstance(values, list) else None
        own_id = values.get("id") if isinstance(values, dict) else None
        shown += f".{own_id}" if isinstance(own_id, str) and own_id else f"[{word + 1}]"
    return shown

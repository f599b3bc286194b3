"""Order: what a browse found, each time in the same order."""

import re

from pilotline_edge.browse.finding import Found, LeftOut

_NUMBER = re.compile(r"([0-9]+)")

OrderKey = tuple[list[list[tuple[int, str]]], str]


def by_path(each: Found | LeftOut) -> OrderKey:
    """Return a key that sorts by names, ``Zone2`` before ``Zone10``.

    Indexes of namespaces change when a server restarts, so they do not count.
    """
    names = [step.partition(":")[2] for step in each.path]
    node_id = each.node_id if isinstance(each, Found) else each.reason
    return [_natural(name) for name in names], node_id


def _natural(name: str) -> list[tuple[int, str]]:
    return [
        (int(part[:18]), "") if n % 2 else (-1, part) for n, part in enumerate(_NUMBER.split(name))
    ]

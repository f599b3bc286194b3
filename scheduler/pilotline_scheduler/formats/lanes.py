"""Where the operations of a batch go in the one row of their machine: side by side."""

from collections import defaultdict
from typing import NamedTuple

from pilotline_scheduler.plan import Plan


class Lane(NamedTuple):
    """A share of a row: number `rank` from the top, from 0, of `lanes`."""

    rank: int
    lanes: int


def lanes(plan: Plan) -> dict[str, Lane]:
    """Return the lane of each operation; those of a batch, which run at one time, share a row."""
    together: dict[tuple[str, int, int], list[str]] = defaultdict(list)
    for planned in plan.operations:
        together[planned.machine, planned.start, planned.end].append(planned.operation)
    return {
        operation: Lane(index, len(batch))
        for batch in together.values()
        for index, operation in enumerate(batch)
    }

"""What clients were promised."""

from collections.abc import Mapping

from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import Run


def promised_end(run: Run, published: Mapping[str, PlannedOperation]) -> int | None:
    """Return by when a run is promised to end, or None where nothing is promised.

    That is its due tick or deadline, whichever is sooner; a run that was published to end later has
    been told that end.
    """
    wished = min((each for each in (run.due, run.deadline) if each is not None), default=None)
    if wished is None:
        return None
    ends = [published[each.id].end for each in run.operations if each.id in published]
    return max(wished, *ends) if len(ends) == len(run.operations) else wished

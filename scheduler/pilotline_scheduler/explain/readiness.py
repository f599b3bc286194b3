"""From when an operation could start if only its own run mattered."""

from collections.abc import Collection

from pilotline_scheduler.explain.floor import Floor
from pilotline_scheduler.problem import Lag, Run


def readiness(
    floor: Floor, run: Run, operation: str, apart_from: Collection[str] = ()
) -> tuple[int, Lag | None]:
    """Return from when an operation could start by its own run alone, and by which lag.

    None is the release; for what runs already, its start if that was before. Lags from the
    operations in `apart_from` do not count.
    """
    if operation in floor.case.running:
        return min(run.release, floor.case.running[operation].start), None
    ready, binding = run.release, None
    for lag in run.lags:
        if lag.after == operation and lag.before not in apart_from:
            bound = floor.case.planned[lag.before].end + lag.minimum
            if bound > ready:
                ready, binding = bound, lag
    return ready, binding

"""The sample nearest to an instant, found by looking at few of the others."""

from collections import deque
from typing import Final

from pilotline_historian.historian import Historian
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS
from pilotline_historian.sample import Sample, Series

_FIRST_LOOK_NS: Final = 60 * 10**9
"""How far back the first look goes; each next one goes twice as far."""


def first_within(historian: Historian, series: Series, start_ns: int, end_ns: int) -> Sample | None:
    """Return the first sample of ``[start_ns, end_ns)``, or None."""
    return next(historian.raw(series, start_ns, end_ns), None)


def last_before(historian: Historian, series: Series, end_ns: int) -> Sample | None:
    """Return the newest sample before an instant, or None.

    Looks back twice as far each time until something is found, then halves what may hold a later
    one: a tag that changed last a year ago takes some forty looks and no year of samples.

    Raises:
        HistorianError: the historian did not answer.
    """
    newest = historian.last([series]).get(series)
    if newest is None or newest.source_time_ns < end_ns:
        return newest
    upto_ns, back_ns = min(end_ns, LAST_TIME_NS), _FIRST_LOOK_NS
    found = None
    while found is None and upto_ns > FIRST_TIME_NS:
        from_ns = max(FIRST_TIME_NS, end_ns - back_ns)
        found = first_within(historian, series, from_ns, upto_ns)
        if found is None:
            upto_ns, back_ns = from_ns, 2 * back_ns
    while found is not None and upto_ns - found.source_time_ns > _FIRST_LOOK_NS:
        middle_ns = (found.source_time_ns + upto_ns) // 2
        later = first_within(historian, series, middle_ns, upto_ns)
        if later is None:
            upto_ns = middle_ns
        else:
            found = later
    if found is None:
        return None
    return deque(historian.raw(series, found.source_time_ns, upto_ns), maxlen=1).pop()

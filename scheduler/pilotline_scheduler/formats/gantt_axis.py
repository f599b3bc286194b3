"""Where a chart's time axis is marked, and with what words."""

from datetime import datetime, timedelta

_MOST_MARKS = 12
_STEPS_S = (
    *(60 * each for each in (1, 5, 15, 30)),
    *(3_600 * each for each in (1, 2, 4, 6, 12)),
    *(86_400 * each for each in (1, 2, 7, 14, 28, 91, 182, 364)),
)
_DAY_S = 86_400


def axis_marks(end: int, tick_s: int, origin: datetime | None) -> list[tuple[int, str]]:
    """Return the ticks to mark, at most thirteen or so, and their labels.

    Args:
        end: last tick of the chart.
        tick_s: seconds in a tick.
        origin: instant of tick 0; marks then lie on whole days, hours or minutes of UTC.
    """
    if origin is None:
        step = _round_step(end)
        return [(tick, f"{tick:,}") for tick in range(0, end + 1, step)]
    step_s = next(
        (each for each in _STEPS_S if end * tick_s <= each * _MOST_MARKS), 10 * 364 * _DAY_S
    )
    midnight = origin.replace(hour=0, minute=0, second=0, microsecond=0)
    offset_s = -((origin - midnight) // timedelta(seconds=1)) % step_s
    marks = range(offset_s, end * tick_s + 1, step_s)
    form = "%a %-d %b" if step_s >= _DAY_S else "%a %H:%M"
    return [(at // tick_s, (origin + timedelta(seconds=at)).strftime(form)) for at in marks]


def _round_step(end: int) -> int:
    """Return 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if end <= factor * power * _MOST_MARKS:
                return factor * power
        power *= 10

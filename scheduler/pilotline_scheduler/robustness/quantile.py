"""Problems with other durations than given: at a quantile of their spread, or with a usual one."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil, floor, sqrt

from pilotline_scheduler.errors import AnalysisError
from pilotline_scheduler.problem import Mode, Problem

_ROUNDING = 1e-9


def at_quantile(problem: Problem, quantile: float) -> Problem:
    """Return a problem that reckons with durations that are kept with a certain chance.

    Every mode with a spread takes the least whole ticks that are enough with the chance given;
    modes without one stay as they are. A plan of it must be checked against it, not against the
    problem it comes from.

    Args:
        problem: a validated problem.
        quantile: the chance, from 0 to 1; 0.5 is as likely too long as too short.

    Raises:
        AnalysisError: the quantile is out of range.
    """
    if not 0 <= quantile <= 1:
        message = f"a quantile must be from 0 to 1, not {quantile}"
        raise AnalysisError(message)
    name = f"{problem.name}, durations at quantile {quantile:g}"
    changed = _with_modes(problem, lambda mode: _at_quantile(mode, quantile))
    return replace(changed, name=name)


def with_usual_spread(problem: Problem, shorter: float, longer: float) -> Problem:
    """Return a problem in which modes without a spread have the usual one around their ticks.

    Args:
        problem: a validated problem.
        shorter: share of the ticks by which work takes less at best, below 1.
        longer: share of the ticks by which it takes more at worst.

    Raises:
        AnalysisError: a share is out of range.
    """
    if not 0 <= shorter < 1 or longer < 0:
        message = f"shares must be from 0 (and below 1 for shorter), not {shorter} and {longer}"
        raise AnalysisError(message)

    def spread(mode: Mode) -> Mode:
        if mode.spread is not None or mode.ticks == 0:
            return mode
        least = max(1, floor(mode.ticks * (1 - shorter)))
        return replace(mode, spread=(least, mode.ticks, ceil(mode.ticks * (1 + longer))))

    return _with_modes(problem, spread)


def _with_modes(problem: Problem, changed: Callable[[Mode], Mode]) -> Problem:
    runs = tuple(
        replace(
            run,
            operations=tuple(
                replace(operation, modes=tuple(map(changed, operation.modes)))
                for operation in run.operations
            ),
        )
        for run in problem.runs
    )
    return replace(problem, runs=runs)


def _at_quantile(mode: Mode, quantile: float) -> Mode:
    if mode.spread is None:
        return mode
    low, likely, high = mode.spread
    return replace(mode, ticks=max(low, ceil(_inverse(low, likely, high, quantile) - _ROUNDING)))


def _inverse(low: int, likely: int, high: int, quantile: float) -> float:
    """Return the inverse of the triangular distribution function."""
    width = high - low
    if width == 0:
        return low
    if quantile * width <= likely - low:
        return low + sqrt(quantile * width * (likely - low))
    return high - sqrt((1 - quantile) * width * (high - likely))

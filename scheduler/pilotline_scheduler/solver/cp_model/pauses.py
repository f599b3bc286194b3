"""Part two of the CP-SAT model, continued: what is held only while an operation works."""

from collections.abc import Iterator

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.draft import Draft, Option, Span
from pilotline_scheduler.solver.instance import ModeData

Demand = tuple[cp_model.IntervalVar, int]


def worked_demands(draft: Draft, pool: int) -> list[Demand]:
    """Return what operations draw from a pool while they work, but not while they pause."""
    found: list[Demand] = []
    for operation in draft.movers:
        for option in draft.activity(operation).options:
            mode = draft.instance.modes[operation][option.mode]
            for profile, units in mode.freed:
                if profile == pool:
                    found += [
                        (interval, units)
                        for span in option.spans
                        for interval in _worked(draft, operation, option, span)
                    ]
    return found


def _worked(
    draft: Draft, operation: int, option: Option, span: Span
) -> Iterator[cp_model.IntervalVar]:
    """Yield intervals that cover the work of an operation when it has a duration."""
    mode = draft.instance.modes[operation][option.mode]
    if span.size == mode.ticks:
        yield span.interval
        return
    activity = draft.activity(operation)
    pieces = [
        (max(low, activity.first_start), min(high, activity.last_start))
        for low, high, size in mode.starts.pieces()
        if size == span.size and low <= activity.last_start and high >= activity.first_start
    ]
    literals: list[cp_model.IntVar] = []
    for low, high in pieces:
        begun = None if draft.base is None else low <= draft.base.start[operation] <= high
        chosen = begun and _lasts(draft, operation, option, span)
        literal = draft.truth(chosen)
        literals.append(literal)
        draft.model.add_linear_constraint(activity.start, low, high).only_enforce_if(literal)
        yield from _parts(draft, operation, mode, (low, high, span.size), literal)
    draft.model.add(sum(literals) == span.literal)


def _lasts(draft: Draft, operation: int, option: Option, span: Span) -> bool:
    """Return whether an operation has an option and a duration in the base plan."""
    base = draft.base
    return (
        base is not None
        and base.mode[operation] == option.mode
        and base.end[operation] - base.start[operation] == span.size
    )


def _parts(
    draft: Draft,
    operation: int,
    mode: ModeData,
    piece: tuple[int, int, int],
    literal: cp_model.IntVar,
) -> Iterator[cp_model.IntervalVar]:
    """Yield the open intervals that starts of a piece run through; first and last one in part."""
    low, high, size = piece
    model, start = draft.model, draft.activity(operation).start
    base = None if draft.base is None else draft.base.start[operation]
    parts = mode.worked(low, low + size)
    if low == high:
        for begin, end in parts:
            yield model.new_optional_fixed_size_interval_var(begin, end - begin, literal, "")
        return
    first_end, last_start = parts[0][1], parts[-1][0]
    before = draft.number(
        cp_model.Domain(first_end - high, first_end - low),
        None if base is None else min(max(first_end - base, first_end - high), first_end - low),
    )
    yield model.new_optional_interval_var(start, before, first_end, literal, "")
    for begin, end in parts[1:-1]:
        yield model.new_optional_fixed_size_interval_var(begin, end - begin, literal, "")
    shortest, longest = low + size - last_start, high + size - last_start
    after = draft.number(
        cp_model.Domain(shortest, longest),
        None if base is None else min(max(base + size - last_start, shortest), longest),
    )
    yield model.new_optional_interval_var(last_start, after, start + size, literal, "")

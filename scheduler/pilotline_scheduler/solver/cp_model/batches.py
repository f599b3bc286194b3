"""Part two of the CP-SAT model, continued: operations that share a machine as a batch.

Each batch has a head, which alone takes the machine and is set up; the others join it and start and
end with it. An operation joins only heads that come before it in a fixed order, so that a batch has
one form. Kept operations of one batch stay together; free ones may join them.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.draft import Draft, Head, Join, Option, Span


@dataclass(slots=True)
class _Place:
    """A head that others may join.

    Attributes:
        operation: the head.
        literal: true when it is one.
        left: places that are left for free operations.
        joins: literals of those that join it, times the places they take.
    """

    operation: int
    literal: cp_model.IntVar
    left: int
    joins: list[cp_model.LinearExprT]


def add_batches(draft: Draft) -> None:
    """Operations share a machine only if they start and end together and find places."""
    if not draft.base_head and not any(True for _ in _sharing(draft)):
        return
    _keep_together(draft)
    places: dict[int, list[_Place]] = {}
    for operation, family in _kept_heads(draft):
        places.setdefault(family, []).append(_kept_place(draft, operation))
    for operation, option in _sharing(draft):
        mode = draft.instance.modes[operation][option.mode]
        here = places.setdefault(mode.family, [])
        here.append(_free_place(draft, operation, option, here))
    for each in (place for here in places.values() for place in here):
        if each.joins:
            draft.model.add(sum(each.joins) <= each.left * each.literal)
    _fill_places(draft, {family for family, here in places.items() if len(here) > 1})


def _fill_places(draft: Draft, families: Set[int]) -> None:
    """All at work in batches of a family fit into the machine: implied, but good for bounds."""
    for family in sorted(families):
        intervals: list[cp_model.IntervalVar] = []
        units: list[int] = []
        capacity = 0
        for operation, option in _sharing(draft):
            mode = draft.instance.modes[operation][option.mode]
            if mode.family == family and mode.places:
                capacity = draft.instance.machines[mode.machine].places
                intervals += [span.interval for span in option.spans]
                units += [mode.places] * len(option.spans)
        if intervals:
            draft.model.add_cumulative(intervals, units, capacity)


def _sharing(draft: Draft) -> Iterator[tuple[int, Option]]:
    """Yield the free operations with the options in which they may share a machine."""
    for operation in sorted(draft.scope.free):
        for option in draft.activity(operation).options:
            if draft.instance.modes[operation][option.mode].family >= 0:
                yield operation, option


def _keep_together(draft: Draft) -> None:
    for operation, head in draft.base_head.items():
        if operation == head or operation in draft.scope.free:
            continue
        if draft.scope.moves(operation) or draft.scope.moves(head):
            one, other = draft.activity(operation), draft.activity(head)
            draft.model.add(one.start == other.start)
            draft.model.add(one.end == other.end)


def _kept_heads(draft: Draft) -> Iterator[tuple[int, int]]:
    """Yield the heads of kept batches in the time of the scope, with their families."""
    kept = [each for each, head in draft.base_head.items() if each == head]
    staying = set(draft.neighbours(kept))
    for operation in kept:
        if operation in draft.scope.ordered or operation in staying:
            yield operation, _base_family(draft, operation)


def _base_family(draft: Draft, operation: int) -> int:
    mode = 0 if draft.base is None else draft.base.mode[operation]
    return draft.instance.modes[operation][mode].family


def _places(draft: Draft, operation: int, mode: int) -> int:
    return draft.instance.modes[operation][mode].places


def _kept_place(draft: Draft, operation: int) -> _Place:
    mode = draft.activity(operation).options[0].mode
    machine = draft.instance.machines[draft.instance.modes[operation][mode].machine]
    taken = sum(
        _places(draft, each, 0 if draft.base is None else draft.base.mode[each])
        for each, head in draft.base_head.items()
        if head == operation and each not in draft.scope.free
    )
    return _Place(operation, draft.true, machine.places - taken, [])


def _free_place(draft: Draft, operation: int, option: Option, heads: list[_Place]) -> _Place:
    """Let a free operation join one of several heads, or be a head itself."""
    mode = draft.instance.modes[operation][option.mode]
    joins = [
        _join(draft, operation, option, place)
        for place in heads
        if place.left >= mode.places and _may_meet(draft, operation, place.operation)
    ]
    literal = option.literal
    if joins:
        literal = draft.truth(draft.base_head.get(operation) == operation)
        draft.model.add(sum(joins) + literal == option.literal)
        draft.heads[operation, mode.machine] = Head(
            literal, _head_spans(draft, operation, option, literal)
        )
    places = draft.instance.machines[mode.machine].places
    return _Place(operation, literal, places - mode.places, [])


def _may_meet(draft: Draft, one: int, other: int) -> bool:
    first, second = draft.activity(one), draft.activity(other)
    return first.first_start <= second.last_start and second.first_start <= first.last_start


def _join(draft: Draft, operation: int, option: Option, place: _Place) -> cp_model.IntVar:
    model, one, other = draft.model, draft.activity(operation), draft.activity(place.operation)
    literal = draft.truth(draft.base_head.get(operation) == place.operation)
    model.add(one.start == other.start).only_enforce_if(literal)
    model.add(one.end == other.end).only_enforce_if(literal)
    if place.literal is not draft.true:
        model.add_implication(literal, place.literal)
    place.joins.append(literal * _places(draft, operation, option.mode))
    draft.joins.append(Join(operation, place.operation, literal))
    return literal


def _head_spans(
    draft: Draft, operation: int, option: Option, literal: cp_model.IntVar
) -> tuple[Span, ...]:
    """Return the durations of an operation as a head."""
    start, base = draft.activity(operation).start, draft.base
    found: list[Span] = []
    for span in option.spans:
        both = literal
        if len(option.spans) > 1:
            hint = base is not None and (
                draft.base_head.get(operation) == operation
                and base.end[operation] - base.start[operation] == span.size
            )
            both = draft.truth(hint)
            draft.model.add_bool_and(literal, span.literal).only_enforce_if(both)
            draft.model.add_bool_or(both, ~literal, ~span.literal)
        interval = draft.model.new_optional_fixed_size_interval_var(start, span.size, both, "")
        found.append(Span(span.size, both, interval))
    return tuple(found)

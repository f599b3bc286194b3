"""Part three of the CP-SAT model, continued: what energy costs or emits at the time it is drawn.

Between two changes of the price at either end of an operation, its value is linear in its start.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ortools.sat.python import cp_model

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.cp_model.draft import Draft, Option, Span
from pilotline_scheduler.solver.instance import ModeData


@dataclass(frozen=True, slots=True)
class _Piece:
    """Starts in ``[low, high]``, for which the value is ``value + slope * (start - low)``."""

    low: int
    high: int
    value: int
    slope: int


def drawn(draft: Draft, goal: Goal) -> list[cp_model.LinearExprT]:
    """Return terms that add up to what all operations draw; a batch draws it once."""
    terms: list[cp_model.LinearExprT] = []
    for operation in range(len(draft.instance.names)):
        if draft.scope.moves(operation):
            for option in draft.activity(operation).options:
                terms += _option(draft, goal, operation, option)
        elif draft.base is not None and draft.base_head.get(operation, operation) == operation:
            mode = draft.instance.modes[operation][draft.base.mode[operation]]
            terms.append(mode.drawn(goal, draft.base.start[operation], draft.base.end[operation]))
    return terms


def _option(
    draft: Draft, goal: Goal, operation: int, option: Option
) -> Iterator[cp_model.LinearExprT]:
    mode = draft.instance.modes[operation][option.mode]
    head = draft.head(operation, option)
    if head is None or not mode.meters:
        return
    for span in head.spans:
        pieces = list(_pieces(draft, goal, operation, mode, span.size))
        yield from _value(draft, operation, option, span, pieces)


def _pieces(
    draft: Draft, goal: Goal, operation: int, mode: ModeData, size: int
) -> Iterator[_Piece]:
    """Yield where the value of a duration is linear, over the starts that are left."""
    meter = next((meter for measured, meter in mode.meters if measured is goal), None)
    if meter is None:
        return
    activity = draft.activity(operation)
    last: _Piece | None = None
    for first, final, length in mode.starts.pieces():
        low, high = max(first, activity.first_start), min(final, activity.last_start)
        if length != size or low > high:
            continue
        bends = meter.bends(low, high, size)
        for begin, end in zip(bends, [*(tick - 1 for tick in bends[1:]), high], strict=True):
            value = mode.energy * meter.between(begin, begin + size)
            slope = mode.energy * (
                meter.between(begin + 1, begin + 1 + size) - meter.between(begin, begin + size)
            )
            piece = _Piece(begin, end, value, slope if end > begin else 0)
            if last is not None and _continues(last, piece):
                last = _Piece(last.low, end, last.value, last.slope)
                continue
            if last is not None:
                yield last
            last = piece
    if last is not None:
        yield last


def _continues(one: _Piece, other: _Piece) -> bool:
    """Return whether a piece goes on as the one before it did."""
    single = other.low == other.high
    return (
        other.low == one.high + 1
        and other.value == one.value + one.slope * (other.low - one.low)
        and (single or other.slope == one.slope)
    )


def _value(
    draft: Draft, operation: int, option: Option, span: Span, pieces: list[_Piece]
) -> Iterator[cp_model.LinearExprT]:
    """Yield terms for one duration: a number per flat piece, a variable for sloping ones."""
    base, start = draft.base, draft.activity(operation).start
    if len(pieces) == 1 and pieces[0].slope == 0:
        yield pieces[0].value * span.literal
        return
    here = (
        base is not None
        and base.mode[operation] == option.mode
        and base.end[operation] - base.start[operation] == span.size
        and draft.base_head.get(operation, operation) == operation
    )
    begun = 0 if base is None else base.start[operation]
    literals: list[cp_model.IntVar] = []
    most = max((max(each.value, _last(each)) for each in pieces if each.slope), default=0)
    sloping = None
    if most:
        hint = next((_at(each, begun) for each in pieces if each.slope and _in(each, begun)), 0)
        sloping = draft.number(cp_model.Domain(0, most), hint if here else 0)
        yield sloping
    for piece in pieces:
        literal = draft.truth(here and _in(piece, begun))
        literals.append(literal)
        draft.model.add_linear_constraint(start, piece.low, piece.high).only_enforce_if(literal)
        if piece.slope and sloping is not None:
            draft.model.add(
                sloping >= piece.value + piece.slope * (start - piece.low)
            ).only_enforce_if(literal)
        elif piece.value:
            yield piece.value * literal
    draft.model.add(sum(literals) == span.literal)


def _last(piece: _Piece) -> int:
    return piece.value + piece.slope * (piece.high - piece.low)


def _in(piece: _Piece, start: int) -> bool:
    return piece.low <= start <= piece.high


def _at(piece: _Piece, start: int) -> int:
    return piece.value + piece.slope * (start - piece.low)

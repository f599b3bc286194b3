"""Part one of the CP-SAT model: what is decided about each operation."""

from collections.abc import Iterable

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.draft import Activity, Draft, Option, Span
from pilotline_scheduler.solver.instance import Starts


class EmptyDomainError(Exception):
    """An operation has no start left, so the model has no plan."""


def add_activities(draft: Draft, latest: list[int]) -> None:
    """Give every operation whose times are open its start, end and options.

    Args:
        draft: the model.
        latest: greatest end of each operation that is of interest.

    Raises:
        EmptyDomainError: an operation has no start left.
    """
    domains = _Domains()
    for operation in draft.movers:
        high = min(latest[operation], draft.scope.end)
        draft.enter(operation, _open(draft, operation, high, domains))


class _Domains:
    """Start domains by duration; operations of one calendar and length share them."""

    def __init__(self) -> None:
        self._by_size: dict[int, list[tuple[int, cp_model.Domain]]] = {}
        self._known: dict[int, Starts] = {}

    def within(self, starts: Starts, low: int, high: int) -> list[tuple[int, cp_model.Domain]]:
        """Return ``(size, starts)`` from `low` that end by `high`, shortest first."""
        found = (
            (size, domain.intersection_with(cp_model.Domain(low, high - size)))
            for size, domain in self._all(starts)
            if low <= high - size
        )
        return [(size, domain) for size, domain in found if not domain.is_empty()]

    def _all(self, starts: Starts) -> list[tuple[int, cp_model.Domain]]:
        key = id(starts)
        if key not in self._by_size:
            self._known[key] = starts
            pieces: dict[int, list[list[int]]] = {}
            for first, last, size in starts.pieces():
                pieces.setdefault(size, []).append([first, last])
            self._by_size[key] = [
                (size, cp_model.Domain.from_intervals(ranges))
                for size, ranges in sorted(pieces.items())
            ]
        return self._by_size[key]


def _open(draft: Draft, operation: int, high: int, domains: _Domains) -> Activity:
    """Return an operation with one start for all its options, and fixed-size spans."""
    instance, base = draft.instance, draft.base
    low = max(instance.earliest[operation], draft.scope.begin)
    fixed = instance.fixed[operation]
    if fixed >= 0:
        low = max(low, fixed)
    choices = [
        (mode, size, _at(domain, fixed))
        for mode in _allowed(draft, operation)
        for size, domain in domains.within(instance.modes[operation][mode].starts, low, high)
        if not _at(domain, fixed).is_empty()
    ]
    if not choices:
        raise EmptyDomainError(instance.names[operation])
    whole = choices[0][2]
    for _, _, domain in choices[1:]:
        whole = whole.union_with(domain)
    start = draft.number(whole, None if base is None else base.start[operation])
    options = _options(draft, operation, start, whole, choices)
    first_end = min(domain.min() + size for _, size, domain in choices)
    last_end = max(domain.max() + size for _, size, domain in choices)
    return Activity(
        start,
        _end(draft, operation, start, options, (first_end, last_end)),
        whole.min(),
        whole.max(),
        first_end,
        last_end,
        options,
        moves=True,
    )


def _at(domain: cp_model.Domain, fixed: int) -> cp_model.Domain:
    return domain if fixed < 0 else domain.intersection_with(cp_model.Domain(fixed, fixed))


def _allowed(draft: Draft, operation: int) -> Iterable[int]:
    if draft.base is not None and operation in draft.scope.ordered:
        return (draft.base.mode[operation],)
    return range(len(draft.instance.modes[operation]))


def _options(
    draft: Draft,
    operation: int,
    start: cp_model.IntVar,
    whole: cp_model.Domain,
    choices: list[tuple[int, int, cp_model.Domain]],
) -> tuple[Option, ...]:
    base, model = draft.base, draft.model
    by_mode: dict[int, list[Span]] = {}
    for mode, size, domain in choices:
        if len(choices) == 1:
            interval = model.new_fixed_size_interval_var(start, size, "")
            return (Option(mode, draft.true, (Span(size, draft.true, interval),)),)
        chosen = None
        if base is not None:
            length = base.end[operation] - base.start[operation]
            chosen = base.mode[operation] == mode and length == size
        literal = draft.truth(chosen)
        if domain.size() < whole.size():
            model.add_linear_expression_in_domain(start, domain).only_enforce_if(literal)
        interval = model.new_optional_fixed_size_interval_var(start, size, literal, "")
        by_mode.setdefault(mode, []).append(Span(size, literal, interval))
    model.add_exactly_one(span.literal for spans in by_mode.values() for span in spans)
    return tuple(
        Option(
            mode,
            draft.true
            if len(by_mode) == 1
            else draft.either(
                [span.literal for span in spans],
                None if base is None else base.mode[operation] == mode,
            ),
            tuple(spans),
        )
        for mode, spans in by_mode.items()
    )


def _end(
    draft: Draft,
    operation: int,
    start: cp_model.IntVar,
    options: tuple[Option, ...],
    ends: tuple[int, int],
) -> cp_model.LinearExprT:
    """Return the end: an offset of the start when there is one duration, else a variable."""
    spans = [span for option in options for span in option.spans]
    if len({span.size for span in spans}) == 1:
        return start + spans[0].size
    hint = None if draft.base is None else draft.base.end[operation]
    end = draft.number(cp_model.Domain(*ends), hint)
    for span in spans:
        draft.model.add(end == start + span.size).only_enforce_if(span.literal)
    return end

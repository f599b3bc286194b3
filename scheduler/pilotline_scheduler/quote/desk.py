"""The desk that quotes: earliest and best slots for new runs in a published plan."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from pilotline_scheduler.errors import QuoteError
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Problem, Run
from pilotline_scheduler.problem.validation import validate
from pilotline_scheduler.quote.extension import beside, extended, stretched
from pilotline_scheduler.quote.hindrances import hindrances, hopeless
from pilotline_scheduler.quote.offer import Aim, Hindrance, Option, Quote
from pilotline_scheduler.quote.options import best_options, option_of
from pilotline_scheduler.quote.placement import NoRoomError, Placement
from pilotline_scheduler.quote.prices import Prices
from pilotline_scheduler.quote.rates import Rates
from pilotline_scheduler.replan.collector import collector_paused
from pilotline_scheduler.solver.instance import Instance, NoPlanError, compile_problem
from pilotline_scheduler.solver.seed.latest_ends import LatestEnds
from pilotline_scheduler.solver.seed.timeline import Place, Timeline
from pilotline_scheduler.verifier import verify

_PATIENCE_DAYS = 14
_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class _State:
    """What is planned; replaced as a whole, so that quotes need no lock."""

    problem: Problem
    plan: Plan
    timeline: Timeline
    runs: frozenset[str]
    operations: frozenset[str]


class QuoteDesk:
    """Answers quotes for a published plan; nothing that is planned ever moves.

    Only setups of the operations right after a new slot may move, within their gap.

    Characteristics:
        thread-safe: yes; quotes run beside each other, reservations one at a time.
        memory: the plan in whole numbers, and a copy of it while a quote is worked out.
        what it tells: the new runs' own slots and the facility's machines, pools and halls; never
            the name, number or time of another client's work beyond "taken until".

    Args:
        problem: a validated problem.
        plan: the published plan; `Problem.previous` by default.
        now: no slot begins before this tick, nor before the frozen horizon ends.
        rates: what machine time, energy and changeovers cost; by default the problem's tariff and
            intensity, and 1 for a tick of any machine.

    Raises:
        QuoteError: the plan breaks rules of the problem.
    """

    def __init__(
        self,
        problem: Problem,
        plan: Plan | None = None,
        *,
        now: int = 0,
        rates: Rates | None = None,
    ) -> None:
        published = Plan(problem.previous) if plan is None else plan
        self._not_before = max(now, problem.frozen_until)
        self._prices = Prices(problem, rates or Rates.of(problem))
        self._reserving = threading.Lock()
        with collector_paused():
            timeline = _loaded(problem, published)
        self._state = _State(
            problem,
            published,
            timeline,
            frozenset(run.id for run in problem.runs),
            frozenset(each.id for run in problem.runs for each in run.operations),
        )

    @property
    def problem(self) -> Problem:
        """The problem with all reserved runs."""
        return self._state.problem

    @property
    def plan(self) -> Plan:
        """The plan with all reserved slots."""
        return self._state.plan

    def quote(self, *runs: Run, aims: Sequence[Aim] = tuple(Aim)) -> Quote:
        """Return options for new runs, all of them together.

        Cheaper and greener options keep the due tick where the soonest one does; otherwise they may
        end up to two weeks after it. A deadline always holds.

        Args:
            runs: the new runs; ids must not be taken.
            aims: what options are wanted for.

        Raises:
            QuoteError: an id is taken, or no run is given.
            ProblemError: a run is not well formed.
        """
        began = time.perf_counter()
        state = self._state
        bare = self._bare(state, runs)
        try:
            new = _compiled(state, bare)
            timeline = beside(state.timeline, new)
            found = [self._option(state, timeline, new, Aim.SOONER)]
        except (NoPlanError, NoRoomError):
            return self._refusal(state, bare, runs, began)
        wanted = [aim for aim in aims if aim is not Aim.SOONER]
        limited = self._limited(bare, found[0].end) if wanted else None
        if limited is not None:
            timeline.instance = extended(state.timeline.instance, limited)
            for aim in wanted:
                with suppress(NoRoomError):
                    found.append(self._option(state, timeline, limited, aim))
        return Quote(runs, best_options(found, aims), (), None, time.perf_counter() - began)

    def reserve(self, quote: Quote, option: Option) -> None:
        """Take an option into the plan, so that later quotes see it.

        Args:
            quote: the quote.
            option: one of its options.

        Raises:
            QuoteError: the option is not of this quote, or something took its place meanwhile.
        """
        if option not in quote.options:
            message = "the option is not one of this quote's; ask for a quote again"
            raise QuoteError(message)
        with self._reserving:
            state = self._state
            new = _compiled(state, self._bare(state, quote.runs))
            timeline = beside(state.timeline, new)
            _keep_slots(timeline, new, option)
            problem = replace(state.problem, runs=state.problem.runs + quote.runs)
            plan = timeline.schedule().plan(timeline.instance)
            violations = verify(problem, plan)
            if violations:
                message = "the option breaks rules: " + "; ".join(map(str, violations[:3]))
                raise RuntimeError(message)
            self._state = _State(
                problem,
                plan,
                timeline,
                state.runs | {run.id for run in quote.runs},
                state.operations | {each.id for run in quote.runs for each in run.operations},
            )

    def _bare(self, state: _State, runs: tuple[Run, ...]) -> Problem:
        """Return the problem with the new runs alone."""
        if not runs:
            message = "a quote needs at least one run"
            raise QuoteError(message)
        for run in runs:
            if run.id in state.runs:
                message = f"the run id {run.id!r} is taken; choose another"
                raise QuoteError(message)
            for each in run.operations:
                if each.id in state.operations:
                    message = f"the operation id {each.id!r} is taken; choose another"
                    raise QuoteError(message)
        bare = replace(
            state.problem,
            runs=runs,
            pins=(),
            previous=(),
            running=(),
            frozen_until=self._not_before,
        )
        validate(bare)
        return bare

    def _option(self, state: _State, timeline: Timeline, new: Instance, aim: Aim) -> Option:
        """Return the option for an aim; the timeline is left as it was.

        Raises:
            NoRoomError: there is none.
        """
        try:
            Placement(new, self._prices).place(timeline, aim)
            return option_of(state.timeline, timeline, new, self._prices)
        finally:
            count = len(state.timeline.mode)
            for _ in range(sum(mode >= 0 for mode in timeline.mode[count:])):
                timeline.undo()

    def _limited(self, bare: Problem, soonest_end: int) -> Instance | None:
        """Return the new runs with an end by which cheaper and greener options must be done."""
        patience = _PATIENCE_DAYS * _DAY_S // bare.tick_s
        runs = []
        for run in bare.runs:
            limit = soonest_end + patience
            if run.due is not None and run.due >= soonest_end:
                limit = run.due
            if run.deadline is not None:
                limit = min(limit, run.deadline)
            runs.append(replace(run, deadline=limit))
        try:
            return compile_problem(replace(bare, runs=tuple(runs)))
        except NoPlanError:
            return None

    def _refusal(self, state: _State, bare: Problem, runs: tuple[Run, ...], began: float) -> Quote:
        """Return why there is no slot: what stands in the way of the first that comes too late."""
        relaxed = replace(bare, runs=tuple(replace(run, deadline=None) for run in bare.runs))
        found: tuple[Hindrance, ...] = ()
        soonest: int | None = None
        try:
            new = _compiled(state, relaxed)
            timeline = beside(state.timeline, new)
            offset = len(state.timeline.instance.names)
            try:
                Placement(new, self._prices).place(timeline, Aim.SOONER)
                soonest = max(timeline.end[offset:])
            except NoRoomError as error:
                found = hindrances(timeline, error.operation, relaxed, None)
            else:
                found = _too_late(timeline, new, bare)
        except NoPlanError:
            found = hopeless(relaxed)
        return Quote(runs, (), found, soonest, time.perf_counter() - began)


def _compiled(state: _State, bare: Problem) -> Instance:
    """Return new runs in whole numbers, with time enough behind all that is planned."""
    return stretched(compile_problem(bare), state.timeline.instance.horizon)


def _too_late(timeline: Timeline, new: Instance, bare: Problem) -> tuple[Hindrance, ...]:
    """Return what hinders the first operation that ends too late for its run's deadline."""
    deadlines = {run.id: run.deadline for run in bare.runs if run.deadline is not None}
    latest = LatestEnds(new, deadlines, {})
    offset = len(timeline.instance.names) - len(new.names)
    late = [each for each in range(len(new.names)) if timeline.end[each + offset] > latest.of(each)]
    if not late:
        return ()
    first = min(late, key=lambda each: timeline.start[each + offset])
    start = timeline.start[first + offset]
    for operation in range(offset, len(timeline.instance.names)):
        if timeline.mode[operation] >= 0 and timeline.start[operation] >= start:
            timeline.remove(operation)
    return hindrances(timeline, first + offset, new.problem, latest.of(first))


def _loaded(problem: Problem, plan: Plan) -> Timeline:
    """Return a timeline that holds a plan.

    Raises:
        QuoteError: it breaks rules of the problem.
    """
    try:
        instance = compile_problem(problem)
    except NoPlanError as error:
        message = f"the problem has no plan: {error}"
        raise QuoteError(message) from error
    planned = {each.operation: each for each in plan.operations}
    machine_at = {each.id: index for index, each in enumerate(problem.machines)}
    timeline = Timeline(instance)
    missing = [name for name in instance.names if name not in planned]
    if missing:
        message = f"the plan lacks {len(missing)} operations, {missing[0]!r} first; plan them first"
        raise QuoteError(message)
    order = sorted(range(len(instance.names)), key=lambda each: planned[instance.names[each]].start)
    for operation in order:
        each = planned[instance.names[operation]]
        if not _keep(timeline, operation, machine_at.get(each.machine, -1), each):
            broken = "; ".join(map(str, verify(problem, plan)[:3]))
            message = f"the plan does not hold at {each.operation!r}: {broken or 'other problem'}"
            raise QuoteError(message)
    return timeline


def _keep(timeline: Timeline, operation: int, machine: int, planned: PlannedOperation) -> bool:
    modes = timeline.instance.modes[operation]
    mode = next((i for i, mode in enumerate(modes) if mode.machine == machine), -1)
    return mode >= 0 and timeline.keep(operation, Place(mode, planned.setup_start, planned.start))


def _keep_slots(timeline: Timeline, new: Instance, option: Option) -> None:
    machine_at = {each.id: index for index, each in enumerate(new.problem.machines)}
    offset = len(timeline.instance.names) - len(new.names)
    at = {name: index + offset for index, name in enumerate(new.names)}
    for slot in sorted(option.slots, key=lambda each: each.start):
        planned = PlannedOperation(
            slot.operation, slot.machine, slot.setup_start, slot.start, slot.end
        )
        if not _keep(timeline, at[slot.operation], machine_at[slot.machine], planned):
            message = f"the slot of {slot.operation!r} was taken meanwhile; ask for a quote again"
            raise QuoteError(message)

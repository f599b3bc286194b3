"""The risk of a plan: the chance of each promise, by executing it with sampled durations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pilotline_scheduler.errors import AnalysisError
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Problem, Run
from pilotline_scheduler.robustness.chance import Chance, wilson
from pilotline_scheduler.robustness.execution import planned_modes, planned_ticks
from pilotline_scheduler.robustness.kernels import NEVER, execute_all
from pilotline_scheduler.robustness.layout import Integers, LaidOut, lay_out
from pilotline_scheduler.verifier import verify
from pilotline_scheduler.verifier.case import Case

_BATCH_CELLS = 2**21
"""Durations held in memory at once."""
_DRIVERS = 5

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Driver:
    """An operation that makes a run late.

    Attributes:
        operation: the operation.
        share: of the samples in which the run is late and later than planned, those in which the
            operation is on the chain of operations that pushed it there.
    """

    operation: str
    share: float


@dataclass(frozen=True, slots=True)
class RunRisk:
    """What may come of a run.

    Attributes:
        run, client: whose it is.
        due, deadline: its promises; None for none.
        planned_end: end in the plan.
        by_due, by_deadline: chance to keep them; None for none.
        expected_lateness: mean ticks after the due tick, early ends counted as 0, over samples in
            which it ends at all; None without a due tick or when it never ends.
        end_median, end_p90: ends that 50 and 90 percent of all samples keep; None when that many
            do not end.
        unfinished: share of samples in which a calendar ends before the run does.
        drivers: operations that most often make it late, most often first.
    """

    run: str
    client: str
    due: int | None
    deadline: int | None
    planned_end: int
    by_due: Chance | None
    by_deadline: Chance | None
    expected_lateness: float | None
    end_median: int | None
    end_p90: int | None
    unfinished: float
    drivers: tuple[Driver, ...]


@dataclass(frozen=True, slots=True)
class OperationRisk:
    """What may come of an operation.

    Attributes:
        operation: the operation.
        criticality: share of samples in which it is on a chain that makes some run late and later
            than planned.
        mean_delay: mean ticks from its planned start (from the earliest it may start, when starts
            may be early) to its start, over all samples.
    """

    operation: str
    criticality: float
    mean_delay: float


@dataclass(frozen=True, slots=True)
class LagRisk:
    """A lag that pushing right can break.

    Attributes:
        before, after: its operations.
        minimum, maximum: the side that can break; the other one is None.
        broken: chance that it breaks.
    """

    before: str
    after: str
    minimum: int | None
    maximum: int | None
    broken: Chance


@dataclass(frozen=True, slots=True)
class PlanRisk:
    """The risk of a plan.

    Attributes:
        samples: executions.
        seed: what they were drawn from.
        confidence: of every interval.
        runs: by the order of the problem.
        operations: most critical first.
        lags: those that broke in some sample, most often first.
        all_by_due: chance that every due tick is kept.
        weighted_tardiness: its mean over samples in which every run ends; None when there are none.
        weighted_tardiness_p90: what 90 percent of those samples keep.
    """

    samples: int
    seed: int
    confidence: float
    runs: tuple[RunRisk, ...]
    operations: tuple[OperationRisk, ...]
    lags: tuple[LagRisk, ...]
    all_by_due: Chance
    weighted_tardiness: float | None
    weighted_tardiness_p90: float | None


def risk(
    problem: Problem,
    plan: Plan,
    *,
    samples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
    early: bool = False,
) -> PlanRisk:
    """Return the risk of a plan, by executing it with durations drawn from their spreads.

    Machines and orders stay. Work that is held up is pushed right past calendars, attendance, pools
    and walls; those planned earlier have the first call on them. Operations are independent; modes
    without a spread take their ticks, and what runs already ends when it is expected to. The same
    seed gives the same figures.

    Args:
        problem: a validated problem; some planned mode has a spread.
        plan: a plan of it that keeps every rule.
        samples: executions, at least 1.
        seed: what durations are drawn from.
        confidence: of the intervals, between 0 and 1.
        early: whether work may start before its planned start, as soon as it can.

    Raises:
        AnalysisError: the plan breaks rules or has batches, no planned mode has a spread, or a
            setting is impossible.
    """
    _check(problem, plan, samples, confidence)
    laid_out = lay_out(problem, plan, early=early)
    tally = _Tally(problem, plan, laid_out, samples)
    for first, durations in _drawn(problem, plan, laid_out.order, samples, seed):
        tally.add(first, durations)
    return tally.result(seed, confidence)


def _check(problem: Problem, plan: Plan, samples: int, confidence: float) -> None:
    if samples < 1 or not 0 < confidence < 1:
        message = "risk needs at least 1 sample and a confidence between 0 and 1, "
        raise AnalysisError(message + f"not {samples} and {confidence}")
    violations = verify(problem, plan)
    if violations:
        message = f"a plan is weighed only where it keeps every rule; {violations[0]}"
        raise AnalysisError(message)
    batches = Case(problem, plan).batches.values()
    shared = next((batch for each in batches for batch in each if len(batch) > 1), None)
    if shared is not None:
        names = " and ".join(each.operation for each in shared)
        message = f"risk does not know batches, and {names} are one; plan them apart"
        raise AnalysisError(message)
    if all(mode.spread is None for mode in planned_modes(problem, plan).values()):
        message = "no planned mode has a spread; give modes one, or use a usual one"
        raise AnalysisError(message)


def _drawn(
    problem: Problem, plan: Plan, order: Sequence[str], samples: int, seed: int
) -> Iterator[tuple[int, Integers]]:
    """Yield batches of durations by sample and operation, with the number of the first sample."""
    random = np.random.default_rng(seed)
    modes = planned_modes(problem, plan)
    ticks = planned_ticks(problem, plan)
    running = {each.operation for each in problem.running}
    spreads = [
        (None if name in running else modes[name].spread) or (ticks[name],) * 3 for name in order
    ]
    low, likely, high = (np.array(side, dtype=np.float64) for side in zip(*spreads, strict=True))
    open_ = np.flatnonzero(high > low)
    batch = max(1, _BATCH_CELLS // len(order))
    for first in range(0, samples, batch):
        count = min(batch, samples - first)
        durations = np.tile(low.astype(np.int64), (count, 1))
        drawn = random.triangular(low[open_], likely[open_], high[open_], (count, len(open_)))
        durations[:, open_] = np.rint(drawn).astype(np.int64)
        yield first, durations


class _Tally:
    """What is counted over all samples."""

    def __init__(self, problem: Problem, plan: Plan, laid_out: LaidOut, samples: int) -> None:
        self._problem = problem
        self._laid_out = laid_out
        at = {name: place for place, name in enumerate(laid_out.order)}
        ends = {planned.operation: planned.end for planned in plan.operations}
        members = [[at[each.id] for each in run.operations] for run in problem.runs]
        self._run_first = np.cumsum([0, *map(len, members)], dtype=np.int64)
        self._run_members = np.array([each for run in members for each in run], dtype=np.int64)
        self._planned = [max(ends[each.id] for each in run.operations) for run in problem.runs]
        limits = [
            NEVER if run.due is None else max(run.due, planned)
            for run, planned in zip(problem.runs, self._planned, strict=True)
        ]
        self._limits = np.array(limits, dtype=np.int64)
        runs, count = len(members), len(at)
        self._ends = np.zeros((samples, runs), dtype=np.int64)
        self._driven = np.zeros((runs, count), dtype=np.int64)
        self._critical, self._delays = (np.zeros(count, dtype=np.int64) for _ in range(2))
        self._broken = np.zeros(len(laid_out.watched), dtype=np.int64)

    def add(self, first: int, durations: Integers) -> None:
        """Execute the plan once per row of durations."""
        execute_all(
            self._laid_out.layout,
            durations,
            self._run_first,
            self._run_members,
            self._limits,
            self._ends[first : first + len(durations)],
            self._driven,
            self._critical,
            self._delays,
            self._broken,
        )

    def result(self, seed: int, confidence: float) -> PlanRisk:
        """Return the figures."""
        samples = len(self._ends)
        late = self._lateness()
        finished = (self._ends < NEVER).all(axis=1)
        weights = np.array([run.weight for run in self._problem.runs], dtype=np.float64)
        tardiness = (late * weights).sum(axis=1)[finished]
        kept = int((late == 0).all(axis=1).sum())
        return PlanRisk(
            samples,
            seed,
            confidence,
            tuple(self._run(at, run, confidence) for at, run in enumerate(self._problem.runs)),
            self._operations(samples),
            self._lags(samples, confidence),
            wilson(kept, samples, confidence),
            float(tardiness.mean()) if len(tardiness) else None,
            float(np.quantile(tardiness, 0.9)) if len(tardiness) else None,
        )

    def _lateness(self) -> Reals:
        """Return ticks after due by sample and run; 0 for runs without a due tick."""
        dues = [NEVER if run.due is None else run.due for run in self._problem.runs]
        late = np.maximum(0, self._ends - np.array(dues, dtype=np.int64))
        return late.astype(np.float64)

    def _run(self, at: int, run: Run, confidence: float) -> RunRisk:
        ends = np.sort(self._ends[:, at])
        samples, finished = len(ends), ends[ends < NEVER]
        expected = None
        if run.due is not None and len(finished):
            expected = float(np.maximum(0, finished - run.due).mean())
        return RunRisk(
            run.id,
            run.client,
            run.due,
            run.deadline,
            self._planned[at],
            _kept(ends, run.due, confidence),
            _kept(ends, run.deadline, confidence),
            expected,
            _quantile(ends, 0.5),
            _quantile(ends, 0.9),
            1 - len(finished) / samples,
            self._drivers(at),
        )

    def _drivers(self, at: int) -> tuple[Driver, ...]:
        late = int((self._ends[:, at] > self._limits[at]).sum())
        most = np.argsort(-self._driven[at], kind="stable")[:_DRIVERS]
        order = self._laid_out.order
        return tuple(
            Driver(order[each], float(self._driven[at, each] / late))
            for each in most
            if self._driven[at, each]
        )

    def _operations(self, samples: int) -> tuple[OperationRisk, ...]:
        order = self._laid_out.order
        return tuple(
            OperationRisk(
                order[each],
                float(self._critical[each] / samples),
                float(self._delays[each] / samples),
            )
            for each in np.argsort(-self._critical, kind="stable")
        )

    def _lags(self, samples: int, confidence: float) -> tuple[LagRisk, ...]:
        found: list[LagRisk] = []
        for each in np.argsort(-self._broken, kind="stable"):
            before, after, least, most = self._laid_out.watched[each]
            broken = wilson(int(self._broken[each]), samples, confidence)
            found.append(LagRisk(before, after, least, most, broken))
        return tuple(each for each in found if each.broken.share > 0)


def _kept(ends: Integers, limit: int | None, confidence: float) -> Chance | None:
    return None if limit is None else wilson(int((ends <= limit).sum()), len(ends), confidence)


def _quantile(ends: Integers, share: float) -> int | None:
    """Return the least end that a share of samples keeps, or None where too few end."""
    end = int(ends[int(np.ceil(share * len(ends))) - 1])
    return end if end < NEVER else None

"""Two plans side by side: of a problem as it is, and with variations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pilotline_scheduler.errors import AnalysisError
from pilotline_scheduler.kpis import Kpis, kpis_of
from pilotline_scheduler.plan import Answer, Plan, Status
from pilotline_scheduler.problem import Goal, Problem
from pilotline_scheduler.problem.validation import validate
from pilotline_scheduler.solver import solve
from pilotline_scheduler.verifier import evaluate, verify
from pilotline_scheduler.what_if.variations import Variation, varied
from pilotline_scheduler.what_if.warm_start import like


@dataclass(frozen=True, slots=True)
class Outcome:
    """One side.

    Attributes:
        problem: what was planned.
        answer: what the solver said of it.
        plan: the plan; None when none was found.
        kpis: its figures; None without a plan.
    """

    problem: Problem
    answer: Answer
    plan: Plan | None
    kpis: Kpis | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure on both sides; None where a side does not have it.

    Attributes:
        group: ``plan``, or the machine, pool or client it is about.
        name: such as ``allocation``.
        before: as it is.
        after: with the variations.
    """

    group: str
    name: str
    before: float | None
    after: float | None

    @property
    def change(self) -> float | None:
        """What the variations add; None where a side is missing."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """What variations change.

    Attributes:
        variations: what is different, in words.
        before: the problem as it is.
        after: the problem with the variations.
        figures: every figure of both.
        verdict: how sure the change of the objective is, in words.
    """

    variations: tuple[str, ...]
    before: Outcome
    after: Outcome
    figures: tuple[Figure, ...]
    verdict: str


def what_if(
    problem: Problem,
    variations: Sequence[Variation],
    *,
    plan: Plan | None = None,
    time_limit_s: float = 10.0,
    workers: int | None = None,
    seed: int = 0,
) -> Comparison:
    """Return what variations of a problem change, by planning both with the same effort.

    The varied problem begins from a plan like that of the problem as it is. Where the plan of
    either side holds on the other one and is better there, it counts there too; so more hours or
    another machine never look harmful only because the search had less luck.

    Args:
        problem: a validated problem.
        variations: what is different, applied in order.
        plan: a plan of the problem to begin from, such as the published one.
        time_limit_s: seconds for each of the two searches.
        workers: threads; None for one per core.
        seed: seeds every random choice.

    Raises:
        AnalysisError: there is no variation, or one does not fit the problem.
        ProblemError: the problem, or what comes of it, contradicts itself.
        SolveError: a setting is impossible, or the plan does not hold.
    """
    if not variations:
        message = "nothing is varied; name at least one variation"
        raise AnalysisError(message)
    validate(problem)
    other = varied(problem, variations)
    before = _planned(problem, plan, time_limit_s, workers, seed)
    begin = None if before.plan is None else like(other, before.plan)
    after = _planned(other, begin, time_limit_s, workers, seed)
    before = _at_least(before, after.plan)
    ends = [each.kpis.until for each in (before, after) if each.kpis is not None]
    before, after = (_measured(each, max(ends, default=0)) for each in (before, after))
    return Comparison(
        tuple(each.sentence for each in variations),
        before,
        after,
        tuple(_figures(before.kpis, after.kpis)),
        _verdict(before, after),
    )


def _planned(
    problem: Problem, start: Plan | None, time_limit_s: float, workers: int | None, seed: int
) -> Outcome:
    answer = solve(problem, time_limit_s=time_limit_s, workers=workers, seed=seed, start=start)
    plan = answer.plan
    return Outcome(problem, answer, plan, None if plan is None else kpis_of(problem, plan))


def _at_least(outcome: Outcome, plan: Plan | None) -> Outcome:
    """Return an outcome with another plan where that one holds and is better."""
    if plan is None or verify(outcome.problem, plan):
        return outcome
    value = evaluate(outcome.problem, plan)
    if outcome.plan is not None and value >= evaluate(outcome.problem, outcome.plan):
        return outcome
    status = Status.FEASIBLE if outcome.plan is None else outcome.answer.status
    answer = replace(outcome.answer, status=status, plan=plan, objective=value)
    return Outcome(outcome.problem, answer, plan, kpis_of(outcome.problem, plan))


def _measured(outcome: Outcome, until: int) -> Outcome:
    """Return an outcome with figures over a given period."""
    if outcome.plan is None:
        return outcome
    return replace(outcome, kpis=kpis_of(outcome.problem, outcome.plan, until))


def _verdict(before: Outcome, after: Outcome) -> str:  # noqa: PLR0911 - one for each case
    """Return how sure the change of the first level of the objective is."""
    was, now = before.answer, after.answer
    if was.objective is None or now.objective is None:
        side = "as it is" if was.objective is None else "with the variations"
        answer = was if was.objective is None else now
        return f"no plan {side}: {answer.message or answer.status.value}"
    change = now.objective[0] - was.objective[0]
    told = f"the objective changes by {change:+d}, from {was.objective[0]} to {now.objective[0]}"
    low, high = _range(was), _range(now)
    if high[1] < low[0]:
        return f"{told}; that it gets better is proven"
    if high[0] > low[1]:
        return f"{told}; that it gets worse is proven"
    if low[0] == low[1] == high[0] == high[1]:
        return f"{told}; both are proven best"
    if high[1] <= low[0]:
        return f"{told}; that it gets no worse is proven, how much better is not"
    if high[0] >= low[1]:
        return f"{told}; that it gets no better is proven, how much worse is not"
    return (
        f"{told}; not proven, for the best plans may be worth from {low[0]} before and from "
        f"{high[0]} after: a longer search can change the sign"
    )


def _range(answer: Answer) -> tuple[int, int]:
    """Return between which values the first level of the best plan lies."""
    best = 0 if answer.objective is None else answer.objective[0]
    bound = answer.bound[0] if answer.bound else None
    return (0 if bound is None else min(bound, best)), best


def _figures(before: Kpis | None, after: Kpis | None) -> Iterator[Figure]:
    """Yield every figure of either side, those of the plan first."""
    sides = [{} if kpis is None else dict(_flat(kpis)) for kpis in (before, after)]
    for group, name in dict.fromkeys([*sides[0], *sides[1]]):
        key = (group, name)
        yield Figure(group, name, sides[0].get(key), sides[1].get(key))


def _flat(kpis: Kpis) -> Iterator[tuple[tuple[str, str], float]]:
    for level, value in enumerate(kpis.objective):
        yield ("plan", "objective" if not level else f"objective, level {level + 1}"), value
    for goal in Goal:
        yield ("plan", goal.value), kpis.goals[goal]
    yield ("plan", "energy"), kpis.energy
    for machine in kpis.machines:
        yield (machine.machine, "open"), machine.open_ticks
        yield (machine.machine, "production"), machine.production_ticks
        yield (machine.machine, "setup"), machine.setup_ticks
        yield (machine.machine, "allocation"), machine.allocation
        yield (machine.machine, "utilisation"), machine.utilisation
    for pool in kpis.pools:
        yield (pool.pool, "offered"), pool.offered
        yield (pool.pool, "held"), pool.held
        yield (pool.pool, "allocation"), pool.allocation
    for client in kpis.clients:
        yield (client.client, "tardy-runs"), client.tardy_runs
        yield (client.client, "tardiness"), client.tardiness
        yield (client.client, "weighted-tardiness"), client.weighted_tardiness
        yield (client.client, "mean flow"), client.flow_ticks

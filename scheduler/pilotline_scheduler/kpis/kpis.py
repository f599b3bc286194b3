"""What a plan does for the line and for each client, in the words of ISO 22400."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Goal, Interval, Pool, Problem, Run
from pilotline_scheduler.verifier import evaluate, evaluate_goals
from pilotline_scheduler.verifier.case import Case, open_ticks


@dataclass(frozen=True, slots=True)
class MachineKpis:
    """A machine from tick 0 to the end of the period (ISO 22400-2).

    Attributes:
        machine: the machine.
        open_ticks: planned busy time (PBT): open hours of its calendar.
        production_ticks: actual production time (APT): work, without setups and pauses.
        setup_ticks: actual unit setup time (AUST), in open and in closed hours.
        busy_ticks: actual unit busy time (AUBT): production and setups in open hours.
    """

    machine: str
    open_ticks: int
    production_ticks: int
    setup_ticks: int
    busy_ticks: int

    @property
    def allocation(self) -> float:
        """Allocation efficiency, AUBT / PBT: share of the open hours in which it is busy."""
        return self.busy_ticks / self.open_ticks if self.open_ticks else 0.0

    @property
    def utilisation(self) -> float:
        """Utilization efficiency, APT / AUBT: share of its busy time that is production."""
        return self.production_ticks / self.busy_ticks if self.busy_ticks else 0.0

    @property
    def setup_ratio(self) -> float:
        """Setup ratio, AUST / (APT + AUST)."""
        worked = self.production_ticks + self.setup_ticks
        return self.setup_ticks / worked if worked else 0.0


@dataclass(frozen=True, slots=True)
class PoolKpis:
    """A pool from tick 0 to the end of the period, in units times ticks."""

    pool: str
    offered: int
    held: int

    @property
    def allocation(self) -> float:
        """Share of what is offered that is held."""
        return self.held / self.offered if self.offered else 0.0


@dataclass(frozen=True, slots=True)
class ClientKpis:
    """What a client gets.

    Attributes:
        client: the client.
        runs: its runs.
        tardy_runs: those that end after their due tick.
        tardiness: sum of ticks after due.
        weighted_tardiness: the same, each times the weight of its run.
        flow_ticks: mean ticks from release to end.
    """

    client: str
    runs: int
    tardy_runs: int
    tardiness: int
    weighted_tardiness: int
    flow_ticks: float


@dataclass(frozen=True, slots=True)
class Kpis:
    """A plan in figures.

    Attributes:
        objective: one value per priority level of the problem's objective.
        goals: the value of every goal, asked for or not.
        energy: sum over operations of energy per tick times ticks of work; a batch draws it once.
        until: end of the period that machines and pools are measured over.
        machines, pools, clients: by the order of the problem; clients by name.
    """

    objective: tuple[int, ...]
    goals: dict[Goal, int]
    energy: int
    until: int
    machines: tuple[MachineKpis, ...]
    pools: tuple[PoolKpis, ...]
    clients: tuple[ClientKpis, ...]


def kpis_of(problem: Problem, plan: Plan, until: int | None = None) -> Kpis:
    """Return the figures of a plan.

    Args:
        problem: a validated problem.
        plan: a plan that keeps every rule; for others the figures mean little.
        until: end of the period for machines and pools; the end of the plan unless told. To
            compare plans, give them the same one, not before the end of either.
    """
    case = Case(problem, plan)
    goals = evaluate_goals(problem, plan)
    end = goals[Goal.MAKESPAN] if until is None else until
    firsts = [batch[0] for batches in case.batches.values() for batch in batches]
    return Kpis(
        evaluate(problem, plan),
        goals,
        sum(case.mode(first).energy * _worked(case, first) for first in firsts),
        end,
        tuple(_machine(case, machine.id, end) for machine in problem.machines),
        tuple(_pool(case, pool, end) for pool in problem.pools),
        _clients(case),
    )


def _machine(case: Case, machine: str, end: int) -> MachineKpis:
    period = Interval(0, end)
    hours = case.calendar(machine)
    work = sum(_worked(case, batch[0]) for batch in case.batches[machine])
    spans = [
        setup.interval for setup in case.setups if setup.planned.machine == machine and setup.ticks
    ]
    setups = sum(span.end - span.start for span in spans)
    in_hours = setups if hours is None else sum(open_ticks(span, hours) for span in spans)
    opened = end if hours is None else open_ticks(period, hours)
    return MachineKpis(machine, opened, work, setups, work + in_hours)


def _pool(case: Case, pool: Pool, end: int) -> PoolKpis:
    steps = [*pool.levels, (max(end, pool.levels[-1][0]), 0)]
    offered = sum(
        units * max(0, min(after, end) - tick) for (tick, units), (after, _) in pairwise(steps)
    )
    held = sum(
        units * _held(case, batch[0], pool.id)
        for batches in case.batches.values()
        for batch in batches
        for name, units in case.mode(batch[0]).demands
        if name == pool.id
    )
    setups = sum(
        setup.changeover.pool_units * setup.ticks
        for setup in case.setups
        if setup.changeover.pool == pool.id
    )
    return PoolKpis(pool.id, offered, held + setups)


def _worked(case: Case, planned: PlannedOperation) -> int:
    """Return the ticks that an operation works, without pauses."""
    return sum(span.end - span.start for span in case.worked(planned))


def _held(case: Case, planned: PlannedOperation, pool: str) -> int:
    """Return the ticks for which an operation holds a pool."""
    if pool in case.mode(planned).freed_in_pauses:
        return _worked(case, planned)
    return planned.end - planned.start


def _clients(case: Case) -> tuple[ClientKpis, ...]:
    by_client: dict[str, list[Run]] = defaultdict(list)
    for run in case.problem.runs:
        by_client[run.client].append(run)
    return tuple(_client(case, client, runs) for client, runs in sorted(by_client.items()))


def _client(case: Case, client: str, runs: list[Run]) -> ClientKpis:
    ends = {run.id: max(case.planned[each.id].end for each in run.operations) for run in runs}
    late = {run.id: 0 if run.due is None else max(0, ends[run.id] - run.due) for run in runs}
    return ClientKpis(
        client,
        len(runs),
        sum(ticks > 0 for ticks in late.values()),
        sum(late.values()),
        sum(run.weight * late[run.id] for run in runs),
        sum(ends[run.id] - run.release for run in runs) / len(runs),
    )

"""Dispatching rules of the literature, as recipes.

EDD and slack rules: Panwalkar & Iskander 1977. MWKR, SPT: Conway, Maxwell & Miller 1967. ATCS, the
apparent tardiness cost with setups: Lee, Bhaskaran & Pinedo 1997; its product of exponentials is
taken in logarithms here, so that it is a price.
"""

from math import log

from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.seed.recipe import Recipe

_TINY_WEIGHT = 1e-3
_ATCS_SETTINGS = ((1.0, 0.5), (2.0, 1.0), (4.0, 0.25))
"""Look-ahead factors k1 (slack) and k2 (setup) that cover loose and tight due dates."""


def recipes(instance: Instance) -> list[Recipe]:
    """Return the rules worth trying on an instance, those that suit its objective first."""
    times = _Times(instance)
    setups = any(machine.changeover is not None for machine in instance.machines)
    by_due = [
        Recipe("edd", times.due_keys()),
        *times.atcs(setups),
        Recipe("edd-dispatch", times.due_keys(), chronological=True),
        Recipe("wspt", times.work_per_weight()),
        Recipe("run-edd", times.run_due_keys()),
    ]
    by_work = [
        Recipe("mwkr", times.tail_keys(), chronological=True),
        Recipe("mwkr-insert", times.tail_keys()),
        Recipe("spt", times.work, chronological=True),
    ]
    found = [*by_due, *by_work] if times.has_due else [*by_work, *by_due[1:]]
    if setups:
        found += [
            Recipe("edd-setups", times.due_keys(), setup_bias=2),
            Recipe(
                "setups", times.due_keys(), True, setup_price=10 * times.mean_work, setup_bias=2
            ),
        ]
    return found


def start_dues(instance: Instance) -> list[int]:
    """Return by when each operation must start for its run to be on time, by work alone."""
    return [int(key) for key in _Times(instance).due_keys()]


class _Times:
    """Sizes that rules compare: work, tails and local due dates of operations."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.work = [float(min(mode.ticks for mode in modes)) for modes in instance.modes]
        self.mean_work = max(1.0, sum(self.work) / max(1, len(self.work)))
        self.tail = _tails(instance, self.work)
        dues = [run.due for run in instance.runs]
        self.has_due = any(due is not None for due in dues)
        latest = max((due for due in dues if due is not None), default=0)
        far = latest + max(self.tail, default=0.0)
        self._due = [float(far if due is None else due) for due in dues]
        self._local_due = [
            int(self._due[run] - self.tail[operation] + self.work[operation])
            for operation, run in enumerate(instance.run_of)
        ]

    def due_keys(self) -> list[float]:
        """Return by when each operation must start for its run to be on time."""
        return [
            self._due[run] - self.tail[operation]
            for operation, run in enumerate(self._instance.run_of)
        ]

    def run_due_keys(self) -> list[float]:
        """Return the due date of each operation's run."""
        return [self._due[run] for run in self._instance.run_of]

    def tail_keys(self) -> list[float]:
        """Return minus the work from each operation to the end of its run."""
        return [-tail for tail in self.tail]

    def work_per_weight(self) -> list[float]:
        """Return the work of each operation's run per unit of its weight."""
        ratios = [
            sum(self.work[operation] for operation in run.operations)
            / max(run.weight, _TINY_WEIGHT)
            for run in self._instance.runs
        ]
        return [ratios[run] for run in self._instance.run_of]

    def atcs(self, setups: bool) -> list[Recipe]:
        """Return the apparent tardiness cost rule with several look-aheads."""
        runs = self._instance.runs
        keys = [
            log(max(1.0, self.work[operation]) / max(runs[run].weight, _TINY_WEIGHT))
            for operation, run in enumerate(self._instance.run_of)
        ]
        mean_setup = _mean_setup(self._instance) if setups else 1.0
        return [
            Recipe(
                f"atcs-{slack:g}",
                keys,
                chronological=True,
                local_due=self._local_due,
                slack_price=1.0 / (slack * self.mean_work),
                setup_price=1.0 / (setup * mean_setup),
            )
            for slack, setup in _ATCS_SETTINGS
        ]


def _tails(instance: Instance, work: list[float]) -> list[float]:
    """Return the longest work and waits from the start of each operation to the end of its run."""
    tails = list(work)
    waiting = [sum(lag.minimum >= 0 for lag in lags) for lags in instance.successors]
    done = [operation for operation, count in enumerate(waiting) if count == 0]
    for operation in done:
        for lag in instance.predecessors[operation]:
            if lag.minimum >= 0:
                through = work[lag.other] + lag.minimum + tails[operation]
                tails[lag.other] = max(tails[lag.other], through)
                waiting[lag.other] -= 1
                if waiting[lag.other] == 0:
                    done.append(lag.other)
    return tails


def _mean_setup(instance: Instance) -> float:
    ticks = [
        value
        for machine in instance.machines
        if machine.changeover is not None
        for row in machine.changeover.ticks
        for value in row
    ]
    return max(1.0, sum(ticks) / max(1, len(ticks)))

"""Validation of what is asked for: runs, operations, modes and lags."""

from graphlib import CycleError, TopologicalSorter

from pilotline_scheduler.problem.batch_validation import BatchValidation
from pilotline_scheduler.problem.findings import MAX_TICK, MAX_WEIGHT, Findings
from pilotline_scheduler.problem.problem import Problem
from pilotline_scheduler.problem.resources import Machine
from pilotline_scheduler.problem.runs import Mode, Operation, Run


def check_runs(problem: Problem, findings: Findings) -> None:
    """Note every mistake in the runs of a problem."""
    operations: dict[str, str] = {}
    modes = _ModeValidation(problem, findings)
    for index, run in enumerate(problem.runs):
        pointer = f"/runs/{index}"
        _check_run(pointer, run, findings)
        _check_lags(pointer, run, findings)
        for position, operation in enumerate(run.operations):
            place = f"{pointer}/operations/{position}"
            if operation.id in operations:
                other = operations[operation.id]
                findings.add(f"{place}/id", operation.id, f"{other} has this id already")
            operations.setdefault(operation.id, place)
            modes.check(place, operation)


def _check_run(pointer: str, run: Run, findings: Findings) -> None:
    if not run.operations:
        findings.add(f"{pointer}/operations", [], "needs at least one operation")
    findings.tick(f"{pointer}/release", run.release)
    findings.tick(f"{pointer}/due", run.due, lowest=-MAX_TICK)
    findings.tick(f"{pointer}/deadline", run.deadline)
    if run.deadline is not None and run.deadline < run.release:
        findings.add(
            f"{pointer}/deadline", run.deadline, f"must not be before the release {run.release}"
        )
    if not 0 <= run.weight <= MAX_WEIGHT:
        findings.add(f"{pointer}/weight", run.weight, f"must be from 0 to {MAX_WEIGHT}")
    for index, window in enumerate(run.attendance):
        findings.interval(f"{pointer}/attendance/{index}", window)


def _check_lags(pointer: str, run: Run, findings: Findings) -> None:
    own = {operation.id for operation in run.operations}
    order: TopologicalSorter[str] = TopologicalSorter()
    for index, lag in enumerate(run.lags):
        place = f"{pointer}/lags/{index}"
        findings.known(f"{place}/before", lag.before, own, f"operation in run {run.id!r}")
        findings.known(f"{place}/after", lag.after, own, f"operation in run {run.id!r}")
        findings.tick(f"{place}/minimum", lag.minimum, lowest=-MAX_TICK)
        findings.tick(f"{place}/maximum", lag.maximum, lowest=-MAX_TICK)
        if lag.maximum is not None and lag.maximum < lag.minimum:
            findings.add(
                f"{place}/maximum", lag.maximum, f"must not be below the minimum {lag.minimum}"
            )
        if lag.before == lag.after:
            findings.add(f"{place}/after", lag.after, "an operation cannot wait for itself")
        elif lag.minimum >= 0:
            order.add(lag.after, lag.before)
    try:
        order.prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        findings.add(f"{pointer}/lags", cycle, "these operations wait for each other in a circle")


class _ModeValidation:
    """Checks modes against the machines, changeovers and pools of a problem."""

    def __init__(self, problem: Problem, findings: Findings) -> None:
        self._findings = findings
        self._machines = {machine.id: machine for machine in problem.machines}
        self._pools = {pool.id for pool in problem.pools}
        self._states = {each.id: each.states for each in problem.changeovers}
        self._batches = BatchValidation(findings)

    def check(self, pointer: str, operation: Operation) -> None:
        """Note every mistake in the modes of an operation."""
        if not operation.modes:
            self._findings.add(f"{pointer}/modes", [], "needs at least one mode")
        used: set[str] = set()
        for index, mode in enumerate(operation.modes):
            place = f"{pointer}/modes/{index}"
            if mode.machine in used:
                self._findings.add(
                    f"{place}/machine", mode.machine, "another mode is on this machine already"
                )
            used.add(mode.machine)
            self._check_mode(place, mode)
            if self._findings.known(f"{place}/machine", mode.machine, self._machines, "machine"):
                machine = self._machines[mode.machine]
                self._check_setup_state(pointer, operation, machine, mode)
                self._batches.check(place, operation, mode, machine)

    def _check_mode(self, pointer: str, mode: Mode) -> None:
        self._findings.tick(f"{pointer}/ticks", mode.ticks)
        self._findings.tick(f"{pointer}/energy", mode.energy)
        self._check_spread(pointer, mode)
        drawn: set[str] = set()
        for index, (pool, units) in enumerate(mode.demands):
            place = f"{pointer}/demands/{index}"
            self._findings.known(f"{place}/0", pool, self._pools, "pool")
            self._findings.tick(f"{place}/1", units, lowest=1)
            if pool in drawn:
                self._findings.add(f"{place}/0", pool, "is drawn on twice; add the units up")
            drawn.add(pool)
        for index, pool in enumerate(mode.freed_in_pauses):
            place = f"{pointer}/freed_in_pauses/{index}"
            self._findings.known(place, pool, drawn, "demand of this mode")
            if pool in mode.freed_in_pauses[:index]:
                self._findings.add(place, pool, "is named twice")

    def _check_spread(self, pointer: str, mode: Mode) -> None:
        if mode.spread is None:
            return
        for index, ticks in enumerate(mode.spread):
            self._findings.tick(f"{pointer}/spread/{index}", ticks, lowest=1)
        if list(mode.spread) != sorted(mode.spread):
            self._findings.add(
                f"{pointer}/spread",
                mode.spread,
                "must be the least, the most likely and the greatest time, in this order",
            )
        if mode.ticks == 0:
            self._findings.add(
                f"{pointer}/spread", mode.spread, "an operation of no length has no spread"
            )

    def _check_setup_state(
        self, pointer: str, operation: Operation, machine: Machine, mode: Mode
    ) -> None:
        state = operation.setup_state
        if state is None or machine.changeover is None:
            return
        if state not in self._states.get(machine.changeover, (state,)):
            self._findings.add(
                f"{pointer}/setup_state",
                state,
                f"is no state of changeover {machine.changeover!r} of machine {machine.id!r}",
            )
        if mode.ticks == 0:
            self._findings.add(
                f"{pointer}/setup_state",
                state,
                f"an operation of no length, as on machine {machine.id!r}, needs no setup state",
            )

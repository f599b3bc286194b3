"""Job shops of the literature: jsp, fjsp, fjsp-matrix, fjsp-sdst and twt.

Machines are numbered as in the file; operation ``J3.2`` is the second one of the third job.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pilotline_scheduler.errors import FormatError
from pilotline_scheduler.formats.tokens import Tokens
from pilotline_scheduler.problem import (
    Changeover,
    Goal,
    Lag,
    Machine,
    Mode,
    Objective,
    Operation,
    Problem,
    Run,
    Term,
)

MAKESPAN = Objective((Term(Goal.MAKESPAN),))
_NEVER = 1_000_000
"""How fjsp-sdst files mark pairs of operations that do not share a machine."""
_END = (-1, -1)
"""How some jsp files end a line."""


def read_jsp(name: str, text: str) -> list[Problem]:
    """Read ``jobs machines``, then a line per job of pairs ``machine duration``, from machine 0.

    Jobs may have any number of steps; ``-1 -1`` may end a line.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    tokens = Tokens("\n".join(lines))
    jobs = tokens.count("the number of jobs", 1)
    machines = tokens.count("the number of machines", 1)
    if len(lines) <= jobs:
        message = f"{jobs} jobs need a line each; there are {len(lines) - 1}"
        raise FormatError(message)
    runs: list[Run] = []
    for job in range(1, jobs + 1):
        pairs = len(lines[job].split()) // 2
        steps = [(tokens.number("a machine"), tokens.number("a duration")) for _ in range(pairs)]
        if steps and steps[-1] == _END:
            steps.pop()
        runs.append(_job(job, [(Mode(f"M{machine}", ticks),) for machine, ticks in steps]))
    return [_shop(name, range(machines), runs)]


def read_fjsp(name: str, text: str) -> list[Problem]:
    """Read ``jobs machines [average]``, then per operation pairs ``machine duration`` from 1."""
    tokens = Tokens(text)
    machines, runs = _flexible_jobs(tokens)
    return [_shop(name, range(1, machines + 1), runs)]


def read_fjsp_matrix(name: str, text: str) -> list[Problem]:
    """Read operations per job, then a row per operation: its duration on each machine or 0."""
    tokens = Tokens(text)
    jobs = tokens.count("the number of jobs", 1)
    machines = tokens.count("the number of machines", 1)
    counts = [tokens.count("a number of operations", 1) for _ in range(jobs)]
    runs: list[Run] = []
    for job, count in enumerate(counts, 1):
        modes = []
        for _ in range(count):
            row = tokens.numbers(machines, "a duration")
            modes.append(tuple(Mode(f"M{i}", ticks) for i, ticks in enumerate(row, 1) if ticks))
        runs.append(_job(job, modes))
    return [_shop(name, range(1, machines + 1), runs)]


def read_fjsp_sdst(name: str, text: str) -> list[Problem]:
    """Read a fjsp, then per machine a matrix of setups from operation to operation.

    The first operation on a machine needs no setup; the diagonal means nothing.
    """
    tokens = Tokens(text)
    machines, runs = _flexible_jobs(tokens)
    operations = [operation for run in runs for operation in run.operations]
    found: list[Machine] = []
    changeovers: list[Changeover] = []
    for index in range(1, machines + 1):
        machine = f"M{index}"
        rows = [tokens.numbers(len(operations), "a setup time") for _ in operations]
        able = [
            position
            for position, operation in enumerate(operations)
            if any(mode.machine == machine for mode in operation.modes)
        ]
        ticks = tuple(tuple(0 if i == j else rows[i][j] for j in able) for i in able)
        if any(value >= _NEVER for row in ticks for value in row):
            message = f"machine {machine} has no setup time between operations it can do"
            raise FormatError(message)
        states = tuple(operations[position].id for position in able)
        nothing = tuple(tuple(0 for _ in able) for _ in able)
        changeovers.append(Changeover(machine, states, ticks, nothing))
        found.append(Machine(machine, changeover=machine))
    runs = [_with_own_states(run) for run in runs]
    return [
        Problem(
            name=name,
            machines=tuple(found),
            changeovers=tuple(changeovers),
            runs=tuple(runs),
            objective=MAKESPAN,
        )
    ]


def read_twt(name: str, text: str) -> list[Problem]:
    """Read a JSON list of ``{instance, jobs, weights, due, release}``: weighted tardiness."""
    try:
        document = json.loads(text)
        entries = document if isinstance(document, list) else [document]
        return [_weighted(entry) for entry in entries]
    except json.JSONDecodeError as error:
        raise FormatError(error.msg, error.lineno) from error
    except (KeyError, TypeError, ValueError) as error:
        message = f"{name} is no list of weighted job shops: {error!r}"
        raise FormatError(message) from error


def _weighted(entry: dict[str, Any]) -> Problem:
    machines: set[int] = set()
    runs: list[Run] = []
    for job, steps in enumerate(entry["jobs"], 1):
        machines.update(machine for machine, _ in steps)
        modes = [(Mode(f"M{machine}", ticks),) for machine, ticks in steps]
        run = _job(job, modes)
        runs.append(
            Run(
                id=run.id,
                client=run.client,
                operations=run.operations,
                lags=run.lags,
                release=entry["release"][job - 1],
                due=entry["due"][job - 1],
                weight=entry["weights"][job - 1],
            )
        )
    return Problem(
        name=entry["instance"],
        machines=tuple(Machine(f"M{machine}") for machine in sorted(machines)),
        runs=tuple(runs),
        objective=Objective((Term(Goal.WEIGHTED_TARDINESS),)),
    )


def _flexible_jobs(tokens: Tokens) -> tuple[int, list[Run]]:
    jobs = tokens.count("the number of jobs", 1)
    machines = tokens.count("the number of machines", 1)
    tokens.skip_line()
    runs: list[Run] = []
    for job in range(1, jobs + 1):
        modes = []
        for _ in range(tokens.count("a number of operations", 1)):
            alternatives = tokens.count("a number of alternatives", 1)
            modes.append(
                tuple(
                    Mode(f"M{tokens.number('a machine')}", tokens.count("a duration"))
                    for _ in range(alternatives)
                )
            )
        runs.append(_job(job, modes))
    return machines, runs


def _job(job: int, modes: Sequence[tuple[Mode, ...]]) -> Run:
    operations = [Operation(f"J{job}.{step}", each) for step, each in enumerate(modes, 1)]
    return Run(
        id=f"J{job}",
        client=f"J{job}",
        operations=tuple(operations),
        lags=tuple(Lag(before.id, after.id) for before, after in pairwise(operations)),
    )


def _with_own_states(run: Run) -> Run:
    return Run(
        id=run.id,
        client=run.client,
        operations=tuple(
            Operation(operation.id, operation.modes, setup_state=operation.id)
            for operation in run.operations
        ),
        lags=run.lags,
    )


def _shop(name: str, machines: range, runs: Sequence[Run]) -> Problem:
    return Problem(
        name=name,
        machines=tuple(Machine(f"M{index}") for index in machines),
        runs=tuple(runs),
        objective=MAKESPAN,
    )

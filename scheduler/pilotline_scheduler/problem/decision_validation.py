"""Validation of what is decided already: walls, pins, the previous plan and what runs."""

from itertools import combinations

from pilotline_scheduler.problem.findings import Findings
from pilotline_scheduler.problem.problem import Pin, Problem, Running
from pilotline_scheduler.problem.runs import Mode


def check_decisions(problem: Problem, findings: Findings) -> None:
    """Note every mistake in the walls, pins, previous plan and running operations."""
    _check_walls(problem, findings)
    machines = {
        operation.id: {mode.machine for mode in operation.modes}
        for run in problem.runs
        for operation in run.operations
    }
    releases = {operation.id: run.release for run in problem.runs for operation in run.operations}
    pins: dict[str, Pin] = {}
    for index, pin in enumerate(problem.pins):
        pointer = f"/pins/{index}"
        if findings.known(f"{pointer}/operation", pin.operation, machines, "operation"):
            if pin.operation in pins:
                findings.add(f"{pointer}/operation", pin.operation, "is pinned already")
            _check_pin(pointer, pin, machines[pin.operation], releases[pin.operation], findings)
        pins.setdefault(pin.operation, pin)
    _check_previous(problem, machines, pins, findings)
    _check_running(problem, pins, findings)


def _check_walls(problem: Problem, findings: Findings) -> None:
    halls = {machine.hall for machine in problem.machines}
    for index, wall in enumerate(problem.walls):
        pointer = f"/walls/{index}"
        if wall.clients[0] == wall.clients[1]:
            findings.add(f"{pointer}/clients", wall.clients, "a wall stands between two clients")
        for position, hall in enumerate(wall.halls):
            if hall not in halls:
                findings.add(f"{pointer}/halls/{position}", hall, "no machine stands in this hall")


def _check_pin(
    pointer: str, pin: Pin, machines: set[str], release: int, findings: Findings
) -> None:
    if pin.machine is None and pin.start is None:
        findings.add(pointer, pin.operation, "pins nothing; give a machine, a start or both")
    if pin.machine is not None and pin.machine not in machines:
        findings.add(
            f"{pointer}/machine",
            pin.machine,
            f"operation {pin.operation!r} has no mode on this machine",
        )
    findings.tick(f"{pointer}/start", pin.start)
    if pin.start is not None and pin.start < release:
        findings.add(f"{pointer}/start", pin.start, f"is before the release {release} of the run")


def _check_previous(
    problem: Problem, machines: dict[str, set[str]], pins: dict[str, Pin], findings: Findings
) -> None:
    seen: set[str] = set()
    for index, planned in enumerate(problem.previous):
        pointer = f"/previous/{index}"
        if not findings.known(f"{pointer}/operation", planned.operation, machines, "operation"):
            continue
        if planned.operation in seen:
            findings.add(f"{pointer}/operation", planned.operation, "is planned twice")
        seen.add(planned.operation)
        findings.tick(f"{pointer}/start", planned.start)
        pin = pins.get(planned.operation)
        moved = pin is not None and pin.machine is not None
        frozen = planned.start < problem.frozen_until
        if frozen and not moved and planned.machine not in machines[planned.operation]:
            findings.add(
                f"{pointer}/machine",
                planned.machine,
                "the operation is frozen here but has no mode on this machine; "
                "pin it to another one",
            )


def _check_running(problem: Problem, pins: dict[str, Pin], findings: Findings) -> None:
    modes = {
        operation.id: {mode.machine: mode for mode in operation.modes}
        for run in problem.runs
        for operation in run.operations
    }
    seen: set[str] = set()
    for index, running in enumerate(problem.running):
        pointer = f"/running/{index}"
        if not findings.known(f"{pointer}/operation", running.operation, modes, "operation"):
            continue
        if running.operation in seen:
            findings.add(f"{pointer}/operation", running.operation, "runs twice")
        seen.add(running.operation)
        if running.operation in pins:
            findings.add(f"{pointer}/operation", running.operation, "runs already; remove its pin")
        if running.machine not in modes[running.operation]:
            findings.add(
                f"{pointer}/machine",
                running.machine,
                f"operation {running.operation!r} has no mode on this machine",
            )
        findings.tick(f"{pointer}/start", running.start)
        findings.tick(f"{pointer}/end", running.end)
        if running.end <= running.start:
            findings.add(f"{pointer}/end", running.end, f"must be after the start {running.start}")
    _check_sharing(problem, modes, findings)


def _check_sharing(problem: Problem, modes: dict[str, dict[str, Mode]], findings: Findings) -> None:
    """Note running operations that share a machine at one time but are no batch."""
    for (_, one), (index, other) in combinations(enumerate(problem.running), 2):
        if one.machine != other.machine or one.operation == other.operation:
            continue
        apart = one.end <= other.start or other.end <= one.start
        if not apart and not _one_batch(one, other, modes):
            findings.add(
                f"/running/{index}/machine",
                other.machine,
                f"runs {one.operation!r} at the same time; only a batch, with one start and one "
                "end, may share it",
            )


def _one_batch(one: Running, other: Running, modes: dict[str, dict[str, Mode]]) -> bool:
    families = {
        mode.batch
        for each in (one, other)
        if (mode := modes.get(each.operation, {}).get(each.machine)) is not None
    }
    together = (one.start, one.end) == (other.start, other.end)
    return together and len(families) == 1 and None not in families

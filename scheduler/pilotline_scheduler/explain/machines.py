"""Why an operation is on its machine: what each of its machines could have offered."""

from dataclasses import dataclass, replace

from pilotline_scheduler.explain.cause import Wait
from pilotline_scheduler.explain.floor import Floor
from pilotline_scheduler.explain.readiness import readiness
from pilotline_scheduler.explain.room import Room
from pilotline_scheduler.explain.view import View
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Mode, Problem


@dataclass(frozen=True, slots=True)
class MachineOption:
    """What a machine could offer an operation while all else stays as it is.

    Attributes:
        machine: the machine.
        ticks: work it takes there.
        chosen: whether the plan has it there.
        start, end: earliest place; None where there is none.
        waits: why not earlier, in order of time.
        sentence: the same in short.
    """

    machine: str
    ticks: int
    chosen: bool
    start: int | None
    end: int | None
    waits: tuple[Wait, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class MachineChoice:
    """Why an operation is on its machine.

    Attributes:
        operation: the operation.
        machine, start, end: where the plan has it.
        ready: from when it could start by its own run alone.
        decided: a sentence about the pin or frozen horizon that decided it, or empty.
        options: its machines, earliest end first.
    """

    operation: str
    machine: str
    start: int
    end: int
    ready: int
    decided: str
    options: tuple[MachineOption, ...]


def explain_machine(
    problem: Problem, plan: Plan, operation: str, view: View | None = None
) -> MachineChoice:
    """Return what each machine of an operation could have offered, all else as it is.

    Operations that follow in its run may have to wait for an end later than planned.

    Args:
        problem: a validated problem.
        plan: its plan.
        operation: id of an operation.
        view: who reads it; a planner unless told.

    Raises:
        AnalysisError: the plan breaks rules, or there is no such operation.
    """
    floor = Floor(problem, plan)
    planned = floor.planned(operation)
    run, known = floor.of(operation)
    ready, _ = readiness(floor, run, operation)
    options = [_option(floor, operation, mode, ready, view or View()) for mode in known.modes]
    options.sort(key=lambda each: (each.end is None, each.end, not each.chosen, each.machine))
    return MachineChoice(
        operation,
        planned.machine,
        planned.start,
        planned.end,
        ready,
        _decided(floor, operation),
        tuple(options),
    )


def _option(floor: Floor, operation: str, mode: Mode, ready: int, view: View) -> MachineOption:
    waits, place = Room(floor, operation, mode, view).first(ready)
    chosen = floor.planned(operation).machine == mode.machine
    start = None if place is None else place.start
    end = None if place is None else place.end
    option = MachineOption(mode.machine, mode.ticks, chosen, start, end, view.shown(waits), "")
    return replace(option, sentence=_sentence(option, floor.planned(operation).end))


def _sentence(option: MachineOption, planned_end: int) -> str:
    if option.end is None:
        return f"{option.machine} has no place for it at all"
    earlier = planned_end - option.end
    if option.chosen:
        beside = "no earlier place" if earlier <= 0 else f"it could end {earlier} ticks earlier"
        return f"{option.machine}, as planned: {beside}"
    beside = f"{earlier} ticks earlier than" if earlier > 0 else f"{-earlier} ticks later than"
    if earlier == 0:
        beside = "as early as"
    return f"{option.machine} could end it at {option.end} at the earliest, {beside} planned"


def _decided(floor: Floor, operation: str) -> str:
    if operation in floor.case.running:
        return f"{operation} runs already"
    pin = floor.pins.get(operation)
    if pin is not None:
        parts = [] if pin.machine is None else [f"to {pin.machine}"]
        parts += [] if pin.start is None else [f"to start at {pin.start}"]
        return f"{operation} is pinned {' and '.join(parts)}"
    if operation in floor.frozen:
        return f"{operation} is frozen: it was published to start inside the frozen horizon"
    return ""

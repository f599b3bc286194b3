"""What a slot costs and draws, its effect on the changeover after it included."""

from dataclasses import dataclass

from pilotline_scheduler.problem import Interval, Problem
from pilotline_scheduler.quote.rates import Rates
from pilotline_scheduler.solver.instance import Instance, ModeData
from pilotline_scheduler.solver.seed.slot import Slot
from pilotline_scheduler.solver.seed.timeline import Timeline


@dataclass(frozen=True, slots=True)
class SlotPrice:
    """What a slot adds.

    Attributes:
        cost: machine, energy and changeovers.
        changeover_ticks: ticks of changeover, saved ones subtracted.
        changeover_cost: cost of changeovers, saved one subtracted.
        energy: energy drawn.
        greenhouse: greenhouse gas of it, 0 where no intensity is known.
    """

    cost: float
    changeover_ticks: int
    changeover_cost: int
    energy: int
    greenhouse: float


class Prices:
    """Prices slots on the machines of a problem.

    Args:
        problem: where machines, calendars and energy come from.
        rates: what they cost.
    """

    def __init__(self, problem: Problem, rates: Rates) -> None:
        self.rates = rates
        self._tick_s = problem.tick_s
        self._machines = [machine.id for machine in problem.machines]
        calendars = {each.id: each.open for each in problem.calendars}
        self._open: list[tuple[Interval, ...] | None] = [
            None if machine.calendar is None else calendars[machine.calendar]
            for machine in problem.machines
        ]

    def of(self, timeline: Timeline, operation: int, slot: Slot, per_tick: int) -> SlotPrice:
        """Return what a slot adds, before it is placed.

        Args:
            timeline: the plan that it would be placed in.
            operation: the operation.
            slot: the slot.
            per_tick: energy that it draws in a tick.
        """
        mode = timeline.instance.modes[operation][slot.mode]
        ticks, cost = _changeover(timeline, operation, slot)
        energy_price, greenhouse = self.energy(mode, slot.start, slot.end, per_tick)
        occupied = slot.setup_ticks + slot.end - slot.start
        price = self.machine(mode.machine, occupied) + energy_price + self.rates.changeover * cost
        return SlotPrice(price, ticks, cost, per_tick * mode.ticks, greenhouse)

    def machine(self, machine: int, ticks: int) -> float:
        """Return the price of a machine for a number of ticks."""
        return self.rates.machine(self._machines[machine], ticks, self._tick_s)

    def energy(self, mode: ModeData, start: int, end: int, per_tick: int) -> tuple[float, float]:
        """Return price and greenhouse gas of the energy drawn; 0 where nothing is known of it."""
        price = greenhouse = 0.0
        tariff, intensity = self.rates.tariff, self.rates.intensity
        if per_tick and (tariff is not None or intensity is not None):
            for first, last in self._worked(mode.machine, start, end, mode.ticks):
                if tariff is not None:
                    price += per_tick * tariff.over(first, last)
                if intensity is not None:
                    greenhouse += per_tick * intensity.over(first, last)
        return price, greenhouse

    def _worked(self, machine: int, start: int, end: int, ticks: int) -> list[tuple[int, int]]:
        """Return the intervals in which work is done, pauses left out."""
        opened = self._open[machine]
        if opened is None or end - start == ticks:
            return [(start, end)]
        return [
            (max(start, each.start), min(end, each.end))
            for each in opened
            if each.start < end and start < each.end
        ]


def energies_of(instance: Instance) -> tuple[tuple[int, ...], ...]:
    """Return the energy per tick of each operation in each mode that an instance leaves it."""
    machines = instance.problem.machines
    return tuple(
        tuple(
            next(
                mode.energy for mode in operation.modes if mode.machine == machines[each.machine].id
            )
            for each in modes
        )
        for operation, modes in zip(
            (each for run in instance.problem.runs for each in run.operations),
            instance.modes,
            strict=True,
        )
    )


def _changeover(timeline: Timeline, operation: int, slot: Slot) -> tuple[int, int]:
    """Return ticks and cost of the changeovers that a slot adds, what it saves subtracted."""
    instance = timeline.instance
    mode = instance.modes[operation][slot.mode]
    machine = instance.machines[mode.machine]
    changeover = machine.changeover
    if changeover is None:
        return 0, 0
    line = timeline.lines[mode.machine]
    before = line.states[slot.position - 1] if slot.position else machine.initial
    left = mode.state if mode.state >= 0 else before
    ticks, cost = slot.setup_ticks, 0
    if before >= 0 <= mode.state:
        cost = changeover.cost[before][mode.state]
    if slot.reset >= 0:
        needed = instance.modes[slot.reset][timeline.mode[slot.reset]].state
        ticks += slot.reset_ticks - timeline.setup_ticks[slot.reset]
        cost += changeover.cost[left][needed] if left >= 0 else 0
        cost -= changeover.cost[before][needed] if before >= 0 else 0
    return ticks, cost


def changeovers_on(timeline: Timeline, machine: int) -> tuple[int, int]:
    """Return ticks and cost of all changeovers of a machine."""
    data = timeline.instance.machines[machine]
    if data.changeover is None:
        return 0, 0
    ticks = cost = 0
    state = data.initial
    for operation in timeline.lines[machine].operations:
        needed = timeline.instance.modes[operation][timeline.mode[operation]].state
        if needed < 0:
            continue
        if state >= 0:
            ticks += data.changeover.ticks[state][needed]
            cost += data.changeover.cost[state][needed]
        state = needed
    return ticks, cost

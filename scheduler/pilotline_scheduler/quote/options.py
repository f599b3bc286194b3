"""Sums up what was placed into options, and keeps those that are best at something."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pilotline_scheduler.quote.offer import Aim, Option, QuotedSlot
from pilotline_scheduler.quote.prices import Prices, changeovers_on, energies_of
from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.seed.timeline import Timeline


def option_of(before: Timeline, after: Timeline, new: Instance, prices: Prices) -> Option:
    """Return the option that a timeline with the new operations placed stands for.

    Args:
        before: the plan without them.
        after: the plan with them.
        new: the new runs alone.
        prices: what slots cost.
    """
    offset = len(after.instance.names) - len(new.names)
    machines = new.problem.machines
    slots: list[QuotedSlot] = []
    cost = greenhouse = 0.0
    energy = changed = 0
    touched: set[int] = set()
    for index, per_tick in enumerate(energies_of(new)):
        operation = index + offset
        start, end = after.start[operation], after.end[operation]
        setup = after.setup_ticks[operation]
        setup_start = after.setup_start[operation] if setup else start
        mode = new.modes[index][after.mode[operation]]
        touched.add(mode.machine)
        drawn = per_tick[after.mode[operation]]
        price, gas = prices.energy(mode, start, end, drawn)
        cost += prices.machine(mode.machine, setup + end - start) + price
        greenhouse += gas
        energy += drawn * mode.ticks
        changed += setup > 0
        slots.append(
            QuotedSlot(new.names[index], machines[mode.machine].id, setup_start, start, end)
        )
    added = [
        (now[0] - then[0], now[1] - then[1])
        for machine in touched
        for then, now in [(changeovers_on(before, machine), changeovers_on(after, machine))]
    ]
    changeover_cost = sum(each for _, each in added)
    return Option(
        aims=(),
        slots=tuple(slots),
        start=min(slot.setup_start for slot in slots),
        end=max(slot.end for slot in slots),
        late=_late(after, new, offset),
        changeovers=changed,
        changeover_ticks=sum(ticks for ticks, _ in added),
        changeover_cost=changeover_cost,
        cost=round(cost + prices.rates.changeover * changeover_cost, 6),
        energy=energy,
        greenhouse=None if prices.rates.intensity is None else round(greenhouse, 6),
    )


def _late(after: Timeline, new: Instance, offset: int) -> int:
    return sum(
        max(0, max(after.end[each + offset] for each in run.operations) - run.due)
        for run in new.runs
        if run.due is not None
    )


def best_options(found: Sequence[Option], aims: Sequence[Aim]) -> tuple[Option, ...]:
    """Return each option that is best at an aim, soonest first."""
    aims_of: dict[Option, list[Aim]] = {}
    for aim in aims:
        best = min(found, key=_RANKS[aim])
        aims_of.setdefault(best, []).append(aim)
    options = [replace(option, aims=tuple(own)) for option, own in aims_of.items()]
    return tuple(sorted(options, key=lambda option: (option.end, option.cost)))


def _greenness(option: Option) -> tuple[float, int]:
    known = option.greenhouse
    return (float(option.energy) if known is None else known), option.end


_RANKS: dict[Aim, Callable[[Option], tuple[float, float]]] = {
    Aim.SOONER: lambda option: (option.end, option.cost),
    Aim.CHEAPER: lambda option: (option.cost, option.end),
    Aim.GREENER: _greenness,
}

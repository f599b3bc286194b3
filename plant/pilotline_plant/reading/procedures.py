"""Reads procedures and the steps they are made of."""

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from pilotline_plant.machine import Machine, Sector
from pilotline_plant.pool import Pool
from pilotline_plant.procedure import Procedure, Step, StepLag
from pilotline_plant.reading.table import Table
from pilotline_plant.setup import ChangeoverMatrix

_YEAR_MINUTES = 366 * 24 * 60


@dataclass(frozen=True, slots=True)
class Offer:
    """What the plant can do for a step.

    Attributes:
        states: by capability, the setup states its machines can be in.
        capacities: capacity by pool id.
    """

    states: dict[str, frozenset[str]]
    capacities: dict[str, int]


def read_procedures(
    root: Table,
    machines: tuple[Machine, ...],
    pools: tuple[Pool, ...],
    changeovers: tuple[ChangeoverMatrix, ...],
) -> tuple[Procedure, ...]:
    """Read ``[[procedures]]``."""
    offer = Offer(
        states=_states_by_capability(machines, changeovers),
        capacities={pool.id: pool.capacity for pool in pools},
    )
    ids: dict[str, int] = {}
    return tuple(_read_procedure(table, ids, offer) for table in root.each("procedures"))


def _states_by_capability(
    machines: tuple[Machine, ...], changeovers: tuple[ChangeoverMatrix, ...]
) -> dict[str, frozenset[str]]:
    states = {matrix.id: frozenset(matrix.states) for matrix in changeovers}
    able: dict[str, frozenset[str]] = {}
    for machine in machines:
        reachable = states.get(machine.changeover or "", frozenset())
        for capability in machine.capabilities:
            able[capability.id] = able.get(capability.id, frozenset()) | reachable
    return able


def _read_procedure(table: Table, ids: dict[str, int], offer: Offer) -> Procedure:
    return Procedure(
        id=table.new_id("procedure", ids),
        name=table.text("name"),
        sector=table.word("sector", Sector).value,
        description=table.text("description", ""),
        steps=_read_steps(table, offer),
    )


def _read_steps(procedure: Table, offer: Offer) -> tuple[Step, ...]:
    tables = procedure.children("steps", required=True)
    lines: dict[str, int] = {}
    ids = [table.new_id("step", lines) for table in tables]
    steps = tuple(
        _read_step(table, step_id, ids, offer) for table, step_id in zip(tables, ids, strict=True)
    )
    for table in tables:
        table.finish()
    _check_order(tables, steps)
    return steps


def _read_step(table: Table, step_id: str, ids: list[str], offer: Offer) -> Step:
    capability = table.reference("capability", "machine with capability", offer.states)
    return Step(
        id=step_id,
        name=table.text("name"),
        capability=capability,
        minutes=table.integer("minutes", least=1, most=_YEAR_MINUTES),
        scales=table.flag("scales", default=False),
        setup_state=_read_setup_state(table, capability, offer),
        pools=_read_demands(table, offer),
        pausable=table.flag("pausable", default=False),
        attended=table.flag("attended", default=False),
        after=_read_lags(table, step_id, ids),
    )


def _read_setup_state(table: Table, capability: str, offer: Offer) -> str | None:
    state = table.optional_text("setup_state")
    if state and capability in offer.states:
        noun = f"changeover of a machine with capability {capability!r} that has state"
        table.check_known(state, noun, offer.states[capability], "setup_state")
    return state


def _read_demands(step: Table, offer: Offer) -> tuple[tuple[str, int], ...]:
    """Read ``{ operators-metal = 1 }``: units drawn by pool."""
    table = step.below("pools")
    if table is None:
        return ()
    demands: list[tuple[str, int]] = []
    for pool in table.values:
        table.check_known(pool, "pool", offer.capacities, pool)
        units = table.integer(pool, least=1)
        capacity = offer.capacities.get(pool, units)
        if units > capacity:
            table.mistake(f"the pool never has more than {capacity}", pool)
        demands.append((pool, units))
    return tuple(demands)


def _read_lags(step: Table, step_id: str, ids: list[str]) -> tuple[StepLag, ...]:
    """Read ``after = ["mix"]``, or with lags ``[{ step = "mix", min_minutes = 60 }]``."""
    lags: list[StepLag] = []
    for index, before in step.entries("after"):
        if isinstance(before, str):
            step.check_known(before, "step", ids, "after", index)
            lag = StepLag(before)
        else:
            lag = _read_lag(before, ids)
        if lag.before == step_id:
            step.mistake("a step cannot come after itself", "after", index)
        elif lag.before in [other.before for other in lags]:
            step.mistake(f"step {lag.before!r} is named twice", "after", index)
        lags.append(lag)
    return tuple(lags)


def _read_lag(table: Table, ids: list[str]) -> StepLag:
    least = table.integer("min_minutes", 0, least=0, most=_YEAR_MINUTES)
    most = None
    if "max_minutes" in table:
        most = table.integer("max_minutes", least=0, most=_YEAR_MINUTES)
        if most < least:
            table.mistake(f"must not be less than min_minutes, which is {least}", "max_minutes")
    return StepLag(table.reference("step", "step", ids), least, most)


def _check_order(tables: list[Table], steps: tuple[Step, ...]) -> None:
    after = {step.id: [lag.before for lag in step.after if lag.before != step.id] for step in steps}
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        circle = error.args[1]
        first = next(index for index, step in enumerate(steps) if step.id in circle)
        reason = f"steps wait for each other in a circle: {' → '.join(circle)}"
        tables[first].mistake(reason, "after")

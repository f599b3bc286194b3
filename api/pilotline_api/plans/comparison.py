"""What changes between two plans, figure by figure and operation by operation."""

from collections.abc import Sequence

from pilotline_api.plans.models import PlanVersion, Slot
from pilotline_api.plans.schemas import (
    ComparisonView,
    KpiDifference,
    MovedOperation,
    Place,
    PlacedOperation,
)
from pilotline_api.slots.schemas import OperationReference, RunReference

UNITS = {
    "weighted_tardiness": "min",
    "tardy_runs": "",
    "makespan_minutes": "min",
    "changeover_minutes": "min",
    "utilisation_pct": "%",
    "runs": "",
    "operations": "",
}


def comparison(
    this: PlanVersion, slots: Sequence[Slot], other: PlanVersion, other_slots: Sequence[Slot]
) -> ComparisonView:
    """Return what changes when going from `other` to `this`."""
    now = {slot.operation_id: slot for slot in slots}
    then = {slot.operation_id: slot for slot in other_slots}
    return ComparisonView(
        kpis=[
            KpiDifference(name=name, this=this.kpis[name], other=other.kpis[name], unit=unit)
            for name, unit in UNITS.items()
        ],
        moved=[
            _moved(then[operation], slot)
            for operation, slot in now.items()
            if operation in then and _place(then[operation]) != _place(slot)
        ],
        added=[_placed(slot) for operation, slot in now.items() if operation not in then],
        removed=[_placed(slot) for operation, slot in then.items() if operation not in now],
    )


def _place(slot: Slot) -> Place:
    return Place(machine=slot.machine, start=slot.starts_at)


def _placed(slot: Slot) -> PlacedOperation:
    return PlacedOperation(
        operation=OperationReference(id=slot.operation.id, name=slot.operation.name),
        run=RunReference(id=slot.run.id, title=slot.run.title),
    )


def _moved(then: Slot, now: Slot) -> MovedOperation:
    placed = _placed(now)
    return MovedOperation(
        operation=placed.operation, run=placed.run, origin=_place(then), destination=_place(now)
    )

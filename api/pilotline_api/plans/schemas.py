"""Shapes of plans and of the way from one to another."""

from pydantic import Field

from pilotline_api.accounts.schemas import PersonView
from pilotline_api.kit.schema import Instant, View
from pilotline_api.plans.models import PlanStatus, PlanVersion
from pilotline_api.slots.schemas import OperationReference, RunReference, SlotView


class SolverView(View):
    """What the solver can say about a plan."""

    status: str
    objective: int | None
    bound: int | None
    gap_pct: float | None
    wall_s: float


class KpisView(View):
    """What a plan achieves.

    Attributes:
        weighted_tardiness: minutes of lateness times weight, over all runs.
        utilisation_pct: share of the machines' working time, until the last end, that is used.
    """

    weighted_tardiness: int
    tardy_runs: int
    makespan_minutes: int
    changeover_minutes: int
    utilisation_pct: float
    runs: int
    operations: int


class PlanView(View):
    """A plan."""

    id: str
    version: int
    status: PlanStatus
    title: str
    created_at: Instant
    published_at: Instant | None
    created_by: PersonView
    solver: SolverView
    kpis: KpisView


class PlanWithSlotsView(PlanView):
    """A plan with its slots."""

    slots: list[SlotView]


class KpiDifference(View):
    """One figure of two plans."""

    name: str
    this: float
    other: float
    unit: str


class Place(View):
    """Where and when an operation is processed."""

    machine: str
    start: Instant


class PlacedOperation(View):
    """An operation of a run."""

    operation: OperationReference
    run: RunReference


class MovedOperation(View):
    """An operation that two plans place differently."""

    operation: OperationReference
    run: RunReference
    origin: Place = Field(serialization_alias="from")
    destination: Place = Field(serialization_alias="to")


class ComparisonView(View):
    """What changes when going from the other plan to this one."""

    kpis: list[KpiDifference]
    moved: list[MovedOperation]
    added: list[PlacedOperation]
    removed: list[PlacedOperation]


def plan_view(plan: PlanVersion) -> PlanView:
    """Return a plan without its slots."""
    return PlanView(
        id=plan.id,
        version=plan.version,
        status=plan.status,
        title=plan.title,
        created_at=plan.created_at,
        published_at=plan.published_at,
        created_by=PersonView(id=plan.creator.id, name=plan.creator.name),
        solver=SolverView.model_validate(plan.solver),
        kpis=KpisView.model_validate(plan.kpis),
    )

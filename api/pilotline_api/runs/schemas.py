"""Shapes of trial runs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from pilotline_api.accounts.schemas import ClientView, client_view
from pilotline_api.kit.schema import Body, Instant, Line, View
from pilotline_api.plans.models import Slot
from pilotline_api.runs.models import TrialRun
from pilotline_api.runs.status import RunStatus, status_of
from pilotline_api.slots.schemas import SlotView, slot_view
from pilotline_plant import Plant

LONGEST_WINDOW = timedelta(days=31)

PlantId = Annotated[Line, StringConstraints(max_length=64)]


class AttendanceWindow(Body):
    """A window in which the client can be present."""

    start: Instant
    end: Instant

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.start < self.end <= self.start + LONGEST_WINDOW:
            msg = f"end must lie after start and within {LONGEST_WINDOW.days} days of it"
            raise ValueError(msg)
        return self


class RunRequest(Body):
    """What a client asks for."""

    title: Line
    procedure: PlantId
    size: float = Field(default=1.0, ge=0.01, le=100)
    release: Instant
    due: Instant
    attendance: list[AttendanceWindow] = Field(default_factory=list, max_length=50)
    client: PlantId | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.due <= self.release:
            msg = "due must lie after release"
            raise ValueError(msg)
        return self


class ProcedureReference(View):
    """A procedure by name."""

    id: str
    name: str


class OperationView(View):
    """One step of a trial run, and where it is planned."""

    id: str
    name: str
    capability: str
    minutes: int
    slot: SlotView | None


class RunView(View):
    """A trial run."""

    id: str
    title: str
    client: ClientView
    procedure: ProcedureReference
    size: float
    status: RunStatus
    release: Instant
    due: Instant
    weight: int
    created_at: Instant
    planned_start: Instant | None
    planned_end: Instant | None
    late_minutes: int | None
    operations: list[OperationView]


class RunPage(View):
    """A page of trial runs, newest first."""

    items: list[RunView]
    next: str | None


def run_view(run: TrialRun, slots: Mapping[str, Slot], plant: Plant, now: datetime) -> RunView:
    """Return a trial run with the slots of its operations."""
    return RunView(
        id=run.id,
        title=run.title,
        client=client_view(run.organisation),
        procedure=ProcedureReference(id=run.procedure, name=run.procedure_name),
        size=run.size,
        status=status_of(run, now),
        release=run.release,
        due=run.due,
        weight=run.weight,
        created_at=run.created_at,
        planned_start=run.planned_start,
        planned_end=run.planned_end,
        late_minutes=late_minutes(run),
        operations=[
            OperationView(
                id=operation.id,
                name=operation.name,
                capability=operation.capability,
                minutes=operation.minutes,
                slot=slot_view(slots[operation.id], plant) if operation.id in slots else None,
            )
            for operation in run.operations
        ],
    )


def late_minutes(run: TrialRun) -> int | None:
    """Return by how many whole minutes a run is planned to end after its due date."""
    if run.planned_end is None:
        return None
    return max(0, -int((run.due - run.planned_end).total_seconds() // 60))

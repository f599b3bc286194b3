"""Shapes of solves."""

from datetime import datetime

from pydantic import Field

from pilotline_api.accounts.schemas import PersonView
from pilotline_api.kit.schema import Body, Instant, Line, View
from pilotline_api.solves.models import Solve, SolveIncumbent, SolveStatus


class SolveRequest(Body):
    """What to ask the optimiser."""

    time_limit_s: float = Field(ge=1, le=3600)
    workers: int | None = Field(default=None, ge=1, le=64)
    title: Line | None = None


class ProgressView(View):
    """How far a solve has come; objective and bound are of the first priority level."""

    wall_s: float
    objective: int | None
    bound: int | None
    gap_pct: float | None
    incumbents: int


class SolveView(View):
    """A solve."""

    id: str
    status: SolveStatus
    title: str
    requested_by: PersonView
    created_at: Instant
    started_at: Instant | None
    ended_at: Instant | None
    time_limit_s: float
    progress: ProgressView
    plan: str | None
    message: str | None


class IncumbentView(View):
    """A better plan found on the way."""

    wall_s: float
    objective: int
    bound: int | None


class SolveWithTrajectoryView(SolveView):
    """A solve and the way it took."""

    trajectory: list[IncumbentView]


def solve_view(solve: Solve, now: datetime) -> SolveView:
    """Return a solve without its trajectory."""
    wall_s = solve.wall_s
    if solve.status is SolveStatus.RUNNING and solve.started_at is not None:
        wall_s = max(wall_s, (now - solve.started_at).total_seconds())
    return SolveView(
        id=solve.id,
        status=solve.status,
        title=solve.title,
        requested_by=PersonView(id=solve.requester.id, name=solve.requester.name),
        created_at=solve.created_at,
        started_at=solve.started_at,
        ended_at=solve.ended_at,
        time_limit_s=solve.time_limit_s,
        progress=ProgressView(
            wall_s=round(wall_s, 3),
            objective=solve.objective,
            bound=solve.bound,
            gap_pct=solve.gap_pct,
            incumbents=solve.incumbents,
        ),
        plan=solve.plan_id,
        message=solve.message,
    )


def incumbent_view(incumbent: SolveIncumbent) -> IncumbentView:
    """Return one step of a trajectory."""
    return IncumbentView(
        wall_s=incumbent.wall_s, objective=incumbent.objective, bound=incumbent.bound
    )

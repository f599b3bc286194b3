"""Stores a solver's plan as a draft, once the independent verifier has nothing against it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pilotline_api.errors import PlanRefusedError
from pilotline_api.kit.base import new_id
from pilotline_api.plans.kpis import kpis
from pilotline_api.plans.models import PlanStatus, PlanVersion, Slot
from pilotline_api.plans.problem_building import PlanningCase
from pilotline_api.plans.publication import tell_plan
from pilotline_api.plans.repository import next_version
from pilotline_api.plans.schemas import KpisView, SolverView
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.verifier import verify

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class CheckedPlan:
    """A plan the verifier has nothing against, and what it achieves."""

    plan: Plan
    kpis: KpisView


def check(case: PlanningCase, plan: Plan) -> CheckedPlan:
    """Verify a solver's plan; no transaction need be open meanwhile.

    Raises:
        PlanRefusedError: the verifier found violations.
    """
    violations = verify(case.problem, plan)
    if violations:
        shown = "; ".join(str(violation) for violation in violations[:_SHOWN])
        msg = f"The plan breaks {len(violations)} rules and was not stored: {shown}"
        raise PlanRefusedError(msg)
    return CheckedPlan(plan, kpis(case, plan))


def store_draft(
    session: Session,
    case: PlanningCase,
    checked: CheckedPlan,
    *,
    title: str,
    created_by: str,
    solver: SolverView,
    now: datetime,
) -> PlanVersion:
    """Write a checked plan and its slots as a draft."""
    draft = PlanVersion(
        id=new_id(),
        version=next_version(session),
        status=PlanStatus.DRAFT,
        title=title,
        created_at=now,
        created_by=created_by,
        solver=solver.model_dump(mode="json"),
        kpis=checked.kpis.model_dump(mode="json"),
    )
    session.add(draft)
    session.flush()
    session.add_all(
        _slot(case, draft, planned)
        for planned in checked.plan.operations
        if planned.operation in case.operations
    )
    session.flush()
    tell_plan(session, draft)
    return draft


def _slot(case: PlanningCase, draft: PlanVersion, planned: PlannedOperation) -> Slot:
    operation = case.operations[planned.operation]
    kept = case.kept.get(operation.id)
    return Slot(
        id=new_id(),
        plan_id=draft.id,
        organisation_id=operation.organisation_id,
        run_id=operation.run_id,
        operation_id=operation.id,
        machine=planned.machine,
        # What has begun was set up when it was set up, whatever the solver makes of it now.
        setup_start=kept.setup_start if kept else case.axis.instant(planned.setup_start),
        starts_at=case.axis.instant(planned.start),
        ends_at=case.axis.instant(planned.end),
        setup_state=operation.setup_state,
    )

"""Publishing a plan: compare and set, take the machine time, tell everyone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pilotline_api.errors import Conflict, PreconditionFailed
from pilotline_api.kit.etag import etag
from pilotline_api.kit.events import Audience, publish
from pilotline_api.occupancy.service import free_slots, occupy_slots
from pilotline_api.occupancy.walls import any_meeting, presences
from pilotline_api.plans.models import PlanStatus, PlanVersion, Publication, Slot
from pilotline_api.plans.repository import plan_of, published_plan, slots_of_plan
from pilotline_api.runs.announcing import announce
from pilotline_api.runs.models import TrialRun
from pilotline_api.slots.repository import slots_of_runs
from pilotline_plant import Plant


def publish_plan(
    session: Session, plant: Plant, plan_id: str, compared_with: int, now: datetime
) -> PlanVersion:
    """Publish a draft in place of the plan it was compared with.

    Args:
        session: a writing session that sees every organisation.
        plant: for its walls.
        plan_id: the draft.
        compared_with: version of the published plan the publisher has seen, 0 for none.
        now: the present instant.

    Raises:
        NotFound: there is no such plan.
        PreconditionFailed: ``stale_plan``; another plan was published meanwhile.
        Conflict: the plan is no draft, begins in the past, or no longer fits the bookings.
    """
    _hold_runs(session, plan_id)
    plan = plan_of(session, plan_id)
    former = published_plan(session)
    if not _compare_and_set(session, plan, compared_with):
        raise _stale(session)
    if plan.status is not PlanStatus.DRAFT:
        msg = f"Plan {plan.version} is {plan.status}; only a draft can be published."
        raise Conflict(msg, code="not_a_draft")
    slots = [slot for slot in slots_of_plan(session, plan.id) if slot.run.cancelled_at is None]
    replaced = slots_of_runs(session, {slot.run_id for slot in slots})
    _nothing_begins_in_the_past(slots, replaced, now)
    free_slots(session, (slot.id for slot in replaced.values()))
    occupy_slots(session, slots)
    if any_meeting(plant, presences(session, now)):
        msg = "Two clients behind a wall would meet in a hall; solve again."
        raise Conflict(msg, code="does_not_fit")
    _change_status(session, plan, former, now)
    _tell_runs(session, slots, now)
    return plan


def _hold_runs(session: Session, plan_id: str) -> None:
    """Keep the plan's runs from being cancelled meanwhile."""
    concerned = select(Slot.run_id).where(Slot.plan_id == plan_id)
    session.execute(select(TrialRun.id).where(TrialRun.id.in_(concerned)).with_for_update())


def _compare_and_set(session: Session, plan: PlanVersion, compared_with: int) -> bool:
    changed = session.execute(
        update(Publication)
        .where(Publication.version == compared_with)
        .values(version=plan.version, plan_id=plan.id)
        .returning(Publication.id)
    )
    return changed.first() is not None


def _stale(session: Session) -> PreconditionFailed:
    version = session.scalar(select(Publication.version)) or 0
    return PreconditionFailed(
        f"The published plan is version {version}; compare with it and publish again.",
        code="stale_plan",
        headers={"ETag": etag(version)},
        members={"published_version": version},
    )


def _nothing_begins_in_the_past(
    slots: Sequence[Slot], replaced: Mapping[str, Slot], now: datetime
) -> None:
    """Refuse to rewrite what has begun, and to begin what is over."""
    for slot in slots:
        former = replaced.get(slot.operation_id)
        if former is not None and _times(former) == _times(slot):
            continue
        if slot.setup_start < now or (former is not None and former.setup_start < now):
            msg = (
                f"Operation {slot.operation.name!r} of {slot.run.title!r} would have begun by now; "
                "solve again."
            )
            raise Conflict(msg, code="outdated_plan")


def _times(slot: Slot) -> tuple[str, datetime, datetime]:
    return slot.machine, slot.starts_at, slot.ends_at


def _change_status(
    session: Session, plan: PlanVersion, former: PlanVersion | None, now: datetime
) -> None:
    plan.status, plan.published_at = PlanStatus.PUBLISHED, now
    if former is not None:
        former.status = PlanStatus.SUPERSEDED
        tell_plan(session, former)
    session.flush()
    tell_plan(session, plan)


def tell_plan(session: Session, plan: PlanVersion) -> None:
    """Write a ``plan`` event; drafts are for planners only."""
    draft = plan.status is PlanStatus.DRAFT
    publish(
        session,
        "plan",
        {"id": plan.id, "version": plan.version, "status": plan.status},
        audience=Audience.PLANNERS if draft else Audience.EVERYONE,
    )


def _tell_runs(session: Session, slots: Iterable[Slot], now: datetime) -> None:
    runs: dict[str, TrialRun] = {}
    for slot in slots:
        run = runs.get(slot.run_id)
        if run is None:
            run = runs[slot.run_id] = slot.run
            run.planned_start, run.planned_end = slot.starts_at, slot.ends_at
        else:
            run.planned_start = min(run.planned_start or slot.starts_at, slot.starts_at)
            run.planned_end = max(run.planned_end or slot.ends_at, slot.ends_at)
    for run in runs.values():
        announce(session, run, now)

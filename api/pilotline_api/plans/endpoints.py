"""Plans: list, read, compare, publish."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from pilotline_api.accounts.access import PlannerNeeded, ReadSession, WriteSession
from pilotline_api.errors import NotFound
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.etag import IfMatch, etag, version_matched
from pilotline_api.kit.pagination import Limit
from pilotline_api.kit.schema import ObjectId
from pilotline_api.kit.services import PlantNeeded
from pilotline_api.plans.comparison import comparison
from pilotline_api.plans.models import PlanVersion
from pilotline_api.plans.publication import publish_plan
from pilotline_api.plans.repository import newest_plans, plan_of, published_plan, slots_of_plan
from pilotline_api.plans.schemas import ComparisonView, PlanView, PlanWithSlotsView, plan_view
from pilotline_api.slots.schemas import slot_view
from pilotline_plant import Plant

router = APIRouter(tags=["plans"])


@router.get("/plans", summary="Plans, newest first")
def list_plans(_person: PlannerNeeded, session: ReadSession, limit: Limit = 50) -> list[PlanView]:
    """Return plans without their slots."""
    return [plan_view(plan) for plan in newest_plans(session, limit)]


@router.get("/plans/published", summary="The published plan")
def read_published(
    _person: PlannerNeeded, session: ReadSession, plant: PlantNeeded, response: Response
) -> PlanWithSlotsView:
    """Return the published plan with its slots, or 404 while there is none."""
    plan = published_plan(session)
    if plan is None:
        raise NotFound
    return _with_slots(session, plan, plant, response)


@router.get("/plans/{plan_id}", summary="One plan with its slots")
def read_plan(
    plan_id: ObjectId,
    _person: PlannerNeeded,
    session: ReadSession,
    plant: PlantNeeded,
    response: Response,
) -> PlanWithSlotsView:
    """Return a plan with its slots."""
    return _with_slots(session, plan_of(session, plan_id), plant, response)


@router.post("/plans/{plan_id}/publication", summary="Publish a draft")
def publish(
    plan_id: ObjectId,
    _person: PlannerNeeded,
    session: WriteSession,
    plant: PlantNeeded,
    response: Response,
    if_match: IfMatch = None,
) -> PlanView:
    """Publish a draft in place of the plan whose version If-Match names."""
    plan = publish_plan(session, plant, plan_id, version_matched(if_match), utc_now())
    response.headers["ETag"] = etag(plan.version)
    return plan_view(plan)


@router.get("/plans/{plan_id}/comparison", summary="Two plans side by side")
def compare(
    plan_id: ObjectId,
    _person: PlannerNeeded,
    session: ReadSession,
    other_id: Annotated[ObjectId, Query(alias="with", description="the plan to compare with")],
) -> ComparisonView:
    """Return what changes when going from the plan ``with`` to this one."""
    this, other = plan_of(session, plan_id), plan_of(session, other_id)
    return comparison(
        this, slots_of_plan(session, this.id), other, slots_of_plan(session, other.id)
    )


def _with_slots(
    session: Session, plan: PlanVersion, plant: Plant, response: Response
) -> PlanWithSlotsView:
    response.headers["ETag"] = etag(plan.version)
    slots = [slot_view(slot, plant) for slot in slots_of_plan(session, plan.id)]
    return PlanWithSlotsView(**plan_view(plan).model_dump(), slots=slots)

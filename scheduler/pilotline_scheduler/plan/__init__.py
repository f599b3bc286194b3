"""Plan: when and where each operation runs, and what the solver can say about it."""

from pilotline_scheduler.plan.answer import Answer, Incumbent, Status
from pilotline_scheduler.plan.planned import Plan, PlannedOperation

__all__ = ["Answer", "Incumbent", "Plan", "PlannedOperation", "Status"]

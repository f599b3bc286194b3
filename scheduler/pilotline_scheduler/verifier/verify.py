"""The check as a whole."""

from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.verifier.case import Case
from pilotline_scheduler.verifier.operation_rules import operation_violations
from pilotline_scheduler.verifier.resource_rules import (
    batch_violations,
    machine_violations,
    pool_violations,
    setup_violations,
)
from pilotline_scheduler.verifier.run_rules import (
    decision_violations,
    lag_violations,
    wall_violations,
)
from pilotline_scheduler.verifier.violation import Violation


def verify(problem: Problem, plan: Plan) -> list[Violation]:
    """Return every rule of a validated problem that a plan breaks; none means it holds.

    Operations planned twice or on a machine they have no mode on are named, and then left out of
    the rules between operations.
    """
    case = Case(problem, plan)
    return [
        *operation_violations(case),
        *machine_violations(case),
        *batch_violations(case),
        *setup_violations(case),
        *pool_violations(case),
        *lag_violations(case),
        *wall_violations(case),
        *decision_violations(case),
    ]

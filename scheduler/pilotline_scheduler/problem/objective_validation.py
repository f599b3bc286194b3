"""Validation of what makes a plan good: terms, entitlements, prices over time."""

from math import lcm

from pilotline_scheduler.problem.findings import MAX_WEIGHT, Findings
from pilotline_scheduler.problem.objective import Goal, Term
from pilotline_scheduler.problem.problem import Problem


def check_objective(problem: Problem, findings: Findings) -> None:
    """Note every mistake in the objective of a problem and in what its terms are measured by."""
    terms = problem.objective.terms
    if not terms:
        findings.add("/objective/terms", [], "needs at least one term")
    for index, term in enumerate(terms):
        _check_term(f"/objective/terms/{index}", term, problem, findings)
    findings.steps("/notice", problem.notice)
    findings.steps("/tariff", problem.tariff)
    findings.steps("/intensity", problem.intensity)
    for index, (_, price) in enumerate(problem.notice):
        if price > MAX_WEIGHT:
            findings.add(f"/notice/{index}/1", price, f"must be from 0 to {MAX_WEIGHT}")
    _check_clients(problem, findings)


def _check_term(pointer: str, term: Term, problem: Problem, findings: Findings) -> None:
    if not 1 <= term.weight <= MAX_WEIGHT:
        findings.add(f"{pointer}/weight", term.weight, f"must be from 1 to {MAX_WEIGHT}")
    sharing = sum(each.priority == term.priority for each in problem.objective.terms)
    if term.goal is Goal.FAIRNESS and sharing > 1:
        findings.add(
            f"{pointer}/priority",
            term.priority,
            "fairness has several values, so it must be alone in its priority",
        )
    if term.goal is Goal.ENERGY_COST and not problem.tariff:
        findings.add(f"{pointer}/goal", term.goal, "needs a tariff")
    if term.goal is Goal.EMISSIONS and not problem.intensity:
        findings.add(f"{pointer}/goal", term.goal, "needs an intensity")


def _check_clients(problem: Problem, findings: Findings) -> None:
    findings.unique("/clients", (each.id for each in problem.clients), "client")
    sound = True
    for index, client in enumerate(problem.clients):
        if not 1 <= client.entitlement <= MAX_WEIGHT:
            pointer = f"/clients/{index}/entitlement"
            findings.add(pointer, client.entitlement, f"must be from 1 to {MAX_WEIGHT}")
            sound = False
    entitlements = [each.entitlement for each in problem.clients]
    if sound and lcm(*entitlements) > MAX_WEIGHT:
        findings.add(
            "/clients",
            entitlements,
            f"entitlements need a common multiple of at most {MAX_WEIGHT}; use rounder numbers",
        )

"""Solvers that do what a test needs, with plans that hold."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pilotline_scheduler.plan import Answer, Incumbent, Plan, Status
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver import first_plan
from pilotline_scheduler.verifier import evaluate

OnIncumbent = Callable[[Incumbent, Plan], None]


def plan_of(problem: Problem) -> tuple[Plan, Incumbent]:
    """A plan that holds, and its worth."""
    plan = first_plan(problem)
    assert plan is not None
    objective = evaluate(problem, plan)
    return plan, Incumbent(0.1, objective, tuple(0 for _ in objective), "seed")


def answered(status: Status, plan: Plan | None, incumbent: Incumbent, message: str = "") -> Answer:
    return Answer(
        status=status,
        plan=plan,
        objective=incumbent.objective if plan else None,
        bound=incumbent.bound,
        bound_source="test",
        first_s=0.1 if plan else None,
        wall_s=0.5,
        trajectory=(incumbent,),
        message=message,
    )


@dataclass
class PatientSolver:
    """Tells of one plan and then works on until it is cancelled."""

    told: threading.Event = field(default_factory=threading.Event)

    def __call__(
        self,
        problem: Problem,
        *,
        time_limit_s: float,
        workers: int | None,
        seed: int,
        on_incumbent: OnIncumbent,
        cancel: threading.Event,
    ) -> Answer:
        del workers, seed
        plan, incumbent = plan_of(problem)
        on_incumbent(incumbent, plan)
        self.told.set()
        cancelled = cancel.wait(time_limit_s)
        return answered(Status.CANCELLED if cancelled else Status.FEASIBLE, plan, incumbent)


@dataclass
class QuickSolver:
    """Answers at once; `change` may spoil the answer.

    Attributes:
        change: applied to the answer.
        incumbents: how many plans to tell of, one right after the other.
        problems: what it was asked.
    """

    change: Callable[[Answer], Answer] = lambda answer: answer
    incumbents: int = 1
    pause_s: float = 0.0
    problems: list[Problem] = field(default_factory=list)

    def __call__(
        self,
        problem: Problem,
        *,
        time_limit_s: float,
        workers: int | None,
        seed: int,
        on_incumbent: OnIncumbent,
        cancel: threading.Event,
    ) -> Answer:
        del time_limit_s, workers, seed, cancel
        self.problems.append(problem)
        plan, incumbent = plan_of(problem)
        for number in range(self.incumbents):
            worth = tuple(value + self.incumbents - 1 - number for value in incumbent.objective)
            on_incumbent(replace(incumbent, objective=worth, wall_s=0.1 * number), plan)
            time.sleep(self.pause_s)
        return self.change(answered(Status.FEASIBLE, plan, incumbent))

"""The solver as a whole: bounds, a seed, then improvement until time is up or all is proven."""

import os
import threading
import time
from concurrent.futures import Executor
from functools import partial

from pilotline_scheduler.errors import SolveError
from pilotline_scheduler.plan import Answer, Plan, Status
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.problem.validation import validate
from pilotline_scheduler.solver.bounds import lower_bounds
from pilotline_scheduler.solver.instance import NoPlanError, Schedule, compile_problem
from pilotline_scheduler.solver.search import OnIncumbent, Search
from pilotline_scheduler.solver.seed.portfolio import seed as plant_seed
from pilotline_scheduler.solver.specialists.choice import specialist_of
from pilotline_scheduler.solver.threads import in_threads
from pilotline_scheduler.solver.windows.dispatch import Dispatch
from pilotline_scheduler.solver.windows.sender import sending
from pilotline_scheduler.solver.windows.workforce import Workforce
from pilotline_scheduler.verifier import verify


def solve(
    problem: Problem,
    *,
    time_limit_s: float,
    workers: int | None = None,
    seed: int = 0,
    on_incumbent: OnIncumbent | None = None,
    cancel: threading.Event | None = None,
    executor: Executor | Workforce | None = None,
    start: Plan | None = None,
) -> Answer:
    """Return the best plan found within a time limit, with its status and a lower bound.

    Args:
        problem: what is to be planned.
        time_limit_s: seconds in all; kept to within a second.
        workers: threads; None for one per core. With one, the same seed gives the same plan as
            long as the time limit does not cut the search short.
        seed: seeds every random choice.
        on_incumbent: called with each better plan, in order, from one thread at a time.
        cancel: ends the search soon after it is set; the best plan so far is returned.
        executor: decides windows of the plan, in other processes or on other machines, besides
            the threads here; it may lose some or die, which the answer's message then says. A
            `Workforce` also tells how many at once. Not used with one worker, for a search with
            help from elsewhere depends on the clock.
        start: a plan to begin from; the answer's is at least as good.

    Raises:
        ProblemError: the problem is not well formed.
        SolveError: a setting is impossible, or the plan to begin from breaks a rule.
    """
    check_settings(time_limit_s, workers)
    validate(problem)
    if start is not None:
        check_start(problem, start)
    return solve_since(
        time.monotonic(),
        problem,
        time_limit_s=time_limit_s,
        workers=workers,
        seed=seed,
        on_incumbent=on_incumbent,
        cancel=cancel,
        executor=executor,
        start=start,
    )


def check_start(problem: Problem, start: Plan) -> None:
    """Refuse a plan to begin from that breaks a rule.

    Raises:
        SolveError: it does.
    """
    violations = verify(problem, start)
    if violations:
        message = f"the plan to begin from does not hold; {violations[0]}"
        raise SolveError(message)


def check_settings(time_limit_s: float, workers: int | None) -> None:
    """Refuse settings that no solve can have.

    Raises:
        SolveError: a setting is impossible.
    """
    if time_limit_s <= 0:
        message = f"the time limit must be positive, not {time_limit_s} s"
        raise SolveError(message)
    if workers is not None and workers < 1:
        message = f"at least one worker is needed, not {workers}"
        raise SolveError(message)


def solve_since(
    started: float,
    problem: Problem,
    *,
    time_limit_s: float,
    workers: int | None,
    seed: int,
    on_incumbent: OnIncumbent | None,
    cancel: threading.Event | None,
    executor: Executor | Workforce | None = None,
    start: Plan | None = None,
) -> Answer:
    """Solve a validated problem with a clock that began at `started`, in monotonic seconds."""
    try:
        instance = compile_problem(problem)
    except NoPlanError as error:
        return _without_plan(Status.INFEASIBLE, str(error), started)
    search = Search(
        instance,
        time_limit_s=time_limit_s,
        seed=seed,
        repeatable=workers == 1,
        on_incumbent=on_incumbent,
        cancel=cancel,
        started=started,
    )
    for level, (bound, source) in enumerate(lower_bounds(instance)):
        search.prove(level, bound, source)
    if start is not None:
        search.offer(Schedule.of(instance, start), "start")
    if executor is None or search.repeatable:
        _search(search, workers or os.cpu_count() or 1)
        return _answer(search)
    dispatch = Dispatch(search, Workforce.of(executor))
    with sending(search, dispatch):
        _search(search, workers or os.cpu_count() or 1)
    return _answer(search, dispatch.message())


def _search(search: Search, workers: int) -> None:
    # Specialists know none of the extras; one that learns some is asked about them in `choice`.
    specialist = None if search.instance.extras else specialist_of(search.instance)
    if specialist is not None:
        specialist.seed(search)
        if search.best is not None and not search.over():
            in_threads(
                search, [partial(specialist.work, search, i, workers) for i in range(workers)]
            )
        if search.best is not None or search.over():
            return
    plant_seed(search)
    if not search.over():
        # OR-Tools takes over a second to import; the first plan does not wait for it.
        from pilotline_scheduler.solver.improve.improve import improve

        improve(search, workers)


def _answer(search: Search, losses: str = "") -> Answer:
    if search.proven():
        status, message = Status.OPTIMAL, ""
    elif search.infeasible:
        status, message = Status.INFEASIBLE, "no plan keeps every rule"
    elif search.cancelled:
        status, message = Status.CANCELLED, "stopped by the caller"
    elif search.best is not None:
        status, message = Status.FEASIBLE, ""
    else:
        status, message = Status.UNKNOWN, f"no plan found within {search.time_limit_s:g} s"
    return Answer(
        status=status,
        plan=None if search.best is None else search.plan(search.best),
        objective=search.value,
        bound=tuple(search.bound),
        bound_source=search.bound_source,
        first_s=search.trajectory[0].wall_s if search.trajectory else None,
        wall_s=search.elapsed_s(),
        trajectory=tuple(search.trajectory),
        message="; ".join(each for each in (message, losses) if each),
    )


def _without_plan(status: Status, message: str, started: float) -> Answer:
    wall_s = time.monotonic() - started
    return Answer(status, None, None, (), "none", None, wall_s, (), message)

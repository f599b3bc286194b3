"""Optima of classic instances are found and proven."""

import pytest

from pilotline_scheduler.formats.instances import read_one
from pilotline_scheduler.plan import Status
from pilotline_scheduler.solver import solve
from pilotline_scheduler.verifier import verify
from tests.scheduler.instances import instance


@pytest.mark.parametrize(
    ("file", "form", "optimum"),
    [
        # Fisher & Thompson 1963; optimum 55.
        ("jsp/ft06.txt", "jsp", 55),
        # Lawrence 1984; optimum 666.
        ("jsp/la01.txt", "jsp", 666),
        # Fattahi et al. 2007; optimum 66.
        ("fjsp/fattahi1.txt", "fjsp", 66),
    ],
)
def test_the_optimum_is_found_and_proven(file: str, form: str, optimum: int) -> None:
    problem = read_one(instance(file), form)
    answer = solve(problem, time_limit_s=60)
    assert answer.plan is not None
    assert verify(problem, answer.plan) == []
    assert (answer.status, answer.objective) == (Status.OPTIMAL, (optimum,))

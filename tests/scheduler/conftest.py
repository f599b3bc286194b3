"""Kernels are compiled before the first solve, so that short limits are about searching."""

import pytest

from pilotline_scheduler.solver.line.compilation import KERNELS as LINE
from pilotline_scheduler.solver.project.compilation import KERNELS as PROJECT
from pilotline_scheduler.solver.shop.flexible.rehearsal import KERNELS as FLEXIBLE
from pilotline_scheduler.solver.shop.sequence.rehearsal import KERNELS as SEQUENCE


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels() -> None:
    for each in (SEQUENCE, FLEXIBLE, PROJECT, LINE):
        each.finish()

"""Which goals a line knows."""

from pilotline_scheduler.problem import Goal
from pilotline_scheduler.solver.line.fields import (
    CHANGED,
    MAKESPAN,
    MOVED,
    SETUP_PRICE,
    SETUP_TIME,
    TARDINESS,
    TARDY_RUNS,
)

COLUMN_OF = {
    Goal.WEIGHTED_TARDINESS: TARDINESS,
    Goal.TARDY_RUNS: TARDY_RUNS,
    Goal.MAKESPAN: MAKESPAN,
    Goal.CHANGEOVER_TIME: SETUP_TIME,
    Goal.CHANGEOVER_COST: SETUP_PRICE,
    Goal.MOVED_START: MOVED,
    Goal.CHANGED_MACHINE: CHANGED,
}
"""Goals that a line knows, and their columns in `LEVEL`."""

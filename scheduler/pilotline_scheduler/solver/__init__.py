"""Finds plans: a fast seed, then CP-SAT on all or a window of the problem.

Importing it loads no OR-Tools; the first improvement does.
"""

from pilotline_scheduler.solver.child import solve_in_child
from pilotline_scheduler.solver.first_plan import first_plan
from pilotline_scheduler.solver.search import OnIncumbent
from pilotline_scheduler.solver.solve import solve

__all__ = ["OnIncumbent", "first_plan", "solve", "solve_in_child"]

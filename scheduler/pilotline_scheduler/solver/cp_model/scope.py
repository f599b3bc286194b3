"""How much of a plan a CP-SAT model may change."""

from collections.abc import Set
from dataclasses import dataclass

from pilotline_scheduler.solver.instance import FOREVER, Instance, Schedule


@dataclass(frozen=True, slots=True)
class Scope:
    """What is decided anew, what only keeps its order, and what stays as it is.

    Attributes:
        free: operations whose machine, order and times are decided anew.
        ordered: operations that keep their machine and their order among themselves; times float.
        base: the plan that the others keep and that hints come from; None only when all is free.
        begin: no operation in `free` or `ordered` starts, or is set up, before this tick.
        end: none of them ends after this tick.
    """

    free: Set[int]
    ordered: Set[int]
    base: Schedule | None
    begin: int = 0
    end: int = FOREVER

    @classmethod
    def whole(cls, instance: Instance, base: Schedule | None) -> "Scope":
        """Return the scope in which everything is decided anew."""
        return cls(frozenset(range(len(instance.names))), frozenset(), base)

    def moves(self, operation: int) -> bool:
        """Return whether the times of an operation are open."""
        return operation in self.free or operation in self.ordered

    @property
    def is_whole(self) -> bool:
        """Whether nothing is kept, so that what is proven holds for the problem."""
        return not self.ordered and self.begin == 0 and self.end == FOREVER

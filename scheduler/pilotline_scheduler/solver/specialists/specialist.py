"""The seam between the solver and a search made for one kind of problem."""

from typing import Protocol

from pilotline_scheduler.solver.search import Search


class Specialist(Protocol):
    """A search made for one kind of problem: it knows a structure that the general search does not.

    Attributes:
        name: what incumbents name as their source, such as ``shop``.
    """

    name: str

    def seed(self, search: Search) -> None:
        """Offer first plans soon, better ones later; return once seeds are done or time is up."""

    def work(self, search: Search, worker: int, workers: int) -> None:
        """Improve until the search is over.

        Called once in each of `workers` threads, numbered from 0. Where `search.repeatable` there
        is one, and it does an amount of work that does not depend on the clock.
        """

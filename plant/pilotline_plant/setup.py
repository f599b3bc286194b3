"""Setup states and the changeovers between them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChangeoverMatrix:
    """What it takes to bring a machine from one setup state to another.

    Attributes:
        id: unique within the plant.
        states: names of the setup states.
        minutes: ``minutes[i][j]`` from state i to state j; the diagonal is usually 0.
        cost: ``cost[i][j]`` in the plant's currency; cleaning agents, scrap, tools.
        pool: pool that lends a person for the changeover, or None.
        during_closed_hours: whether a changeover may run while the machine's calendar is closed.
    """

    id: str
    states: tuple[str, ...]
    minutes: tuple[tuple[int, ...], ...]
    cost: tuple[tuple[int, ...], ...]
    pool: str | None
    during_closed_hours: bool

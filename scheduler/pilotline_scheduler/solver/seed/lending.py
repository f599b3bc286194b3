"""What pools and halls lend to operations, over time."""

from collections.abc import Sequence

from pilotline_scheduler.solver.instance import ModeData
from pilotline_scheduler.solver.seed.profile import Profile


class Lending:
    """The profiles of an instance, drawn on by whole operations.

    Args:
        profiles: capacity steps of each.

    Attributes:
        profiles: what is free of each.
    """

    def __init__(self, profiles: Sequence[Sequence[tuple[int, int]]]) -> None:
        self.profiles = [Profile(steps) for steps in profiles]

    def twin(self) -> "Lending":
        """Return a copy that changes on its own."""
        twin = Lending(())
        twin.profiles = [profile.twin() for profile in self.profiles]
        return twin

    def first(self, mode: ModeData, start: int, end: int) -> int:
        """Return `start` when all that a mode draws is free; or the next start to try, or -1."""
        for profile, needed, _ in mode.draws:
            if needed:
                tick = self.profiles[profile].first_fit(start, end - start, needed)
                if tick != start:
                    return tick
        if mode.freed:
            for begin, stop in mode.worked(start, end):
                for profile, units in mode.freed:
                    tick = self.profiles[profile].shortage(begin, stop, units)
                    if tick != begin:
                        return tick
        return start

    def take(self, mode: ModeData, start: int, end: int, sign: int) -> None:
        """Draw (1) or give back (-1) what a mode holds."""
        for profile, _, taken in mode.draws:
            if taken:
                self.profiles[profile].take(start, end, sign * taken)
        if mode.freed:
            for begin, stop in mode.worked(start, end):
                for profile, units in mode.freed:
                    self.profiles[profile].take(begin, stop, sign * units)

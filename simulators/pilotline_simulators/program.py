"""Program: what runs in a simulated machine, be it a model or a recording."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from pilotline_plant import Machine, PackMLState
from pilotline_simulators.emission import Emission
from pilotline_simulators.packml import Command
from pilotline_simulators.reporting import Reporter

Watched = Callable[[str], bool]
"""Tells whether any client watches a tag."""
MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000


class Program(Protocol):
    """What runs in a simulated machine; it knows no clock and no network.

    Attributes:
        machine: the machine.
        step_ns: simulated time between two steps.
        skips: whether steps that are long overdue may be left out; a recording loses no row.
        reporter: where faults are injected.
    """

    machine: Machine
    step_ns: int
    skips: bool
    reporter: Reporter

    @property
    def state(self) -> PackMLState:
        """PackML state now."""

    @property
    def job(self) -> str:
        """Id of the job in the machine, empty without one."""

    def first(self, time_ns: int) -> Sequence[Emission]:
        """Return the first emission of every tag."""

    def step(self, time_ns: int) -> Sequence[Emission]:
        """Move on by one step and return what is emitted at its end.

        Args:
            time_ns: source time of the emissions, a whole millisecond after the one before.
        """

    def attach(self, watched: Watched) -> None:
        """Tell the program how to learn whether any client watches a tag."""

    def command(self, command: Command) -> None:
        """Obey a PackML command.

        Raises:
            CommandRefusedError: the present state does not accept it.
        """

    def attend(self, *, on_duty: bool) -> None:
        """Let the machine's attendant work, or leave it to whoever sends commands."""

    def deviations(self) -> Mapping[str, bool]:
        """Return the tags whose values leave their way now, and whether severely."""

    def disturb(self, tag_id: str, *, severe: bool, hold_s: float | None) -> bool:
        """Send a tag beyond an alarm limit for a while; return False when it has none."""


def run(program: Program, seconds: float, start_ns: int = 0) -> Iterator[Emission]:
    """Run a program through simulated time, as fast as the computer can, without any server.

    Args:
        program: the program, not yet begun.
        seconds: simulated time to run.
        start_ns: source time of the first emissions.

    Yields:
        Emissions, oldest first.
    """
    yield from program.first(start_ns)
    for number in range(1, int(seconds * SECOND_NS / program.step_ns) + 1):
        yield from program.step(start_ns + number * program.step_ns)

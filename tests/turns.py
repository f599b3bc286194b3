"""Turns: a test that judges time runs while no other process of the suite runs a test."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turns:
    """Lets tests of several processes run side by side, or one alone.

    Characteristics
        fairness: who waits to be alone is next; nobody begins before it
        a process that dies: the system gives back what it held
    """

    def __init__(self, folder: Path) -> None:
        """Take turns with the processes that name the same folder."""
        self._door, self._room = folder / "door.lock", folder / "room.lock"

    @contextmanager
    def turn(self, *, alone: bool) -> Iterator[None]:
        """Wait until a test may run, and keep the turn while the block runs."""
        with self._room.open("w") as room:
            with self._door.open("w") as door:
                fcntl.flock(door, fcntl.LOCK_EX)
                fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield

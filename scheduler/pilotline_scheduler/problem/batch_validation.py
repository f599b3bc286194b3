"""Validation of batches: what may share a machine must be able to start and end together."""

from pilotline_scheduler.problem.findings import Findings
from pilotline_scheduler.problem.resources import Machine
from pilotline_scheduler.problem.runs import Mode, Operation


class BatchValidation:
    """Checks that the operations of a family on a machine are alike.

    Args:
        findings: where mistakes are noted.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._first: dict[tuple[str, str], tuple[str, Mode, str | None]] = {}

    def check(self, pointer: str, operation: Operation, mode: Mode, machine: Machine) -> None:
        """Note every mistake in how a mode takes part in batches."""
        if not 1 <= mode.places <= machine.places:
            self._findings.add(
                f"{pointer}/places",
                mode.places,
                f"must be from 1 to {machine.places}, the places of machine {machine.id!r}",
            )
        if mode.batch is None:
            if mode.places != 1:
                self._findings.add(f"{pointer}/places", mode.places, "needs a batch family")
            return
        if mode.ticks == 0:
            self._findings.add(f"{pointer}/batch", mode.batch, "an operation of no length has none")
        state = None if machine.changeover is None else operation.setup_state
        first = self._first.setdefault((machine.id, mode.batch), (operation.id, mode, state))
        self._compare(pointer, mode, state, first)

    def _compare(
        self, pointer: str, mode: Mode, state: str | None, first: tuple[str, Mode, str | None]
    ) -> None:
        name, like, needed = first
        for key, value, other in (
            ("ticks", mode.ticks, like.ticks),
            ("energy", mode.energy, like.energy),
        ):
            if value != other:
                self._findings.add(
                    f"{pointer}/{key}",
                    value,
                    f"operation {name!r} of the same batch family has {other} here",
                )
        if state != needed:
            self._findings.add(
                f"{pointer}/batch",
                mode.batch,
                f"operation {name!r} of this family needs setup state {needed!r} here, "
                f"this one {state!r}",
            )

"""Tells people what a plan after disruptions means: moves, broken promises, concessions."""

from collections.abc import Sequence

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Run
from pilotline_scheduler.replan.concessions import Concessions
from pilotline_scheduler.replan.disrupted import Disrupted
from pilotline_scheduler.replan.outcome import BrokenPromise, Certainty, Move
from pilotline_scheduler.replan.reasons import Reasons
from pilotline_scheduler.replan.times import Times
from pilotline_scheduler.solver.instance import FOREVER, Instance


class Report:
    """Writes about plans of one disrupted problem.

    Args:
        disrupted: the problem after disruptions.
        instance: the same in whole numbers, decisions and deadlines left out.
        times: how ticks are written.
    """

    def __init__(self, disrupted: Disrupted, instance: Instance, times: Times) -> None:
        self._disrupted = disrupted
        self._instance = instance
        self._times = times
        self._at = {name: index for index, name in enumerate(instance.names)}

    def moves(self, plan: Plan) -> tuple[Move, ...]:
        """Return what moved, in the order of published starts."""
        reasons = Reasons(self._disrupted, plan, self._times)
        found = [
            self._move(before, after, reasons)
            for after in plan.operations
            if (before := self._disrupted.published.get(after.operation)) is not None
            and (before.machine, before.start) != (after.machine, after.start)
        ]
        return tuple(sorted(found, key=lambda move: (move.before.start, move.operation)))

    def _move(self, before: PlannedOperation, after: PlannedOperation, reasons: Reasons) -> Move:
        reason = reasons.of(before.operation)
        then, now = self._times.at(before.start), self._times.at(after.start)
        if before.machine == after.machine:
            way = f"from {then} to {now} on {after.machine}"
        else:
            way = f"from {then} on {before.machine} to {now} on {after.machine}"
        sentence = f"{before.operation} moves {way}: {reason}"
        return Move(before.operation, before, after, reason, sentence)

    def broken(
        self, plan: Plan, moves: Sequence[Move], conceded: Concessions, least_broken: int | None
    ) -> tuple[BrokenPromise, ...]:
        """Return the promises a plan breaks.

        Args:
            plan: the plan.
            moves: what moved in it.
            conceded: what else had to give way.
            least_broken: a proven bound on broken promises, or None.
        """
        planned = {each.operation: each for each in plan.operations}
        late: list[tuple[Run, int, int]] = []
        for run in self._disrupted.problem.runs:
            promised = self._disrupted.promises.get(run.id)
            end = max(planned[operation.id].end for operation in run.operations)
            if promised is not None and end > promised:
                late.append((run, promised, end))
        reasons = {move.operation: move for move in moves}
        proven = least_broken is not None and least_broken >= len(late)
        return tuple(
            self._broken(run, promised, end, run.id in conceded.deadlines, proven, reasons)
            for run, promised, end in late
        )

    def _broken(
        self,
        run: Run,
        promised: int,
        end: int,
        is_deadline: bool,
        proven: bool,
        moves: dict[str, Move],
    ) -> BrokenPromise:
        soonest = self._soonest(run)
        if soonest > promised:
            certainty = Certainty.IMPOSSIBLE
            words = f"even with the line to itself it ends {self._times.at(soonest)} at the soonest"
        elif proven:
            certainty, words = Certainty.PROVEN, "no plan breaks fewer promises"
        else:
            certainty, words = Certainty.NOT_FOUND, "nothing better was found in the time given"
        what = "deadline" if is_deadline else "promise"
        late, cause = self._times.span(end - promised), self._cause(run, moves)
        sentence = (
            f"run {run.id} ends {self._times.at(end)}, {late} after its {what} "
            f"{self._times.at(promised)}: {cause}; {words}"
        )
        return BrokenPromise(run.id, promised, end, is_deadline, certainty, sentence)

    def _soonest(self, run: Run) -> int:
        """Return when a run could end if no other were there."""
        ends: list[int] = []
        for operation in run.operations:
            at = self._at[operation.id]
            spans = (
                mode.starts.first(self._instance.earliest[at]) for mode in self._instance.modes[at]
            )
            found = [start + size for start, size in filter(None, spans)]
            ends.append(min(found, default=FOREVER))
        return max(ends)

    def _cause(self, run: Run, moves: dict[str, Move]) -> str:
        """Return what began the delay of a run."""
        own = [moves[each.id] for each in run.operations if each.id in moves]
        if own:
            first = min(own, key=lambda move: (move.after.start, move.before.start))
            return (
                f"{first.operation} moves, for {first.reason}"
                if _clause(first)
                else (f"{first.operation} {first.reason}")
            )
        if not any(each.id in self._disrupted.published for each in run.operations):
            return "the machines it needs are taken"
        begun = [
            self._disrupted.begun[each.id]
            for each in run.operations
            if each.id in self._disrupted.begun
        ]
        last = max(begun, key=lambda each: each.end)
        return f"{last.operation} runs until {self._times.at(last.end)}"

    def concessions(self, conceded: Concessions, moves: Sequence[Move]) -> tuple[str, ...]:
        """Return a sentence for each decision and wait that had to give way."""
        reasons = {move.operation: move.reason for move in moves}
        found = [
            f"{pin.operation} cannot stay where it was pinned: "
            f"{reasons.get(pin.operation, 'no plan keeps it there')}"
            for pin in conceded.pins
        ]
        found += [
            f"{lag.after} begins {self._times.span(wait)} after {lag.before} ends; "
            f"at most {self._times.span(lag.maximum or 0)} were agreed"
            for lag, wait in conceded.waits
        ]
        return tuple(found)


def _clause(move: Move) -> bool:
    """Return whether a reason is a sentence of its own, not what the operation does."""
    return not move.reason.startswith(("makes", "gives", "leaves", "stays"))

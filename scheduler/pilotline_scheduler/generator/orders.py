"""The trial runs of a generated pilot line."""

from dataclasses import dataclass
from random import Random

from pilotline_scheduler.generator.capabilities import CAPABILITIES, Capability
from pilotline_scheduler.generator.line import DAY
from pilotline_scheduler.problem import Interval, Lag, Machine, Mode, Operation, Run

_STEPS = (3, 4, 5, 5, 6, 7)
_MORE_STEPS = ((20, 1.0), (60, 0.67))
"""Larger lines have longer routes: from so many machines on, so many more steps on average."""
_MOST_MODES = 6
"""Machines qualified for one operation; more are seldom even on a large line."""
_WEIGHTS = (1, 1, 2, 3, 5, 8)
_MOST_WAITING = 0.3
_BACKLOG = 4 * DAY
"""Work that waits at tick 0 already: so much time's, but no more than that share of all."""
_ATTENDED_SHARE = 0.15
_PARALLEL_SHARE = 0.2
_NO_WAIT_SHARE = 0.08
_SOON_SHARE = 0.25
_COOLING_SHARE = 0.2
_VISIT_HOURS = (8 * 60, 16 * 60)
_LONGEST_VISIT = 6 * 60


def usual_steps(machines: int) -> float:
    """Return the mean number of operations of a run on a line of so many machines."""
    more = sum(share for fewest, share in _MORE_STEPS if machines >= fewest)
    return sum(_STEPS) / len(_STEPS) + more


@dataclass(frozen=True, slots=True)
class Orders:
    """Draws trial runs for a line.

    Attributes:
        machines: the machines of the line.
        able: the machines of each capability that the line has.
        clients: number of client companies.
        spread: ticks over which releases are spread.
        random: where choices come from.
    """

    machines: list[Machine]
    able: dict[Capability, list[Machine]]
    clients: int
    spread: int
    random: Random

    def run(self, index: int) -> Run:
        """Return the run of an index, with release, due tick and perhaps attendance."""
        random = self.random
        name = f"run-{index + 1:04d}"
        count = random.choice(_STEPS) + self._more_steps()
        steps = [self._step(f"{name}-{step + 1}") for step in range(count)]
        steps.sort(key=lambda step: CAPABILITIES.index(step[0]))
        waiting = min(_MOST_WAITING, _BACKLOG / self.spread)
        release = 0 if random.random() < waiting else random.randrange(0, self.spread, 30)
        longest = max(mode.ticks for mode in steps[0][1].modes)
        attended = longest <= _LONGEST_VISIT and random.random() < _ATTENDED_SHARE
        operations = [
            Operation(
                id=f"{name}-{position + 1}",
                modes=operation.modes,
                setup_state=operation.setup_state,
                pausable=operation.pausable and not (attended and position == 0),
                attended=attended and position == 0,
            )
            for position, (_, operation) in enumerate(steps)
        ]
        work = sum(min(mode.ticks for mode in operation.modes) for operation in operations)
        return Run(
            id=name,
            client=f"client-{random.randrange(self.clients) + 1}",
            operations=tuple(operations),
            lags=tuple(self._lags(operations)),
            release=release,
            due=release + 2 * work + random.randrange(DAY, 6 * DAY, 60),
            weight=random.choice(_WEIGHTS),
            attendance=tuple(self._visits(release)) if attended else (),
        )

    def _more_steps(self) -> int:
        return sum(
            self.random.random() < share
            for machines, share in _MORE_STEPS
            if len(self.machines) >= machines
        )

    def _step(self, name: str) -> tuple[Capability, Operation]:
        kind = self.random.choice(list(self.able))
        able = self.able[kind]
        minutes = 5 * (self.random.randint(*kind.minutes) // 5)
        chosen = self.random.sample(able, self.random.randint(1, min(_MOST_MODES, len(able))))
        modes = tuple(
            Mode(
                machine.id,
                max(5, 5 * int(minutes * self.random.uniform(0.8, 1.2) / 5)),
                kind.demands,
            )
            for machine in sorted(chosen, key=lambda each: each.id)
        )
        state = self.random.choice(kind.states) if kind.states else None
        if state is not None and self.random.random() < 0.1:
            state = None
        return kind, Operation(name, modes, state, kind.pausable)

    def _lags(self, operations: list[Operation]) -> list[Lag]:
        found: list[Lag] = []
        position = 1
        while position < len(operations):
            before, after = operations[position - 1], operations[position]
            following = operations[position + 1] if position + 1 < len(operations) else None
            if following is not None and self.random.random() < _PARALLEL_SHARE:
                found += [Lag(before.id, after.id), Lag(before.id, following.id)]
                if position + 2 < len(operations):
                    join = operations[position + 2].id
                    found += [Lag(after.id, join), Lag(following.id, join)]
                position += 3
            else:
                found.append(self._lag(before, after))
                position += 1
        return found

    def _lag(self, before: Operation, after: Operation) -> Lag:
        """Return a plain precedence, a wait for cooling, or one that must follow soon or at once.

        Only short operations on different machines are tied, so that both fit into a day and no
        changeover must come between them.
        """
        draw = self.random.random()
        apart = {mode.machine for mode in before.modes}.isdisjoint(
            mode.machine for mode in after.modes
        )
        longest = max(mode.ticks for each in (before, after) for mode in each.modes)
        if apart and longest <= 3 * 60 and not before.attended:
            if draw < _NO_WAIT_SHARE:
                return Lag(before.id, after.id, 0, 0)
            if draw < _NO_WAIT_SHARE + _SOON_SHARE:
                return Lag(before.id, after.id, 0, 30 * self.random.randint(4, 16))
        if draw > 1 - _COOLING_SHARE:
            return Lag(before.id, after.id, 15 * self.random.randint(2, 12))
        return Lag(before.id, after.id)

    def _visits(self, release: int) -> list[Interval]:
        first = release // DAY + 1
        days = [day for day in range(first, first + 30) if day % 7 < 5]
        return [Interval(day * DAY + _VISIT_HOURS[0], day * DAY + _VISIT_HOURS[1]) for day in days]

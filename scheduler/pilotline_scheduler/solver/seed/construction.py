"""Builds a plan unit by unit, in the order a recipe gives."""

from collections.abc import Callable, Container, Mapping, Sequence

from pilotline_scheduler.solver.instance import Instance, Schedule
from pilotline_scheduler.solver.seed.board import Board
from pilotline_scheduler.solver.seed.choosers import Chooser, Chronology, KeyOrder
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.slot import Slot
from pilotline_scheduler.solver.seed.units import Units

_PUSHES_PER_MEMBER = 40
"""How often the members of a unit may be pushed later before the unit is given up."""

_DECIDED_ATTEMPTS = 50
"""Orders in which decided operations are placed before one of them is given up."""


class StuckError(Exception):
    """Some runs fit nowhere any more; another order is needed.

    Args:
        runs: those runs, in the order they got stuck.
    """

    def __init__(self, runs: Sequence[int]) -> None:
        self.runs = runs
        super().__init__(f"runs {runs} fit nowhere")


class StoppedError(Exception):
    """Building was stopped from outside."""


class NoSlotError(Exception):
    """An operation fits nowhere after those placed before it."""


class Construction:
    """Builds plans of one instance; every plan it returns keeps every rule.

    Args:
        instance: what is planned.
        units: its operations, tied together by maximum lags.
        stop: asked now and then; once true, building ends with `StoppedError`.
    """

    def __init__(self, instance: Instance, units: Units, stop: Callable[[], bool]) -> None:
        self._instance = instance
        self._units = units
        self._stop = stop
        self._decided = sorted(
            (operation for operation, start in enumerate(instance.fixed) if start >= 0),
            key=lambda operation: instance.fixed[operation],
        )

    def build(self, recipe: Recipe, urgency: Sequence[int]) -> Schedule:
        """Return the plan that a recipe leads to.

        Args:
            recipe: the prices.
            urgency: per run; runs of higher urgency go before all others.

        Raises:
            StuckError: some runs fit nowhere after what was placed before them.
            StoppedError: it was stopped.
        """
        board = self._with_decided()
        chooser = self._chooser(board, recipe, urgency)
        waits = list(self._units.waits_for)
        for unit, count in enumerate(waits):
            if count == 0:
                chooser.add(unit)
        stuck: list[int] = []
        while (chosen := chooser.next()) is not None:
            if self._stop():
                raise StoppedError
            members = self._units.members[chosen]
            try:
                _place_unit(board, members, recipe)
            except NoSlotError:
                stuck.append(self._instance.run_of[members[0]])
                continue
            for follower in self._units.followers[chosen]:
                waits[follower] -= 1
                if waits[follower] == 0:
                    chooser.add(follower)
        if stuck:
            raise StuckError(stuck)
        return board.schedule()

    def _with_decided(self) -> Board:
        """Return a board with all that is decided.

        Setups of decided operations may be in each other's way; one that finds no room goes first
        in the next attempt, and in all later plans.
        """
        for _ in range(_DECIDED_ATTEMPTS):
            board = Board(self._instance)
            hindered = next((each for each in self._decided if not self._place(board, each)), None)
            if hindered is None:
                return board
            self._decided.remove(hindered)
            self._decided.insert(0, hindered)
        raise StuckError([self._instance.run_of[self._decided[0]]])

    def _place(self, board: Board, operation: int) -> bool:
        """Place a decided operation; return whether there is room for it."""
        start = self._instance.fixed[operation]
        slots = (
            board.find(operation, index, start)
            for index in range(len(self._instance.modes[operation]))
        )
        slot = min((each for each in slots if each and each.start == start), default=None)
        if slot is not None:
            board.place(operation, slot)
        return slot is not None

    def _chooser(self, board: Board, recipe: Recipe, urgency: Sequence[int]) -> Chooser:
        run_of, keys = self._instance.run_of, recipe.keys
        lowest = min(keys, default=0.0)
        step = max(keys, default=0.0) - lowest + 1.0
        rank = [
            min(keys[member] for member in members) - urgency[run_of[members[0]]] * step
            for members in self._units.members
        ]
        if not recipe.chronological:
            return KeyOrder(rank)
        urgent = [urgency[run_of[members[0]]] > 0 for members in self._units.members]
        return Chronology(board, recipe, self._units, rank, urgent)


def _place_unit(board: Board, members: Sequence[int], recipe: Recipe) -> None:
    if len(members) > 1:
        UnitPlacement(board, members, recipe).run()
    elif board.mode[members[0]] < 0:
        operation = members[0]
        slot = _best(board, operation, (board.ready(operation), 0), recipe)
        if slot is None:
            raise NoSlotError
        board.place(operation, slot)


def _best(
    board: Board,
    operation: int,
    floors: tuple[int, int],
    recipe: Recipe,
    barred: Container[tuple[int, int]] = (),
) -> Slot | None:
    """Return the place with the earliest end over all modes allowed, setups weighed in."""
    start_floor, end_floor = floors
    if recipe.floors:
        start_floor = max(start_floor, recipe.floors[operation])
    best: Slot | None = None
    best_price = 0
    given = recipe.modes[operation] if recipe.modes else -1
    choices = range(len(board.instance.modes[operation])) if given < 0 else (given,)
    for index in choices:
        if (operation, index) in barred:
            continue
        slot = board.find(operation, index, start_floor, end_floor)
        if slot is None:
            continue
        price = slot.end + recipe.setup_bias * slot.setup_ticks
        if best is None or (price, slot) < (best_price, best):
            best, best_price = slot, price
    return best


class UnitPlacement:
    """Places operations tied by maximum lags: one that comes too late pushes the others later.

    Floors only rise, so it ends: with all placed, or with one that fits nowhere.

    Args:
        board: the plan under construction.
        members: the operations, each after those it must follow; placed ones are left alone.
        recipe: the prices.
        not_before: earliest start of members that should not start as soon as they can.
    """

    def __init__(
        self,
        board: Board,
        members: Sequence[int],
        recipe: Recipe,
        not_before: Mapping[int, int] | None = None,
    ) -> None:
        self._board = board
        self._members = [member for member in members if board.mode[member] < 0]
        self._recipe = recipe
        self._start_floor = {each: (not_before or {}).get(each, 0) for each in self._members}
        self._end_floor = dict.fromkeys(self._members, 0)
        self._barred: set[tuple[int, int]] = set()
        self._pushes = _PUSHES_PER_MEMBER * len(self._members)

    def run(self) -> None:
        """Place every member.

        Raises:
            NoSlotError: one fits nowhere, or they keep pushing each other; those placed so far
                stay placed.
        """
        board = self._board
        index = 0
        while index < len(self._members):
            operation = self._members[index]
            slot = self._find(operation)
            if slot is None:
                raise NoSlotError
            pushed = self._pushed(operation, slot)
            if pushed < 0:
                board.place(operation, slot)
                index += 1
                continue
            self._pushes -= 1
            if self._pushes < 0 or pushed not in self._start_floor:
                raise NoSlotError
            self._bar_shared_machine(pushed, operation, slot)
            while board.undo() != pushed:
                pass
            index = self._members.index(pushed)

    def _bar_shared_machine(self, pushed: int, operation: int, slot: Slot) -> None:
        """Keep two operations apart that hinder each other on one machine, if another can do it."""
        modes = self._board.instance.modes
        index = self._board.mode[pushed]
        others = sum((pushed, other) not in self._barred for other in range(len(modes[pushed])))
        if modes[pushed][index].machine == modes[operation][slot.mode].machine and others > 1:
            self._barred.add((pushed, index))

    def _find(self, operation: int) -> Slot | None:
        board = self._board
        end_floor = self._end_floor[operation]
        for lag in board.instance.successors[operation]:
            if lag.maximum is not None and board.mode[lag.other] >= 0:
                end_floor = max(end_floor, board.start[lag.other] - lag.maximum)
        start_floor = max(board.ready(operation), self._start_floor[operation])
        return _best(board, operation, (start_floor, end_floor), self._recipe, self._barred)

    def _pushed(self, operation: int, slot: Slot) -> int:
        """Return a placed operation that must move later for a slot to hold, or -1."""
        board = self._board
        for lag in board.instance.predecessors[operation]:
            if lag.maximum is not None and board.mode[lag.other] >= 0:
                floor = slot.start - lag.maximum
                if board.end[lag.other] < floor:
                    self._end_floor[lag.other] = floor
                    return lag.other
        for lag in board.instance.successors[operation]:
            if board.mode[lag.other] >= 0:
                floor = slot.end + lag.minimum
                if board.start[lag.other] < floor:
                    self._start_floor[lag.other] = floor
                    return lag.other
        return -1

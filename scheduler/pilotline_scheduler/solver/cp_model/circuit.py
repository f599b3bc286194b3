"""A circuit through the operations of a machine, so that each knows the state it finds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.draft import Draft, SetupInterval
from pilotline_scheduler.solver.cp_model.lines import Line, Node
from pilotline_scheduler.solver.instance.starts import starts

_UNKNOWN = -1
"""State of a machine whose state nobody told."""
_DEPOT = 0
"""Node of the circuit from which the first operation comes and to which the last one goes."""


@dataclass(slots=True)
class _Circuit:
    """A circuit under construction; node numbers are positions on the line plus one.

    Attributes:
        follows: which node follows which in the base plan.
        finds: state that each node finds in the base plan.
        arcs: ``(from, to, literal)``.
        into: arcs into each node, with the node they come from.
        left: of each node without a state, the literals of the state it passes on.
    """

    follows: dict[int, int]
    finds: dict[int, int]
    arcs: list[tuple[int, int, cp_model.LiteralT]] = field(default_factory=list)
    into: dict[int, list[tuple[int, cp_model.IntVar]]] = field(default_factory=dict)
    left: dict[int, dict[int, cp_model.IntVar]] = field(default_factory=dict)


def add_circuit(draft: Draft, line: Line) -> None:
    """The operations of a machine follow one another, each after the setup its predecessor asks."""
    circuit = _Circuit(*_base_order(draft, line))
    _add_arcs(draft, line, circuit)
    draft.model.add_circuit(circuit.arcs)
    _add_passing_states(draft, line, circuit)
    for number, node in enumerate(line.nodes, 1):
        if node.state >= 0:
            _add_setup(
                draft,
                line,
                node,
                _found(draft, line, circuit, number),
                circuit.finds.get(number),
            )
        _add_times(draft, line, circuit, number)


def _base_order(draft: Draft, line: Line) -> tuple[dict[int, int], dict[int, int]]:
    number = {node.operation: position + 1 for position, node in enumerate(line.nodes)}
    here = [
        number[each]
        for each in draft.base_sequences[line.machine]
        if each in number and draft.base_head.get(each, each) == each
    ]
    if not here:
        return {}, {}
    finds: dict[int, int] = {}
    state = line.state
    for each in here:
        finds[each] = state
        needed = line.nodes[each - 1].state
        state = needed if needed >= 0 else state
    return dict(zip([_DEPOT, *here], [*here, _DEPOT], strict=True)), finds


def _add_arcs(draft: Draft, line: Line, circuit: _Circuit) -> None:
    last_rank = max((node.rank for node in line.nodes), default=-1)
    for number, node in enumerate(line.nodes, 1):
        circuit.into.setdefault(number, [])
        if node.literal is not draft.true:
            circuit.arcs.append((number, number, ~node.literal))
        if node.rank <= 0:
            _add_arc(draft, circuit, _DEPOT, number)
        if node.rank in (-1, last_rank):
            _add_arc(draft, circuit, number, _DEPOT)
        for other, successor in enumerate(line.nodes, 1):
            if other != number and _may_follow(line, node, successor):
                _add_arc(draft, circuit, number, other)
    if all(node.literal is not draft.true for node in line.nodes):
        idle = draft.truth(_DEPOT not in circuit.follows)
        circuit.arcs.append((_DEPOT, _DEPOT, idle))


def _add_arc(draft: Draft, circuit: _Circuit, one: int, other: int) -> None:
    literal = draft.truth(circuit.follows.get(one) == other)
    circuit.arcs.append((one, other, literal))
    circuit.into.setdefault(other, []).append((one, literal))


def _may_follow(line: Line, one: Node, other: Node) -> bool:
    """Return whether an operation may come right after another."""
    if one.rank >= 0 and other.rank >= 0 and other.rank != one.rank + 1:
        return False
    gap = line.changeover.ticks[one.state][other.state] if one.state >= 0 <= other.state else 0
    return one.activity.first_start + one.least + gap <= other.activity.last_start


def _state_after(line: Line, number: int) -> int:
    return line.state if number == _DEPOT else line.nodes[number - 1].state


def _add_passing_states(draft: Draft, line: Line, circuit: _Circuit) -> None:
    """An operation without a setup state passes on the state it finds."""
    for number, node in enumerate(line.nodes, 1):
        if node.state < 0:
            circuit.left[number] = {
                state: draft.truth(circuit.finds.get(number) == state)
                for state in range(_UNKNOWN, len(line.changeover.ticks))
            }
            draft.model.add(sum(circuit.left[number].values()) == node.literal)
    for number, left in circuit.left.items():
        _carry(draft, line, circuit, number, left)


def _carry(
    draft: Draft,
    line: Line,
    circuit: _Circuit,
    number: int,
    states: Mapping[int, cp_model.IntVar],
) -> None:
    """The state before a node is the one that the node before it leaves."""
    for one, arc in circuit.into[number]:
        if one in circuit.left:
            for state, literal in circuit.left[one].items():
                draft.model.add_bool_or(states[state], ~arc, ~literal)
        else:
            draft.model.add_implication(arc, states[_state_after(line, one)])


def _found(draft: Draft, line: Line, circuit: _Circuit, number: int) -> dict[int, cp_model.IntVar]:
    """Return, by state, the literal that the machine is in it when an operation comes to run."""
    finds = circuit.finds.get(number)
    if not any(one in circuit.left for one, _ in circuit.into[number]):
        arcs: dict[int, list[cp_model.IntVar]] = {}
        for one, arc in circuit.into[number]:
            arcs.setdefault(_state_after(line, one), []).append(arc)
        return {state: draft.either(each, finds == state) for state, each in arcs.items()}
    states = range(_UNKNOWN, len(line.changeover.ticks))
    found = {state: draft.truth(finds == state) for state in states}
    draft.model.add(sum(found.values()) == line.nodes[number - 1].literal)
    _carry(draft, line, circuit, number, found)
    return found


def _add_setup(
    draft: Draft,
    line: Line,
    node: Node,
    found: Mapping[int, cp_model.IntVar],
    finds: int | None,
) -> None:
    """A changeover takes the time that the state found asks for, and costs accordingly."""
    by_ticks: dict[int, list[cp_model.IntVar]] = {}
    for state, literal in found.items():
        ticks = 0
        if state >= 0:
            ticks = line.changeover.ticks[state][node.state]
            draft.setup_ticks.append(literal * ticks)
            draft.setup_cost.append(literal * line.changeover.cost[state][node.state])
        by_ticks.setdefault(ticks, []).append(literal)
    if not any(by_ticks):
        return
    if line.explicit or any(each.state < 0 for each in line.nodes):
        base_ticks = finds
        if finds is not None:
            base_ticks = line.changeover.ticks[finds][node.state] if finds >= 0 else 0
        _place_setup(draft, line, node, by_ticks, base_ticks)
        return
    start = node.activity.start
    for floor, conditions in _floors(draft, node):
        for ticks, literals in by_ticks.items():
            for literal in literals if floor and ticks else ():
                draft.model.add(start >= floor + ticks).only_enforce_if(literal, *conditions)


def _floors(draft: Draft, node: Node) -> Iterator[tuple[int, list[cp_model.IntVar]]]:
    """Yield earliest setups of an operation: its own, and those of all that may join it."""
    own = draft.setup_floor(node.operation)
    yield own, []
    for join in draft.joins:
        if join.head == node.operation and draft.instance.setup_floor[join.operation] > own:
            yield draft.instance.setup_floor[join.operation], [join.literal]


def _place_setup(
    draft: Draft,
    line: Line,
    node: Node,
    by_ticks: Mapping[int, Sequence[cp_model.IntVar]],
    base_ticks: int | None,
) -> None:
    """A changeover lies before its operation, within open hours, and draws on its pool."""
    model, changeover, start = draft.model, line.changeover, node.activity.start
    setup_start = draft.number(
        cp_model.Domain(0, node.activity.last_start),
        None if draft.base is None else draft.base.setup_start[node.operation],
    )
    draft.setup_starts[node.operation, line.machine] = setup_start
    for ticks, literals in by_ticks.items():
        literal = draft.either(literals, base_ticks == ticks)
        if ticks == 0:
            model.add(setup_start == start).only_enforce_if(literal)
            continue
        model.add(setup_start >= draft.scope.begin).only_enforce_if(literal)
        for floor, conditions in _floors(draft, node):
            model.add(setup_start >= floor).only_enforce_if(literal, *conditions)
        model.add(start >= setup_start + ticks).only_enforce_if(literal)
        if changeover.windows is not None:
            allowed = starts(changeover.windows, ticks, pausable=False)
            domain = cp_model.Domain.from_intervals(
                [[low, high] for low, high, _ in allowed.pieces()]
            )
            model.add_linear_expression_in_domain(setup_start, domain).only_enforce_if(literal)
        if changeover.pool >= 0:
            interval = model.new_optional_fixed_size_interval_var(setup_start, ticks, literal, "")
            draft.setup_intervals.append(SetupInterval(changeover.pool, changeover.units, interval))


def _add_times(draft: Draft, line: Line, circuit: _Circuit, number: int) -> None:
    """An operation starts, and is set up, after the one before it ends."""
    node = line.nodes[number - 1]
    setup_start = draft.setup_starts.get((node.operation, line.machine))
    for one, arc in circuit.into[number]:
        end = line.ready if one == _DEPOT else line.nodes[one - 1].activity.end
        state = _state_after(line, one)
        gap = line.changeover.ticks[state][node.state] if state >= 0 <= node.state else 0
        draft.model.add(node.activity.start >= end + gap).only_enforce_if(arc)
        if setup_start is not None:
            draft.model.add(setup_start >= end).only_enforce_if(arc)

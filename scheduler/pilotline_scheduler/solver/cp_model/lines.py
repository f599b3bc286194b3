"""What a machine with changeovers looks like to the model: who may run on it, and after whom."""

from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from pilotline_scheduler.solver.cp_model.draft import Activity, Draft, Span
from pilotline_scheduler.solver.instance import ChangeoverData


@dataclass(frozen=True, slots=True)
class Node:
    """An operation that may run on the machine.

    Attributes:
        operation: the operation.
        activity: its times.
        literal: true when it runs here.
        state: setup state it needs, or -1.
        spans: durations it can have here.
        least: least time it takes here.
        rank: place among the operations that keep their order here, or -1.
    """

    operation: int
    activity: Activity
    literal: cp_model.IntVar
    state: int
    spans: tuple[Span, ...]
    least: int
    rank: int


@dataclass(frozen=True, slots=True)
class Line:
    """A machine with a changeover, as far as the model decides about it.

    Attributes:
        machine: the machine.
        changeover: its changeover.
        nodes: operations that may run on it, and the first later one whose setup may change.
        state: state it is in before all of them, or -1.
        ready: tick at which it is free for them.
    """

    machine: int
    changeover: ChangeoverData
    nodes: tuple[Node, ...]
    state: int
    ready: int

    @property
    def explicit(self) -> bool:
        """Whether the time of a setup matters beyond its length."""
        return self.changeover.pool >= 0 or self.changeover.windows is not None


def lines(draft: Draft) -> list[Line]:
    """Return the machines with changeovers on which anything is open."""
    found: list[Line] = []
    moving: list[list[Node]] = [[] for _ in draft.instance.machines]
    for operation in draft.movers:
        activity = draft.activity(operation)
        for option in activity.options:
            mode = draft.instance.modes[operation][option.mode]
            head = draft.head(operation, option)
            if head is not None:
                least = min(span.size for span in head.spans)
                node = Node(operation, activity, head.literal, mode.state, head.spans, least, -1)
                moving[mode.machine].append(node)
    for machine, nodes in enumerate(moving):
        changeover = draft.instance.machines[machine].changeover
        if changeover is not None and nodes:
            found.append(_line(draft, machine, changeover, nodes))
    return found


def _line(draft: Draft, machine: int, changeover: ChangeoverData, moving: list[Node]) -> Line:
    """Return a machine with the kept operations that bound what moves on it."""
    state, ready = draft.instance.machines[machine].initial, 0
    nodes: list[Node] = []
    open_here = {node.operation: node for node in moving}
    for operation in draft.base_sequences[machine]:
        if operation in draft.scope.free or draft.base_head.get(operation, operation) != operation:
            continue
        if operation in open_here:
            nodes.append(replace(open_here.pop(operation), rank=len(nodes)))
            continue
        kept = _kept_node(draft, operation, len(nodes))
        if not nodes and _comes_before(draft, operation):
            state = kept.state if kept.state >= 0 else state
            ready = kept.activity.last_end
            continue
        nodes.append(kept)
        if kept.activity.first_start >= draft.scope.end and kept.state >= 0:
            break
    nodes.extend(open_here.values())
    draft.setups_open.update(node.operation for node in nodes)
    return Line(machine, changeover, tuple(nodes), state, ready)


def _kept_node(draft: Draft, operation: int, rank: int) -> Node:
    activity = draft.activity(operation)
    mode = draft.instance.modes[operation][activity.options[0].mode]
    spans = activity.options[0].spans
    return Node(operation, activity, draft.true, mode.state, spans, spans[0].size, rank)


def _comes_before(draft: Draft, operation: int) -> bool:
    return draft.base is not None and draft.base.setup_start[operation] < draft.scope.begin

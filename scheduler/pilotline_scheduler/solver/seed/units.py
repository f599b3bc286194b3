"""Operations that must be placed together because maximum lags tie them both ways."""

from dataclasses import dataclass

from pilotline_scheduler.solver.instance import Instance


@dataclass(frozen=True, slots=True)
class Units:
    """A partition of the operations: strongly connected by lags, so mostly single operations.

    Attributes:
        members: operations of each unit, each after those it must follow.
        of: unit of each operation.
        followers: units that may only be placed after a unit.
        waits_for: number of units each one follows.
    """

    members: tuple[tuple[int, ...], ...]
    of: tuple[int, ...]
    followers: tuple[tuple[int, ...], ...]
    waits_for: tuple[int, ...]


def units(instance: Instance) -> Units:
    """Return the units of an instance.

    A lag leads from the earlier to the later operation; a maximum lag, or a minimum below zero,
    leads back as well, for either operation can then push the other.
    """
    arcs: list[list[int]] = [[] for _ in instance.names]
    for operation, lags in enumerate(instance.successors):
        for lag in lags:
            arcs[operation].append(lag.other)
            if lag.maximum is not None or lag.minimum < 0:
                arcs[lag.other].append(operation)
    components = _components(arcs)
    of = [0] * len(arcs)
    for index, component in enumerate(components):
        for operation in component:
            of[operation] = index
    followers = [
        tuple(sorted({of[other] for operation in component for other in arcs[operation]} - {index}))
        for index, component in enumerate(components)
    ]
    waits_for = [0] * len(components)
    for unit in followers:
        for follower in unit:
            waits_for[follower] += 1
    rank = _ranks(instance)
    return Units(
        members=tuple(
            tuple(sorted(component, key=lambda operation: (rank[operation], operation)))
            for component in components
        ),
        of=tuple(of),
        followers=tuple(followers),
        waits_for=tuple(waits_for),
    )


def _ranks(instance: Instance) -> list[int]:
    """Return each operation's depth in the DAG of lags that are precedences."""
    waiting = [0] * len(instance.names)
    for lags in instance.successors:
        for lag in lags:
            waiting[lag.other] += lag.minimum >= 0
    ready = [operation for operation, count in enumerate(waiting) if count == 0]
    rank = [0] * len(waiting)
    for operation in ready:
        for lag in instance.successors[operation]:
            if lag.minimum >= 0:
                rank[lag.other] = max(rank[lag.other], rank[operation] + 1)
                waiting[lag.other] -= 1
                if waiting[lag.other] == 0:
                    ready.append(lag.other)
    return rank


def _components(arcs: list[list[int]]) -> list[list[int]]:
    """Return the strongly connected components (Tarjan 1972, without recursion)."""
    index_of = [-1] * len(arcs)
    low = [0] * len(arcs)
    on_stack = [False] * len(arcs)
    stack: list[int] = []
    found: list[list[int]] = []
    counter = 0
    for root in range(len(arcs)):
        if index_of[root] >= 0:
            continue
        path = [(root, 0)]
        while path:
            node, position = path.pop()
            if position == 0:
                index_of[node] = low[node] = counter
                counter += 1
                stack.append(node)
                on_stack[node] = True
            elif on_stack[child := arcs[node][position - 1]]:
                low[node] = min(low[node], low[child])
            if position < len(arcs[node]):
                path.append((node, position + 1))
                if index_of[arcs[node][position]] < 0:
                    path.append((arcs[node][position], 0))
            elif low[node] == index_of[node]:
                component = stack[stack.index(node) :]
                del stack[-len(component) :]
                for member in component:
                    on_stack[member] = False
                found.append(component)
    return found

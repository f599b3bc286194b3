"""What a move along a critical path would be worth, estimated from heads and tails.

The longest path through the operations that change places is computed with the heads of what lies
before them and the tails of what lies behind as they are now (Taillard 1994; Balas & Vazacopoulos
1998). For neighbours that is a lower bound of the new makespan; for others it may be off where a
path leads out of the part that changes and back into it.
"""

from pilotline_scheduler.solver.kernel import bare_kernel
from pilotline_scheduler.solver.shop.sequence.graph import Ints
from pilotline_scheduler.solver.shop.sequence.node import (
    AFTER,
    BEFORE,
    HEAD,
    LEFT,
    RIGHT,
    TAIL,
    TICKS,
    WAIT,
)


@bare_kernel
def chain_head(node: Ints, operation: int) -> int:
    """Return when the operation before in the chain lets this one start."""
    before = node[operation, BEFORE]
    return int(node[before, HEAD] + node[before, TICKS] + node[before, WAIT])


@bare_kernel
def chain_tail(node: Ints, operation: int) -> int:
    """Return the least time from the end of an operation to the end of its chain's work."""
    after = node[operation, AFTER]
    return int(node[operation, WAIT] + node[after, TICKS] + node[after, TAIL])


@bare_kernel
def may_follow(node: Ints, moved: int, target: int) -> bool:
    """Return whether it is certain that an operation can go right behind a later one."""
    after = node[moved, AFTER]
    if after == target:
        return False
    return bool(
        node[after, HEAD] + node[after, TICKS] > node[target, HEAD]
        or node[after, TAIL] < node[target, TICKS] + node[target, TAIL]
    )


@bare_kernel
def may_precede(node: Ints, moved: int, target: int) -> bool:
    """Return whether it is certain that an operation can go right before an earlier one."""
    before = node[moved, BEFORE]
    if before == target:
        return False
    return bool(
        node[before, TAIL] + node[before, TICKS] > node[target, TAIL]
        or node[before, HEAD] < node[target, HEAD] + node[target, TICKS]
    )


@bare_kernel
def estimate_right(node: Ints, moved: int, target: int, heads: Ints) -> int:
    """Return the longest path through the changed part if `moved` goes right behind `target`.

    Args:
        node: the table.
        moved: an operation.
        target: a later one of its machine.
        heads: scratch.
    """
    left = node[moved, LEFT]
    free = node[left, HEAD] + node[left, TICKS]
    operation, count = moved, 0
    while operation != target:
        operation = node[operation, RIGHT]
        heads[count] = max(chain_head(node, operation), free)
        free = heads[count] + node[operation, TICKS]
        count += 1
    head = max(chain_head(node, moved), free)
    right = node[target, RIGHT]
    tail = max(chain_tail(node, moved), node[right, TICKS] + node[right, TAIL])
    tail += node[moved, TICKS]
    longest: int = head + tail
    while operation != moved:
        count -= 1
        tail = max(chain_tail(node, operation), tail) + node[operation, TICKS]
        longest = max(longest, heads[count] + tail)
        operation = node[operation, LEFT]
    return longest


@bare_kernel
def estimate_left(node: Ints, moved: int, target: int, tails: Ints) -> int:
    """Return the longest path through the changed part if `moved` goes right before `target`."""
    right = node[moved, RIGHT]
    free = node[right, TICKS] + node[right, TAIL]
    operation, count = moved, 0
    while operation != target:
        operation = node[operation, LEFT]
        tails[count] = max(chain_tail(node, operation), free)
        free = tails[count] + node[operation, TICKS]
        count += 1
    tail = max(chain_tail(node, moved), free)
    left = node[target, LEFT]
    head = max(chain_head(node, moved), node[left, HEAD] + node[left, TICKS])
    head += node[moved, TICKS]
    longest: int = head + tail
    while operation != moved:
        count -= 1
        head = max(chain_head(node, operation), head) + node[operation, TICKS]
        longest = max(longest, tails[count] + head)
        operation = node[operation, RIGHT]
    return longest

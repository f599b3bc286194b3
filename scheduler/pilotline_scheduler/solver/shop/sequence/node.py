"""Columns of the table that all kernels of a job shop read: one row, one cache line, per operation.

Row ``n`` of a shop of ``n`` operations stands for "none": all its numbers are 0, so that a missing
neighbour needs no test. A chain that is released late follows a row of its own after that, which
starts at the release and takes no time.
"""

HEAD = 0
"""Earliest start in the present order."""
TAIL = 1
"""Least time from the end of the operation to the end of all work in the present order."""
TICKS = 2
WAIT = 3
"""Least time from the end of the operation to the start of the next one of its chain."""
BEFORE = 4
"""Operation before it in its chain."""
AFTER = 5
"""Operation after it in its chain."""
LEFT = 6
"""Operation before it on its machine."""
RIGHT = 7
"""Operation after it on its machine."""
COLUMNS = 8

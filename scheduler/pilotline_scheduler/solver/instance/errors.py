"""What compiling can find out.

::

    NoPlanError    the problem has no plan, whatever is tried
"""


class NoPlanError(Exception):
    """The problem has no plan, found while compiling; the message says why."""

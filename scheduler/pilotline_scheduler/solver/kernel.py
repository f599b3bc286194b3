"""Compiles hot loops to machine code, with types that checkers keep."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from numba import njit

_UNCOUNTED: dict[str, Any] = {"_nrt": False}

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Return a function compiled by numba at its first call; later processes find it on disk.

    It runs without Python's lock, so threads of kernels use several cores. Arguments are numbers
    and arrays. Indices are not checked.
    """
    compiled = njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("Callable[_Arguments, _Result]", compiled)


def bare_kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Return a kernel that counts no references to its arrays and so cannot make or copy any.

    Counting costs more than the work itself where small functions pass arrays on, such as in
    named tuples: a tabu step of a job shop takes a fifth of the time without it.
    """
    compiled = njit(cache=True, nogil=True, error_model="numpy", **_UNCOUNTED)(function)
    return cast("Callable[_Arguments, _Result]", compiled)


def kernel_of(
    signature: str,
) -> Callable[[Callable[_Arguments, _Result]], Callable[_Arguments, _Result]]:
    """Return a decorator like `kernel` for a small function that many kernels call.

    It is compiled at once, for one signature, and not again for every constant it is called with.
    """

    def compiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
        decorate = njit(signature, cache=True, nogil=True, error_model="numpy", **_UNCOUNTED)
        return cast("Callable[_Arguments, _Result]", decorate(function))

    return compiled

"""Compiles hot loops to machine code, with types that checkers keep."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Return a function compiled by numba at its first call; later processes find it on disk.

    It runs without Python's lock, so threads of kernels use several cores. Arguments are numbers
    and arrays. Indices are not checked.
    """
    compiled = njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("Callable[_Arguments, _Result]", compiled)

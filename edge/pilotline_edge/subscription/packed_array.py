"""Packed array: an array of numbers as its bytes, of which elements are read when asked for."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, overload


class PackedArray(Sequence[Any]):
    """The elements of an array that a message held.

    Characteristics
        memory: what it took in the message; a list of its numbers takes up to thirty times that

    Args:
        content: the bytes of the elements, little-endian.
        layout: one element as `struct` writes it, such as ``d``.
    """

    __slots__ = ("_content", "_layout")

    def __init__(self, content: bytes, layout: str) -> None:
        self._content = content
        self._layout = struct.Struct(f"<{layout}")

    def __len__(self) -> int:
        return len(self._content) // self._layout.size

    def __iter__(self) -> Iterator[Any]:
        return (element for (element,) in self._layout.iter_unpack(self._content))

    @overload
    def __getitem__(self, place: int) -> Any: ...  # noqa: ANN401 - a number of any type

    @overload
    def __getitem__(self, place: slice) -> Sequence[Any]: ...

    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return tuple(self)[place]
        at = range(len(self))[place]
        return self._layout.unpack_from(self._content, at * self._layout.size)[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

"""Guards: what asyncua's decoder must not do with a hostile message, wherever it decodes one.

An array of nulls takes no byte for an element, so a message of sixty bytes that announces two
thousand million of them makes asyncua fill seventeen gigabytes. Dimensions may announce a million
elements of which none is there, and it makes them up; or they are half a million numbers whose
product takes a minute to compute. asyncua offers no setting against any of it, so its own steps
are wrapped where it looks them up.

Importing this module is enough; whoever has asyncua decode what a server sent imports it.
"""

import math
from typing import Any, Final

from asyncua import ua
from asyncua.ua import ua_binary, uaerrors
from asyncua.ua.ua_binary import Primitives

MOST_DIMENSIONS: Final = 32
"""Most dimensions of an array that is looked at."""

_unpack_array = ua_binary.unpack_uatype_array
_reshape = ua_binary._reshape  # noqa: SLF001 - asyncua offers no setting


def unpack_array(kind: ua.VariantType, data: Any) -> list[Any] | None:  # noqa: ANN401 - asyncua's buffers
    """Unpack an array that has no more elements than bytes are left.

    Raises:
        BadDecodingError: it announces more.
    """
    if Primitives.Int32.unpack(data.copy()) > len(data):
        raise uaerrors.BadDecodingError
    return _unpack_array(kind, data)


def _reshaped(flat: list[Any], dimensions: list[int]) -> list[Any]:
    """Nest elements by dimensions that are theirs.

    Raises:
        BadDecodingError: there are more or fewer elements.
    """
    if len(dimensions) > MOST_DIMENSIONS or math.prod(dimensions) != len(flat):
        raise uaerrors.BadDecodingError
    return _reshape(flat, dimensions)


ua_binary.unpack_uatype_array = unpack_array  # type: ignore[assignment]
ua_binary._reshape = _reshaped  # type: ignore[assignment]  # noqa: SLF001 - asyncua offers no setting

"""Browse path: the names from the Objects folder down to a variable."""

import re
from dataclasses import dataclass

_STEP = re.compile(r"(?:nsu=(?P<uri>[^;\s]+);|(?P<index>[0-9]{1,5}):)?(?P<name>[^/:]+)(?:/|$)")


@dataclass(frozen=True, slots=True)
class BrowseStep:
    """One browse name.

    Attributes:
        namespace: index of its namespace, or the namespace's URI, which outlives restarts.
        name: the name within it.
    """

    namespace: int | str
    name: str


def browse_steps(path: str) -> tuple[BrowseStep, ...]:
    """Return the steps of ``2:Mill/2:Speed`` or ``nsu=urn:maker;Mill/nsu=urn:maker;Speed``.

    Raises:
        ValueError: the text is no such path.
    """
    steps: list[BrowseStep] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise ValueError(f"{path[at:]!r} is no browse name")
        steps.append(BrowseStep(match["uri"] or int(match["index"] or 0), match["name"]))
        at = match.end()
    if not steps or path.endswith("/"):
        raise ValueError(f"{path!r} is no browse path")
    return tuple(steps)

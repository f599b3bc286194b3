"""Field path: from a structured value down to the field that a tag has."""

import re

LAST_INDEX = 0xFFFF_FFFE
"""Highest index of an element that an array can have (OPC 10000-6, 5.2.5)."""

_LONGEST = 512
_STEP = re.compile(
    r"(?P<name>(?:[^\\.\[\]\x00-\x1f\x7f]|\\[\\.\[\]])+)"
    r"|\[(?P<index>[0-9]{1,10}(?:, ?[0-9]{1,10})*)\]"
)
_ESCAPED = re.compile(r"\\(.)")
_SPECIAL = re.compile(r"([\\.\[\]])")

FieldStep = str | tuple[int, ...]
"""A field's name, or the index of an array's element: one number for each dimension."""


def field_steps(path: str) -> tuple[FieldStep, ...]:
    r"""Return the steps of ``Position.X``, ``Axes[2].Load`` or ``Grid[1,0]``.

    In a name ``.``, ``[``, ``]`` and ``\`` are written after a ``\``.

    Raises:
        ValueError: the text is no such path.
    """
    steps: list[FieldStep] = []
    at = 0
    while at < len(path) and len(path) <= _LONGEST:
        begins = not steps or path[at] == "."
        match = _STEP.match(path, at + (begins and bool(steps)))
        if match is None or (match["name"] is None) == begins:
            raise ValueError(f"{path[at:]!r} is neither a field nor the index of an element")
        if begins:
            steps.append(_ESCAPED.sub(r"\1", match["name"]))
        else:
            steps.append(_index(match["index"]))
        at = match.end()
    if not steps:
        raise ValueError(f"a path of {len(path)} characters; it has from 1 to {_LONGEST}")
    return tuple(steps)


def written_field(steps: tuple[FieldStep, ...]) -> str:
    """Return the path that `field_steps` reads as these steps."""
    text = "".join(
        f"[{','.join(map(str, step))}]"
        if isinstance(step, tuple)
        else "." + _SPECIAL.sub(r"\\\1", step)
        for step in steps
    )
    return text.removeprefix(".")


def _index(text: str) -> tuple[int, ...]:
    index = tuple(int(number) for number in text.split(","))
    if max(index) > LAST_INDEX:
        raise ValueError(f"[{text}] is beyond every array")
    return index

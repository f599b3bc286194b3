"""Steps: from a variable's value to what a tag has of it."""

from pilotline_plant.field_path import FieldStep, field_steps


def steps_of(index: tuple[int, ...] | None, field: str | None) -> tuple[FieldStep, ...]:
    """Return the way for a tag's ``index`` and ``field``; empty for the whole value."""
    element: tuple[FieldStep, ...] = () if index is None else (index,)
    return element + (() if field is None else field_steps(field))

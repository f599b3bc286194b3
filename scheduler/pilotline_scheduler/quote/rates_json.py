"""Reads rates from JSON: prices of machine hours, a tariff and an intensity as steps."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pilotline_scheduler.errors import FormatError
from pilotline_scheduler.quote.rates import Rates, Series

Steps = list[tuple[int, float]]
_RATES = TypeAdapter(dict[str, dict[str, float] | Steps | float])


def read_rates(path: Path) -> Rates:
    """Return the rates in a file.

    ``{"machine_hours": {"mill-1": 80}, "tariff": [[0, 0.9], [420, 2.1]], "intensity": [[0, 40]],
    "changeover": 1}``; every key may be missing.

    Raises:
        FormatError: it is not of that form.
        OSError: the file cannot be read.
    """
    try:
        found = _RATES.validate_json(path.read_bytes())
    except ValidationError as error:
        message = f"{path}: {error.errors(include_url=False)[0]['msg']}; see the how-to on quotes"
        raise FormatError(message) from error
    unknown = found.keys() - {"machine_hours", "tariff", "intensity", "changeover"}
    if unknown:
        message = f"{path}: unknown key {min(unknown)!r}"
        raise FormatError(message)
    hours, worth = found.get("machine_hours", {}), found.get("changeover", 1.0)
    if not isinstance(hours, dict) or not isinstance(worth, float):
        message = f"{path}: machine_hours must be prices by machine, and changeover a number"
        raise FormatError(message)
    return Rates(
        hours,
        _series(path, "tariff", found.get("tariff")),
        _series(path, "intensity", found.get("intensity")),
        worth,
    )


def _series(path: Path, name: str, steps: object) -> Series | None:
    if steps is None:
        return None
    ticks = [step[0] for step in steps] if isinstance(steps, list) else []
    if not ticks or ticks != sorted(set(ticks)) or not isinstance(steps, list):
        message = f"{path}: {name} must be pairs of tick and value, ticks rising"
        raise FormatError(message)
    return Series(tuple(steps))

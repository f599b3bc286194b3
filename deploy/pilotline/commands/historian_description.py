"""What a file of samples is about: units, types and names of its tags, beside it as JSON."""

import json
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pilotline.commands.historian_access import fail

if TYPE_CHECKING:
    from pilotline_historian import Series
    from pilotline_plant import Plant, Tag

_Key = TypeVar("_Key", bound=Hashable)
_Row = TypeVar("_Row")


def describe(out: Path, about: Mapping[str, Any]) -> Path:
    """Write what a file of samples is about beside it, and return where."""
    file = out.with_name(out.name + ".json")
    try:
        file.write_text(json.dumps(about, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror or error}")
    return file


def tag_record(tag: "Tag", samples: int) -> dict[str, Any]:
    """Return what a plant file says of a tag, and how many samples of it were copied."""
    return {
        "tag": tag.id,
        "name": tag.name,
        "unit": tag.unit.ucum,
        "unit_symbol": tag.unit.symbol,
        "data_type": tag.data_type.value,
        "samples": samples,
    }


def series_record(plant: "Plant", series: "Series", samples: int) -> dict[str, Any]:
    """Return what a plant file says of a series; one that it does not have has no unit."""
    machine = plant.machine_by_id.get(series.machine)
    tags = machine.tags if machine is not None and machine.site == series.site else ()
    known = next((tag for tag in tags if tag.id == series.tag), None)
    told = {} if known is None else tag_record(known, samples)
    return {**series._asdict(), "samples": samples, **told}


def counted(rows: Iterator[_Row], key: _Key, counts: Counter[_Key]) -> Iterator[_Row]:
    """Yield rows and count them under a key."""
    for row in rows:
        counts[key] += 1
        yield row


def plant_of(file: Path) -> "Plant":
    """Read a plant file; its mistakes end the command."""
    from pilotline_plant import PlantError
    from pilotline_plant.reading import read_plant

    try:
        return read_plant(file)
    except (PlantError, OSError) as error:
        fail(str(error))

"""Finds the example plants that come with the simulators, in a wheel or in a checkout."""

from importlib.util import find_spec
from pathlib import Path

from pilotline_plant.errors import PlantError

_PACKAGE = "pilotline_simulators"


def example_plants() -> tuple[str, ...]:
    """Return the names of the example plants, sorted.

    Raises:
        PlantError: the simulators are not installed.
    """
    return tuple(sorted(file.stem for file in _folder().glob("*.toml")))


def example_plant(name: str) -> Path:
    """Return the plant file of an example plant, such as ``bench``.

    Raises:
        PlantError: there is no such example, or the simulators are not installed.
    """
    names = example_plants()
    if name not in names:
        raise PlantError(f"there is no example plant {name!r}; there are {', '.join(names)}")
    return _folder() / f"{name}.toml"


def _folder() -> Path:
    # The package is looked up, not imported: this room lies below the simulators.
    spec = find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        package = Path(location)
        for folder in (package / "plants", package.parent / "plants"):
            if folder.is_dir():
                return folder
    raise PlantError("the example plants come with the simulators, which are not installed")

"""Difference: what another plant file means for the machines that are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pilotline_plant import Machine, Unit

_NO_UNIT = Unit("1", "")


@dataclass(frozen=True, slots=True)
class Difference:
    """How one set of machines becomes another.

    Attributes:
        added: machines to read from now on.
        removed: ids of machines to read no more.
        changed: machines whose site, endpoint, tags or events are others; read anew.
        kept: machines that go on as they are; their names may be others.
        order: ids of all machines afterwards.
    """

    added: tuple[Machine, ...]
    removed: tuple[str, ...]
    changed: tuple[Machine, ...]
    kept: tuple[Machine, ...]
    order: tuple[str, ...]


def difference(former: Mapping[str, Machine], machines: Iterable[Machine]) -> Difference:
    """Return what to do so that `machines` are read instead of `former`."""
    machines = tuple(machines)
    ids = tuple(machine.id for machine in machines)
    known = [machine for machine in machines if machine.id in former]
    kept = tuple(each for each in known if _read_alike(former[each.id], each))
    same = {machine.id for machine in kept}
    return Difference(
        added=tuple(machine for machine in machines if machine.id not in former),
        removed=tuple(machine for machine in former if machine not in ids),
        changed=tuple(machine for machine in known if machine.id not in same),
        kept=kept,
        order=ids,
    )


def _read_alike(one: Machine, other: Machine) -> bool:
    return as_read(one) == as_read(other)


def as_read(machine: Machine) -> tuple[object, ...]:
    """Return what decides how a machine is read; names, units and limits do not."""
    tags = tuple(
        replace(tag, name="", unit=_NO_UNIT, limits=None, key=False, role="value")
        for tag in machine.tags
    )
    return machine.site, machine.endpoint, tags, machine.events

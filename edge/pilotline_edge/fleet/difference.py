"""Difference: what another plant file means for the machines that are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pilotline_plant import Machine, Tag, Unit

_NO_UNIT = Unit("1", "")


@dataclass(frozen=True, slots=True)
class Difference:
    """How one set of machines becomes another.

    Attributes:
        added: machines to read from now on.
        removed: ids of machines to read no more.
        changed: machines whose site, endpoint, tags or events are others; read anew, or adapted
            where only tags come or go.
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
    tags = tuple(tag_as_read(tag) for tag in machine.tags)
    return machine.site, machine.endpoint, tags, machine.events


def tag_as_read(tag: Tag) -> Tag:
    """Return a tag with only what decides how it is read."""
    return replace(tag, name="", unit=_NO_UNIT, limits=None, key=False, role="value")


def tags_come_or_go(former: Machine, machine: Machine) -> bool:
    """Return whether tags were added or removed and nothing else decides how it is read anew.

    Publishing intervals must stay too, each of which is a subscription, and no new sampling
    interval may come. Polled tags are not asked for at the server, so there is nothing to keep.
    """
    if as_read(former)[:2] != as_read(machine)[:2] or former.events != machine.events:
        return False
    before = {tag.id: tag_as_read(tag) for tag in former.tags}
    after = {tag.id: tag_as_read(tag) for tag in machine.tags}
    stay = before.keys() & after.keys()
    return (
        bool(stay)
        and all(before[tag] == after[tag] for tag in stay)
        and _publishing(former) == _publishing(machine)
        and {tag.sampling_ms for tag in machine.tags} <= {tag.sampling_ms for tag in former.tags}
        and not any(tag.reading == "poll" for tag in (*former.tags, *machine.tags))
    )


def _publishing(machine: Machine) -> set[int]:
    return {tag.publishing_ms for tag in machine.tags}

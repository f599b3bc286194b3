"""Series: what is written of a machine, and which of its tags are read together."""

from pilotline_edge.link.known import POLLED
from pilotline_historian import COVERED, Series
from pilotline_plant import Machine


def series_of(machine: Machine) -> list[Series]:
    """Return the series that are written of a machine: its tags, and how far it is vouched for."""
    tags = (*(tag.id for tag in machine.tags), COVERED)
    return [Series(machine.site, machine.id, tag) for tag in tags]


def groups_of(machine: Machine) -> tuple[dict[str, int], dict[int, int]]:
    """Return each tag's group, and the slowest sampling of each publishing interval; in ms."""
    sampling: dict[int, int] = {}
    for tag in machine.tags:
        slowest = max(sampling.get(tag.publishing_ms, 0), tag.sampling_ms)
        sampling[tag.publishing_ms] = slowest
    groups = {
        tag.id: POLLED if tag.reading == "poll" else tag.publishing_ms for tag in machine.tags
    }
    return groups, sampling

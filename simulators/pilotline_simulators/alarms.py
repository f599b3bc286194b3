"""Alarms that a machine's own controller raises: sensors that fail, values that leave their way.

Pilotline judges the limits of the plant file itself; these alarms tell what only the machine knows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from pilotline_plant import Machine, Tag
from pilotline_simulators.emission import Emission, is_bad


class AlarmKind(Enum):
    """What sort of alarm it is; the value is the condition's name."""

    DEVIATION = "Deviation"
    """A value is far from where the controller wants it."""

    SENSOR = "SensorFailure"
    """A sensor does not answer, or not sensibly."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that came or went.

    Attributes:
        tag: the tag it is about.
        kind: what sort of alarm it is.
        active: whether it holds now.
        severity: 1 to 1,000 (OPC 10000-5, 6.4.2).
        message: what a person reads.
    """

    tag: Tag
    kind: AlarmKind
    active: bool
    severity: int
    message: str


_MILD, _SEVERE, _SENSOR = 400, 800, 500


class ControllerAlarms:
    """Notices which alarms of one machine come and go.

    Characteristics:
        bounded: two alarms a tag

    Args:
        machine: the machine.
    """

    def __init__(self, machine: Machine) -> None:
        self._tags = {tag.id: tag for tag in machine.tags}
        self._active: dict[tuple[str, AlarmKind], int] = {}

    def step(
        self, deviations: Mapping[str, bool], emissions: Iterable[Emission]
    ) -> Sequence[Alarm]:
        """Return what changed.

        Args:
            deviations: tags whose values leave their way now, and whether by far.
            emissions: what the machine emitted since the last step.
        """
        changed = []
        for tag, severe in deviations.items():
            changed += self._set(tag, AlarmKind.DEVIATION, _SEVERE if severe else _MILD)
        for tag, kind in list(self._active):
            if kind is AlarmKind.DEVIATION and tag not in deviations:
                changed += self._set(tag, kind, None)
        for emission in emissions:
            severity = _SENSOR if is_bad(emission.status) else None
            changed += self._set(emission.tag, AlarmKind.SENSOR, severity)
        return changed

    def _set(self, tag_id: str, kind: AlarmKind, severity: int | None) -> list[Alarm]:
        """Note that an alarm holds with a severity, or not; return it where that is news."""
        before = self._active.get((tag_id, kind))
        if severity == before or (severity is None and before is None):
            return []
        if severity is None:
            del self._active[tag_id, kind]
        else:
            self._active[tag_id, kind] = severity
        tag = self._tags[tag_id]
        return [
            Alarm(
                tag,
                kind,
                severity is not None,
                severity or before or 1,
                _words(tag, kind, severity),
            )
        ]


def _words(tag: Tag, kind: AlarmKind, severity: int | None) -> str:
    if kind is AlarmKind.SENSOR:
        return f"{tag.name}: sensor {'works again' if severity is None else 'failure'}"
    if severity is None:
        return f"{tag.name} is back on its way"
    return f"{tag.name} is {'far ' if severity == _SEVERE else ''}off its way"

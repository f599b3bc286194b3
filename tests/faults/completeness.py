"""The oracle: what simulators emitted against what the historian has and the edge declared."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pilotline_historian import Gap, Sample, Series, Value
from pilotline_plant import Plant
from pilotline_simulators.ledger import LedgerEntry

_SHOWN = 5
FOREVER_NS = 2**62


class Kept(Protocol):
    """What a verdict needs of a historian."""

    def raw(self, series: Series, start_ns: int, end_ns: int) -> Iterator[Sample]:
        """Yield the values of a series."""

    def gaps(self, machine: str | None, start_ns: int, end_ns: int) -> list[Gap]:
        """Return the declared gaps."""


@dataclass(slots=True)
class Verdict:
    """What became of every emitted sample.

    Attributes:
        emitted: samples that every client must see.
        stored: of those, how many the historian has, equal.
        declared: of those, how many lie in a declared gap instead.
        late: of those, how many lie after the instant up to which the edge vouches.
        missing: neither stored nor declared.
        altered: stored with another value or status.
        phantom: stored but never emitted.
    """

    emitted: int = 0
    stored: int = 0
    declared: int = 0
    late: int = 0
    missing: list[LedgerEntry] = field(default_factory=list)
    altered: list[tuple[LedgerEntry, Sample]] = field(default_factory=list)
    phantom: list[Sample] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing, altered or made up."""
        return not (self.missing or self.altered or self.phantom)

    def __str__(self) -> str:
        """Return the counts, and the first few of what is wrong."""
        lines = [
            f"emitted {self.emitted}, stored {self.stored}, in declared gaps {self.declared}, "
            f"not vouched for yet {self.late}; missing {len(self.missing)}, "
            f"altered {len(self.altered)}, phantom {len(self.phantom)}"
        ]
        for name in ("missing", "altered", "phantom"):
            lines += [f"  {name}: {each}" for each in getattr(self, name)[:_SHOWN]]
        return "\n".join(lines)


def judge(
    emitted: Iterable[LedgerEntry],
    historian: Kept,
    plant: Plant,
    covered_until_ns: Mapping[str, int] | None = None,
) -> Verdict:
    """Hold a ledger, repeats included, against a historian.

    Args:
        emitted: the ledger, read with ``repeats=True``.
        historian: where the edge delivered to.
        plant: to find a machine's site.
        covered_until_ns: per machine, up to which source time the edge vouches; everything
            without it.
    """
    site = {machine.id: machine.site for machine in plant.machines}
    by_series: dict[Series, list[LedgerEntry]] = {}
    for entry in emitted:
        series = Series(site[entry.machine], entry.machine, entry.tag)
        by_series.setdefault(series, []).append(entry)
    gaps = historian.gaps(None, 0, FOREVER_NS)
    verdict = Verdict()
    for series, entries in by_series.items():
        own = [gap for gap in gaps if _concerns(gap, series)]
        until_ns = (covered_until_ns or {}).get(series.machine, FOREVER_NS)
        _judge_series(verdict, series, entries, historian, own, until_ns)
    return verdict


def _judge_series(
    verdict: Verdict,
    series: Series,
    entries: list[LedgerEntry],
    historian: Kept,
    gaps: list[Gap],
    until_ns: int,
) -> None:
    stored = {sample.source_time_ns: sample for sample in historian.raw(series, 0, FOREVER_NS)}
    known = {entry.source_time_ns for entry in entries}
    verdict.phantom += [
        sample for source_time_ns, sample in stored.items() if source_time_ns not in known
    ]
    for entry in entries:
        sample = stored.get(entry.source_time_ns)
        if entry.repeat and sample is None:
            continue
        verdict.emitted += 1
        if sample is not None:
            if sample.status == entry.status and _equal(sample.value, entry.value):
                verdict.stored += 1
            else:
                verdict.altered.append((entry, sample))
        elif any(gap.start_ns <= entry.source_time_ns <= gap.end_ns for gap in gaps):
            verdict.declared += 1
        elif entry.source_time_ns > until_ns:
            verdict.late += 1
        else:
            verdict.missing.append(entry)


def _concerns(gap: Gap, series: Series) -> bool:
    return gap.machine == series.machine and gap.tag in {None, series.tag}


def _equal(stored: Value | None, emitted: Value | None) -> bool:
    if isinstance(stored, float) and isinstance(emitted, float) and math.isnan(emitted):
        return math.isnan(stored)
    return stored == emitted and isinstance(stored, type(emitted))

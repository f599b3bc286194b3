"""The bars that the literature's instances are measured against."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pilotline_scheduler.formats.instances import read_one
from pilotline_scheduler.problem import Problem


class Rule(Enum):
    """What a bar asks of a set."""

    MEAN = "mean gap"
    """The mean gap to the best known values is no more than the bar."""
    BEST = "every instance as good as in any run"
    FEASIBLE = "a plan or a proof for every instance, and the mean gap"


@dataclass(frozen=True, slots=True)
class Target:
    """A set of instances, a time, and a bar.

    Attributes:
        name: what the table shows.
        source: set in the manifest.
        form: format word.
        pattern: what a name must match, from its beginning; families share a set.
        seconds: time limit.
        bar_pct: greatest mean gap in percent.
        rule: how it is judged.
    """

    name: str
    source: str
    form: str
    pattern: str
    seconds: float
    bar_pct: float
    rule: Rule = Rule.MEAN


TARGETS = (
    Target("job shop 100x100", "jsp_large", "jsp", r"tai_100_100_\d", 10, 10.0),
    Target("job shop 100x100", "jsp_large", "jsp", r"tai_100_100_\d", 60, 6.0),
    Target("job shop 1000x100", "jsp_large", "jsp", r"tai_1000_100_\d", 60, 2.3),
    Target("re-entrant, short, 100k", "jsp_large", "jsp", r"dct-short-100-100000-\d", 60, 0.2),
    Target("re-entrant, short, 10k", "jsp_large", "jsp", r"dct-short-1000-10000-\d", 60, 5.0),
    Target("re-entrant, long, 10k", "jsp_large", "jsp", r"dct-long-100-10000-\d", 60, 5.0),
    Target("flexible, Behnke", "fjsp", "fjsp", r"behnke\d", 10, 3.6),
    Target("flexible, Behnke", "fjsp", "fjsp", r"behnke\d", 60, 1.9),
    Target("flexible, Brandimarte", "fjsp", "fjsp", r"mk\d", 60, 1.05),
    Target("flexible, Dauzère-Pérès", "fjsp", "fjsp", r"dpp\d|dpp_", 60, 1.8),
    Target("flexible, Naderi", "fjsp_bv", "fjsp-matrix", r"", 60, 1.8),
    Target("job shop, Taillard", "jsp", "jsp", r"ta\d", 60, 1.5),
    Target("weighted tardiness", "jsp_twt", "twt", r"", 10, 0.0, Rule.BEST),
    Target("flexible with setups", "fjsp_sdst", "fjsp-sdst", r"", 10, 0.0, Rule.BEST),
    Target("project, j120", "rcpsp", "rcpsp", r"j120", 60, 1.0),
    Target("project, RG300", "rcpsp", "rcpsp", r"RG300", 60, 1.5),
    Target("project, max lags", "rcpsp_max", "rcpsp-max", r"", 30, 2.0, Rule.FEASIBLE),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An instance in a folder of instances.

    Attributes:
        source: its set.
        name: its name in the set.
        path: its file; ``FILE#NAME`` where it is one of several.
        form: format word.
        published: best objective published, or None.
        infeasible: whether it is known to have no plan.
    """

    source: str
    name: str
    path: Path
    form: str
    published: int | None
    infeasible: bool

    @property
    def key(self) -> str:
        """Its name among all sets."""
        return f"{self.source}/{self.name}"

    def problem(self) -> Problem:
        """Return the instance."""
        return read_one(self.path, self.form)


def entries(folder: Path, target: Target, every: int = 1) -> list[Entry]:
    """Return the instances of a target, or every k-th of them.

    Raises:
        OSError: the folder has no such set.
    """
    found = _in_json(folder, target) if target.form == "twt" else _in_manifest(folder, target)
    matching = [each for each in found if re.match(target.pattern, each.name)]
    return matching[::every]


def _in_manifest(folder: Path, target: Target) -> Iterator[Entry]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["set"] == target.source:
                known = row["best_known"]
                upper = known.rpartition("..")[2]
                yield Entry(
                    target.source,
                    row["name"],
                    folder / row["path"],
                    target.form,
                    int(upper) if upper.isdigit() else None,
                    known == "unsat",
                )


def _in_json(folder: Path, target: Target) -> Iterator[Entry]:
    path = folder / f"{target.source}.json"
    for each in json.loads(path.read_text(encoding="utf-8")):
        name = each["instance"]
        published = each.get("best_known", each.get("literature_best_from_memory"))
        file = path.with_name(f"{path.name}#{name}")
        yield Entry(target.source, name, file, target.form, published, infeasible=False)


class BestValues:
    """Best objectives found by any run, in a CSV file of ``instance,value``.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, int] = {}
        if path.exists():
            with path.open(newline="", encoding="utf-8") as lines:
                self._values = {row["instance"]: int(row["value"]) for row in csv.DictReader(lines)}

    def reference(self, entry: Entry) -> int | None:
        """Return the value to compare with: the published one, or else the best of any run."""
        return self._values.get(entry.key) if entry.published is None else entry.published

    def note(self, found: Sequence[tuple[str, int]]) -> None:
        """Keep those of several values that are better than any before, in the file too."""
        for key, value in found:
            self._values[key] = min(value, self._values.get(key, value))
        with self._path.open("w", newline="", encoding="utf-8") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(("instance", "value"))
            writer.writerows(sorted(self._values.items()))

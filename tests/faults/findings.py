"""What the fault suite counted: a line for whoever watches, and a row for the table of `run.py`."""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

VARIABLE = "PILOTLINE_FAULTS_FINDINGS"
"""Names the file that gets one JSON object for each finding."""

FIRST_VALUE_BAR_S = 5.0
"""How soon after the agent starts, or a server listens again, a value must be acknowledged."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of what machines emitted while a fault was repeated.

    Attributes:
        fault: what was done.
        server: the OPC UA server it was done with, or empty.
        count: how often it was done.
        emitted: values that had to arrive.
        lost: of those, how many were acknowledged and are not in the historian.
        undeclared: of those, how many are neither there nor in a declared gap.
        altered: of those, how many are there with another value or status.
        phantom: values that are there and were never emitted.
        first_s: seconds to the first value, for each time that something restarted.
        note: further figures in words.
        missed: further bars that were missed, in words.
        examples: the first few of what is wrong.
    """

    fault: str
    server: str
    count: int
    emitted: int = 0
    lost: int = 0
    undeclared: int = 0
    altered: int = 0
    phantom: int = 0
    first_s: tuple[float, ...] = ()
    note: str = ""
    missed: tuple[str, ...] = ()
    examples: str = ""

    @property
    def faults(self) -> list[str]:
        """What breaks a promise; empty when all hold."""
        wrong = [
            f"{name} {count}"
            for name in ("lost", "undeclared", "altered", "phantom")
            if (count := getattr(self, name))
        ]
        if max(self.first_s, default=0.0) > FIRST_VALUE_BAR_S:
            wrong.append(f"first value after {max(self.first_s):.1f} s")
        return [*wrong, *self.missed]

    @property
    def first_value(self) -> str:
        """Median and longest time to the first value."""
        if not self.first_s:
            return ""
        return f"{median(self.first_s):.2f} / {max(self.first_s):.2f} s"

    def __str__(self) -> str:
        """Return all of it in a line."""
        parts = [
            f"{self.count} times {self.fault}" + (f", {self.server}" if self.server else ""),
            f"emitted {self.emitted}, lost {self.lost}, undeclared {self.undeclared}, "
            f"altered {self.altered}, phantom {self.phantom}",
            self.first_value and f"first value {self.first_value}",
            self.note,
            "; ".join(self.faults) or "holds",
        ]
        return "\n".join(filter(None, ["; ".join(filter(None, parts)), self.examples]))

    def tell(self) -> None:
        """Print it, and note it for the table."""
        sys.stdout.write(f"{self}\n")
        if path := os.environ.get(VARIABLE):
            test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"test": test, "finding": asdict(self)}) + "\n")

    def need(self) -> None:
        """Tell it, and fail unless every promise holds."""
        self.tell()
        assert not self.faults, str(self)

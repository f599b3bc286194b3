"""Replays a recording at its own speed through the whole line and compares every cell.

    python deploy/benchmarks/replay.py RECORDING.csv

A server reports a value when it changes, so a cell of the recording is the last value at or before
its row's source time. Exit code 1 unless every cell of the file comes back equal.
"""

import argparse
import csv
import sys
import tempfile
import time
from bisect import bisect_right
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pilotline_historian import Historian, Sample, Series, open_historian
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant
from tests.deploy.line import running_line, with_free_ports
from tests.faults.completeness import FOREVER_NS

ROW_NS = 100_000_000
SETTLE_S = 15.0


def main() -> int:
    """Replay, compare, and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recording", type=Path)
    parser.add_argument("--machine", default="cnc-mill-1")
    wishes = parser.parse_args()
    with wishes.recording.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plant_file = with_free_ports(example_plant("taastrup"), root / "plant.toml")
        replay = f"{wishes.machine}={wishes.recording.absolute()}"
        with running_line(plant_file, root / "data", "--replay", replay) as line:
            line.until("live")
            time.sleep(len(rows) * ROW_NS / 1e9 + SETTLE_S)
        site = read_plant(plant_file).machine_by_id[wishes.machine].site
        historian = open_historian(f"sqlite:///{root / 'data' / 'historian.sqlite'}")
        try:
            columns = [_column(historian, Series(site, wishes.machine, tag)) for tag in header]
        finally:
            historian.close()
    unequal = _unequal(rows, columns)
    cells = len(rows) * len(header)
    print(f"{len(rows)} rows of {len(header)} columns: {cells} cells, {len(unequal)} unequal")
    for each in unequal[:5]:
        print(f"  {each}")
    return 1 if unequal else 0


def _column(historian: Historian, series: Series) -> list[Sample]:
    return [sample for sample in historian.raw(series, 0, FOREVER_NS) if sample.good]


def _unequal(rows: list[list[str]], columns: list[list[Sample]]) -> list[str]:
    """Return a sentence for each cell that did not come back as it was written."""
    begun_ns = min(column[0].source_time_ns for column in columns)
    times = [[sample.source_time_ns for sample in column] for column in columns]
    found = []
    for number, row in enumerate(rows):
        at_ns = begun_ns + number * ROW_NS
        for cell, column, own_times in zip(row, columns, times, strict=True):
            index = bisect_right(own_times, at_ns) - 1
            value = column[index].value if index >= 0 else None
            expected = cell if isinstance(value, str) else float(cell)
            if value != expected:
                found.append(f"row {number + 2}: {cell!r} came back as {value!r}")
    return found


if __name__ == "__main__":
    sys.exit(main())

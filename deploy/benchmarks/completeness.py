"""Runs the whole example line and holds every emitted sample against the historian.

    python deploy/benchmarks/completeness.py --minutes 10
    python deploy/benchmarks/completeness.py --minutes 10 --kills 3 --simulator-restarts 1

Prints what was emitted, stored, declared, missing, altered and made up; exit code 1 unless the
last three are 0.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pilotline_historian import open_historian
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant
from pilotline_simulators.ledger import read_ledger
from tests.deploy.line import Line, running_line, with_free_ports
from tests.faults.completeness import judge
from tests.faults.coverage import covered_until_ns


def main() -> int:
    """Run, disturb as asked, judge, and return the exit code."""
    wishes = _wishes()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plant_file = with_free_ports(example_plant(wishes.plant), root / "plant.toml")
        data, ledger = root / "data", root / "ledger.jsonl"
        with running_line(plant_file, data, "--ledger", str(ledger)) as line:
            up = line.until("live")
            _say(f"all {up['machines']} machines live after {up['after_s']} s")
            _disturb(line, wishes)
            covered = covered_until_ns(data / "edge")
            stopped_s = line.stop()
        _say(f"stopped in {stopped_s:.1f} s")
        historian = open_historian(f"sqlite:///{data / 'historian.sqlite'}")
        try:
            verdict = judge(
                read_ledger(ledger, repeats=True), historian, read_plant(plant_file), covered
            )
        finally:
            historian.close()
    _say(str(verdict))
    return 0 if verdict.whole else 1


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--plant", default="taastrup", help="example plant")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=0, help="SIGKILLs of the edge agent")
    parser.add_argument("--simulator-restarts", type=int, default=0)
    return parser.parse_args()


def _disturb(line: Line, wishes: argparse.Namespace) -> None:
    """Let the line run, with the faults spread evenly over the time."""
    faults = ["edge run"] * wishes.kills + ["simulate"] * wishes.simulator_restarts
    pause_s = wishes.minutes * 60 / (len(faults) + 1)
    for fault in faults:
        time.sleep(pause_s)
        victim = line.part(fault)
        victim.kill()
        _say(f"killed `{fault}` ({victim.pid})")
    time.sleep(pause_s)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())

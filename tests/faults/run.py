"""Runs the fault suite and prints one table: each fault, how often, and what became of the data.

    python tests/faults/run.py            as every test run does
    python tests/faults/run.py --full     as often as the guarantees are quoted with; half an hour
    python tests/faults/run.py --full --resume    only what did not hold in the last run
    python tests/faults/run.py --full -- -k kills

What stands behind ``--`` chooses tests, as pytest's arguments. Each test is a pytest of its own:
those that keep the processor busy one after the other, those that mostly wait beside them. Logs
and findings stay in ``build/faults``.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402 - what is found once the root is on the path
from rich.table import Table  # noqa: E402

from tests.faults import counts, findings  # noqa: E402
from tests.faults.findings import Finding  # noqa: E402

FOLDER = ROOT / "build" / "faults"
BUSY = ("test_kills", "test_power_cut", "test_disks", "test_restarts")
_WAITING_AT_ONCE = 3
_WIDTH = 190


@dataclass(slots=True)
class Run:
    """One test at work or done.

    Attributes:
        test: pytest's name of it.
        ended: pytest's exit code, None before.
        took_s: how long it took.
    """

    test: str
    ended: int | None = None
    took_s: float = 0.0
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        """Where its output is."""
        return FOLDER / (
            re.sub(r"\W+", "-", self.test.partition("/faults/")[2]).strip("-") + ".log"
        )

    def go(self, environment: dict[str, str]) -> None:
        """Run it."""
        begun = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-s", "-q", "--color=no", self.test]
        with (
            self.log.open("wb") as log,
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process,
        ):
            self._process = process
            self.ended = process.wait()
        self.took_s = time.monotonic() - begun

    def interrupt(self) -> None:
        """End it as Ctrl-C would, so that it ends what it started."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)


def chosen(arguments: Iterable[str], environment: dict[str, str]) -> list[str]:
    """Return the names of the tests that pytest's arguments choose."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/faults", *arguments]
    listed = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    tests = [
        line for line in listed.stdout.splitlines() if line.startswith("tests/") and "::" in line
    ]
    if not tests:
        raise SystemExit(listed.stdout + listed.stderr)
    return tests


def run_all(tests: list[str], environment: dict[str, str], console: Console) -> list[Run]:
    """Run tests, the busy ones one after the other beside the others, and say when each ends."""
    runs = [Run(test) for test in tests]
    busy = deque(run for run in runs if any(name in run.test for name in BUSY))
    waiting = deque(run for run in runs if run not in busy)

    def work(queue: deque[Run]) -> None:
        while queue:
            try:
                run = queue.popleft()
            except IndexError:
                return
            run.go(environment)
            word = {0: "done", 1: "FAILED"}.get(run.ended or 0, f"pytest ended with {run.ended}")
            console.print(f"{run.took_s:6.0f} s  {word}  {run.test}", highlight=False, markup=False)

    queues = [busy, *[waiting] * _WAITING_AT_ONCE]
    workers = [threading.Thread(target=work, args=(queue,)) for queue in queues]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    except BaseException:
        busy.clear()
        waiting.clear()
        for run in runs:
            run.interrupt()
        raise
    return runs


def found(file: Path) -> dict[str, list[Finding]]:
    """Return what was found, by test; of a test that ran twice, what it found last."""
    rows: dict[str, dict[tuple[str, str], Finding]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        fields = {**told["finding"], "first_s": tuple(told["finding"]["first_s"])}
        row = Finding(**{**fields, "missed": tuple(fields["missed"])})
        rows.setdefault(told["test"], {})[row.fault, row.server] = row
    return {test: list(each.values()) for test, each in rows.items()}


def table(rows: Iterable[Finding], broken: Iterable[Run]) -> Table:
    """Return the table of findings, and of tests that failed without one."""
    shown = Table(title="Faults", show_lines=False)
    for name in ("fault", "server"):
        shown.add_column(name)
    for name in ("count", "emitted", "lost", "undeclared", "altered", "phantom", "first value"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("besides", ratio=1)
    shown.add_column("verdict")
    for row in rows:
        counted = (row.count, row.emitted, row.lost, row.undeclared, row.altered, row.phantom)
        figures = [f"{figure:,}" for figure in counted]
        verdict = "; ".join(row.faults) or "holds"
        shown.add_row(row.fault, row.server, *figures, row.first_value, row.note, verdict)
    for run in broken:
        shown.add_row(run.test, *[""] * 8, str(run.log.relative_to(ROOT)), "failed")
    return shown


def main() -> int:
    """Run, print the table and return 1 unless every test passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--full", action="store_true", help="repeat each fault often")
    parser.add_argument("--resume", action="store_true", help="leave out what held last time")
    parser.add_argument("pytest", nargs="*", help="further arguments of pytest, after --")
    wishes = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    notes, held = FOLDER / "findings.jsonl", FOLDER / "held.json"
    if not wishes.resume:
        notes.unlink(missing_ok=True)
        held.unlink(missing_ok=True)
    notes.touch()
    before: list[str] = json.loads(held.read_text(encoding="utf-8")) if held.exists() else []
    environment = {
        **os.environ,
        counts.VARIABLE: "full" if wishes.full else "",
        findings.VARIABLE: str(notes),
    }
    console, begun = Console(width=_WIDTH), time.monotonic()
    tests = [test for test in chosen(wishes.pytest, environment) if test not in before]
    # A job in the background starts with interrupts ignored, and its children after it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runs = run_all(tests, environment, console)
    passed = [run.test for run in runs if run.ended == 0]
    held.write_text(json.dumps([*before, *passed]), encoding="utf-8")
    by_test = found(notes)
    failed = [run for run in runs if run.ended != 0]
    rows = [row for each in by_test.values() for row in each]
    # A test that failed after its finding held is shown beside it, so that no failure is hidden.
    silent = [run for run in failed if not any(row.faults for row in by_test.get(run.test, ()))]
    console.print(table(rows, silent))
    took = f"{(time.monotonic() - begun) / 60:.0f} minutes"
    console.print(f"{len(passed)} of {len(runs)} tests passed in {took}; logs: {FOLDER}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

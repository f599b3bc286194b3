"""Whatever goes wrong at once or while the agent still recovers: nothing is lost undeclared.

A sequence that fails is printed; `tests/faults/chaos/run.py` replays and shrinks it.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.edge.small_disk import mounted_at
from tests.faults.chaos.run import CROWDED, suffer
from tests.faults.chaos.sequence import KINDS, QUICK, Step, drawn, parsed, shrunk
from tests.faults.counts import times
from tests.faults.findings import Finding
from tests.faults.servers import ASYNCUA, NODE, need_server

SEED = int(os.environ.get("PILOTLINE_CHAOS_SEED", "7"))
"""The first seed; each further sequence has the next one."""

SEQUENCES, FAULTS = 40, 12
MEMORY_BAR_MB = 150.0
FILES_BAR, SOCKETS_BAR = 12, 8


def _played(folder: Path, seed: int, steps: Sequence[Step], servers: Sequence[str]) -> Finding:
    """Play one sequence and return what became of everything."""
    sequence = "\n".join(map(str, steps))
    try:
        made, found = asyncio.run(suffer(folder, steps, servers))
    except (AssertionError, TimeoutError) as error:
        error.add_note(f"seed {seed}, the sequence:\n{sequence}")
        raise
    seen = made.footprint
    assert seen is not None
    bars = {
        f"{seen.memory_mb:.0f} MB": seen.memory_mb > MEMORY_BAR_MB,
        f"{seen.files} open files": seen.files > FILES_BAR,
        f"{seen.sockets} sockets": seen.sockets > SOCKETS_BAR,
        f"{len(found.events_wrong)} events wrong": bool(found.events_wrong),
    }
    return Finding(
        f"chaos, seed {seed}: {len(steps)} faults",
        " and ".join(servers),
        1,
        emitted=found.verdict.emitted,
        lost=len(found.lost),
        undeclared=len(found.verdict.missing),
        altered=len(found.verdict.altered),
        phantom=len(found.verdict.phantom),
        note=f"{found.verdict.declared} in declared gaps",
        missed=tuple(name for name, broken in bars.items() if broken),
        examples="\n".join([*found.faults, "the sequence:", sequence]) if found.faults else "",
    )


@pytest.mark.slow
def test_a_short_sequence_of_faults_loses_nothing_undeclared(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    steps = drawn(SEED, 5, QUICK, machines=1, pace=0.4)
    _played(tmp_path, SEED, steps, [ASYNCUA]).need()


@pytest.mark.slow
@pytest.mark.node
@pytest.mark.root
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(SEED, SEED + times(0, SEQUENCES)))
def test_a_sequence_of_faults_loses_nothing_undeclared(tmp_path: Path, seed: int) -> None:
    """Also where several subscriptions carry what one would, as they do of every other seed."""
    need_server(NODE)
    steps, room = drawn(seed, FAULTS), "" if seed % 2 else CROWDED
    with ExitStack() as parts:
        (tmp_path / "data").mkdir()
        parts.enter_context(mounted_at(tmp_path / "data"))
        _played(tmp_path, seed, steps, [ASYNCUA + room, NODE + room]).need()


def test_a_seed_is_a_sequence_and_a_sequence_is_text() -> None:
    steps = drawn(7, 100)
    assert steps == drawn(7, 100)
    assert steps != drawn(8, 100)
    assert parsed("# seed 7\n" + "\n".join(map(str, steps))) == steps
    assert {step.kind for step in steps} <= KINDS.keys()
    with pytest.raises(ValueError, match="no fault"):
        parsed("0.0 earthquake 1.0 0 0.5")


def test_a_sequence_is_shrunk_to_the_faults_that_matter() -> None:
    steps = drawn(7, 20)
    matter = {steps[3], steps[11]}
    assert set(shrunk(steps, lambda tried: matter <= set(tried))) == matter

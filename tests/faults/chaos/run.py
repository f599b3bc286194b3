"""Plays sequences of faults, one after the other, and says which break a promise.

    python -m tests.faults.chaos.run --seed 7 --steps 12
    python -m tests.faults.chaos.run --seed 100 --seeds 50 --parallel 3
    python -m tests.faults.chaos.run --sequence FILE [--shrink]

A sequence that fails is printed as text that ``--sequence`` reads; ``--shrink`` drops steps for as
long as what is left still fails.
"""

import argparse
import asyncio
import logging
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.edge.crowded_machine import Room
from tests.edge.history_machine import KeptHistory
from tests.edge.small_disk import mounted_at
from tests.faults.chaos.historian import storing
from tests.faults.chaos.judgement import Judgement, judged, watch_vouching
from tests.faults.chaos.machine import (
    POLLED,
    SELDOM,
    STEADY,
    AsyncuaChaos,
    Changing,
    NodeChaos,
)
from tests.faults.chaos.sequence import KINDS, Step, drawn, parsed, shrunk
from tests.faults.chaos.world import World, play, tail, world

CROWDED = "-crowded"
"""Ends the name of a server that has little room in a subscription, and does not say so."""

ASYNCUA_TAGS = (*STEADY, SELDOM, POLLED)
ASYNCUA, WITH_HISTORY, NODE = "asyncua", "asyncua-history", "node-opcua"


def machines_of(names: Sequence[str], folder: Path) -> list[Changing]:
    """Return machines on these servers; `CROWDED` stands for two items a subscription."""
    made: list[Changing] = []
    for number, name in enumerate(names):
        of_one = 2 if name.endswith(CROWDED) else 0
        if name.startswith(NODE):
            made.append(NodeChaos(folder / f"node-{number}", of_one))
        else:
            history = KeptHistory(10_000) if name.startswith(WITH_HISTORY) else None
            room = Room(of_one=of_one) if of_one else None
            made.append(AsyncuaChaos(ASYNCUA_TAGS, history=history, room=room))
    return made


async def suffer(
    folder: Path, steps: Sequence[Step], servers: Sequence[str]
) -> tuple[World, Judgement]:
    """Play a sequence in a world of its own and judge what it left."""
    with storing() as stored:
        async with world(folder, stored, machines_of(servers, folder)) as made:
            await play(made, steps, watch_vouching)
        return made, judged(made)


def played(folder: Path, steps: Sequence[Step], servers: Sequence[str]) -> str:
    """Play a sequence; return what is wrong, or an empty text, and print the rest."""
    with ExitStack() as parts:
        (folder / "data").mkdir(parents=True)
        if any(step.kind == "disk-full" for step in steps):
            parts.enter_context(mounted_at(folder / "data"))
        begun = time.monotonic()
        try:
            made, found = asyncio.run(suffer(folder, steps, servers))
        except (TimeoutError, AssertionError, OSError) as error:
            return f"{type(error).__name__}: {error}\n{tail(folder / 'agent.log')}"
        sys.stdout.write(f"{time.monotonic() - begun:.0f} s; {found}; {made.footprint}\n")
        for at, until_s, what in sorted(made.diary):
            sys.stdout.write(f"    {at:6.2f} to {until_s:6.2f} s  {what}\n")
        for gap in found.gaps:
            start = gap.start_ns / 1e9 - made.begun_at
            width = (gap.end_ns - gap.start_ns) / 1e9
            sys.stdout.write(
                f"    gap {gap.machine} {gap.tag} {gap.cause} {start:.2f} + {width:.2f} s\n"
            )
        return "\n".join(found.faults)


def main() -> int:
    """Play, print, and return 1 when a sequence broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=1, help="of the first sequence")
    parser.add_argument("--seeds", type=int, default=1, help="how many sequences")
    parser.add_argument("--steps", type=int, default=12, help="faults in each")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--servers", nargs="*", default=[ASYNCUA, NODE])
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--sequence", type=Path, help="a file with steps instead of seeds")
    parser.add_argument("--shrink", action="store_true", help="drop steps while it still fails")
    parser.add_argument("--times", type=int, default=1, help="tries for each sequence")
    parser.add_argument("--keep", type=Path, help="folder that keeps what failing sequences left")
    wishes = parser.parse_args()
    if wishes.parallel > 1:
        return _in_parallel(wishes)
    failed = 0
    logging.disable(logging.ERROR)
    for seed in range(wishes.seed, wishes.seed + wishes.seeds):
        if wishes.sequence is not None:
            steps = parsed(wishes.sequence.read_text("utf-8"))
        else:
            steps = drawn(seed, wishes.steps, wishes.kinds, machines=len(wishes.servers))

        def fails(tried: Sequence[Step], seed: int = seed) -> bool:
            return any(_fails(tried, seed, wishes) for _ in range(wishes.times))

        if not fails(steps):
            continue
        failed += 1
        if wishes.shrink:
            steps = shrunk(steps, fails)
        told = "\n".join(map(str, steps))
        sys.stdout.write(f"seed {seed} FAILS; the sequence:\n{told}\n")
        sys.stdout.flush()
    return 1 if failed else 0


def _fails(steps: Sequence[Step], seed: int, wishes: argparse.Namespace) -> bool:
    sys.stdout.write(f"seed {seed}, {len(steps)} faults: ")
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        wrong = played(folder, steps, wishes.servers)
        if wrong:
            sys.stdout.write(f"seed {seed}: {wrong}\n")
            if wishes.keep is not None:
                wishes.keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / "agent.log", wishes.keep / f"{seed}-{time.time():.0f}.log")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    return bool(wrong)


def _in_parallel(wishes: argparse.Namespace) -> int:
    """Have processes of their own play a share of the seeds each."""
    share = -(-wishes.seeds // wishes.parallel)
    command = [sys.executable, "-m", "tests.faults.chaos.run", "--steps", str(wishes.steps)]
    command += ["--servers", *wishes.servers, "--kinds", *wishes.kinds]
    command += ["--keep", str(wishes.keep)] if wishes.keep else []
    playing = [
        subprocess.Popen([*command, "--seed", str(wishes.seed + k * share), "--seeds", str(share)])
        for k in range(wishes.parallel)
    ]
    return max([each.wait() for each in playing])


if __name__ == "__main__":
    sys.exit(main())

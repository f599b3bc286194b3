"""What a disk, a person or another program did to the file is told; no value is ever changed."""

import os
import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pilotline_historian import HistorianRefused, Sample, Series
from pilotline_historian.embedded import EmbeddedHistorian, inbox, lanes, log_watch
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS
from tests.historian.samples import NOON_NS, SECOND_NS, each_second

AGES = (FIRST_TIME_NS, LAST_TIME_NS + 1)
SERIES = [Series("aarhus", "mill-1", f"tag-{number}") for number in range(4)]
WRITES, PER_WRITE = 30, 20
PAGE_BYTES = 8_192
NOBODY = 65_534

Damage = Callable[[bytearray, random.Random], None]


def _written(series: Series, first: int, count: int) -> list[Sample]:
    rng = random.Random(f"{series.tag}{first}")
    return [
        Sample(
            series,
            NOON_NS + at * SECOND_NS + rng.randrange(1_000) * 100,
            rng.choice(("Idle", "Run")) if series == SERIES[0] else round(rng.random(), 3),
            0,
            None,
        )
        for at in range(first, first + count)
    ]


TRUTH = {
    series: [
        sample
        for write in range(WRITES)
        for sample in _written(series, write * PER_WRITE, PER_WRITE)
    ]
    for series in SERIES
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A store with chunks, lanes, newest samples and an inbox."""
    file = tmp_path_factory.mktemp("sound") / "historian.sqlite"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbox, "INBOX_PAGES", 8)
        patch.setattr(lanes, "SERIES_SAMPLES", 300)
        with closing(EmbeddedHistorian(file)) as historian:
            for write in range(WRITES):
                first, last = write * PER_WRITE, (write + 1) * PER_WRITE
                historian.write([s for each in SERIES for s in TRUTH[each][first:last]])
    return file.read_bytes()


def _flip_a_bit(content: bytearray, rng: random.Random) -> None:
    content[rng.randrange(100, len(content))] ^= 1 << rng.randrange(8)


def _flip_a_bit_of_a_name(content: bytearray, rng: random.Random) -> None:
    spots = [found.start() for found in re.finditer(b"mill-1tag", content)]
    content[rng.choice(spots) + rng.randrange(-6, 11)] ^= 1 << rng.randrange(8)


def _zero_a_page(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(1, len(content) // PAGE_BYTES) * PAGE_BYTES
    content[at : at + PAGE_BYTES] = bytes(PAGE_BYTES)


def _cut_off(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(PAGE_BYTES, len(content)) :]


@pytest.mark.parametrize(
    ("damage", "times"),
    [
        (_flip_a_bit, 25),
        (_flip_a_bit_of_a_name, 10),
        (_zero_a_page, 12),
        (_cut_off, 4),
    ],
)
def test_a_damaged_file_is_told_or_still_right(
    tmp_path: Path, sound: bytes, damage: Damage, times: int
) -> None:
    rng = random.Random(damage.__name__)
    told = 0
    for number in range(times):
        content = bytearray(sound)
        damage(content, rng)
        file = tmp_path / f"{number}.sqlite"
        file.write_bytes(content)
        told += _told_or_right(file)
    assert told, "none of it hit what matters"


def _told_or_right(file: Path) -> bool:
    """Read all there is and write on; fail at a wrong answer; return whether damage was told."""
    try:
        historian = EmbeddedHistorian(file)
    except HistorianRefused as error:
        assert "is damaged" in str(error)  # noqa: PT017 - one of many questions
        return True
    questions: list[Callable[[], object]] = [lambda: historian.series() == SERIES]
    for each in SERIES:
        questions += [
            lambda each=each: list(historian.raw(each, *AGES)) == TRUTH[each],  # type: ignore[misc]
            lambda each=each: historian.last([each])[each] == TRUTH[each][-1],  # type: ignore[misc]
            lambda each=each: _count(historian, each) == len(TRUTH[each]),  # type: ignore[misc]
        ]
    more = [one for each in SERIES for one in _written(each, WRITES * PER_WRITE, 200)]
    questions.append(lambda: historian.write(more).stored == 800)
    told = False
    with closing(historian):
        for ask in questions:
            try:
                assert ask()
            except HistorianRefused as error:
                assert "is damaged" in str(error)  # noqa: PT017 - one of many questions
                told = True
    return told


def _count(historian: EmbeddedHistorian, series: Series) -> int:
    buckets = historian.buckets(series, NOON_NS, NOON_NS + 10_000 * SECOND_NS, 10)
    return sum(bucket.good_count for bucket in buckets)


class TestLog:
    """A reader that stays in a transaction."""

    def test_it_delays_no_write_and_is_told_of_while_the_log_grows(
        self, embedded_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_watch, "LONG_LOG_BYTES", 2**20)
        log = Path(f"{embedded_file}-wal")
        with closing(EmbeddedHistorian(embedded_file)) as historian, capture_logs() as logs:
            historian.write(each_second([1.0]))
            with closing(sqlite3.connect(embedded_file)) as reader:
                reader.execute("BEGIN")
                before = reader.execute("SELECT count(*) FROM page").fetchone()
                for _ in range(40):
                    historian.write(each_second(map(float, range(2_000))))
                assert log.stat().st_size > 2**20
                assert reader.execute("SELECT count(*) FROM page").fetchone() == before
            told = [entry for entry in logs if entry["event"] == "historian.log_held"]
            assert len(told) == 1
            assert told[0]["file"] == str(embedded_file)
            with closing(sqlite3.connect(embedded_file)) as checkpoint:
                (busy, *_) = checkpoint.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert busy == 0
            assert historian.write(each_second([2.0])).stored == 1
            assert log.stat().st_size < 2**20


CHILD = """
import os, sys
from pathlib import Path
from pilotline_historian import HistorianRefused, Sample, Series
from pilotline_historian.embedded import EmbeddedHistorian, database
steps = database.shipped_steps()
database.shipped_steps = lambda: steps
if os.geteuid() == 0:
    os.setegid(int(sys.argv[2]))
    os.seteuid(int(sys.argv[2]))
try:
    EmbeddedHistorian(Path(sys.argv[1])).write([Sample(Series("a", "b", "c"), 1, 1.5, 0, None)])
except HistorianRefused as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("file_mode", "folder_mode"), [(0o444, 0o555), (0o444, 0o777), (0o000, 0o777)]
)
def test_a_file_that_may_not_be_written_is_named_with_what_to_check(
    tmp_path: Path, file_mode: int, folder_mode: int
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    file = folder / "historian.sqlite"
    with closing(EmbeddedHistorian(file)) as historian:
        historian.write(each_second([1.0]))
    for above in (tmp_path, *tmp_path.parents[:2]):
        if above.owner() == folder.owner():
            above.chmod(above.stat().st_mode | 0o111)
    file.chmod(file_mode)
    folder.chmod(folder_mode)
    try:
        said = subprocess.run(
            [sys.executable, "-c", CHILD, str(file), str(NOBODY)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        ).stdout
    finally:
        folder.chmod(0o755)
        file.chmod(0o644)
    assert re.search(r"historian\.sqlite.*check", said), said
    with closing(EmbeddedHistorian(file)) as historian:
        assert len(historian.series()) == 1

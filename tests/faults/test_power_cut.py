"""After a power cut at any instant agent and historian start, with all they had promised."""

import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pilotline_edge.journal import Journal
from pilotline_edge.journal.reader import BacklogReader
from pilotline_historian import Sample, open_historian
from tests.faults.counts import full, times
from tests.faults.findings import Finding
from tests.faults.power_cut import Disk, Image, traced
from tests.faults.power_writer import KEPT, REMOVED_EVERY, SAMPLES, SERIES, samples_of

WRITER = Path(__file__).with_name("power_writer.py")
_MEMORY = Path("/dev/shm")  # noqa: S108 - only unguessable folders are made in it
_SHARE = 0.05

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one, since nothing in it needs a disk."""
    if not _MEMORY.is_dir():
        yield tmp_path / "image"
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        yield Path(folder) / "image"


def _cut(
    tmp_path: Path,
    part: str,
    count: int,
    check: Callable[[Image], None],
    share: float = _SHARE,
) -> int:
    """Trace a writer, check the images it may leave, and return how many were checked."""
    folder, trace = tmp_path / part, tmp_path / "trace"
    folder.mkdir()
    traced([sys.executable, str(WRITER), part, str(folder), str(count)], trace)
    disk = Disk(folder)
    kept = Counter[str]()
    for image in disk.follow(trace, 1.0 if full() else share):
        kept[image.kept] += 1
        try:
            check(image)
        except Exception as error:
            error.add_note(f"cut after write {image.acknowledged}, {image.kept} kept")
            raise
    assert disk.acknowledged == count
    assert kept.keys() == {"nothing", "everything", "some", "torn"}
    return kept.total()


def _need_all(found: dict[int, Sample], first: int, last: int) -> None:
    """Fail unless every sample of these writes is there, and none is altered or made up."""
    for number in range(first, last + 1):
        for sample in samples_of(number):
            assert found.get(sample.source_time_ns) == sample, f"write {number} is lost"
    for at, sample in found.items():
        assert sample in samples_of((at - 1) // SAMPLES)


@pytest.mark.slow
def test_a_journal_survives_a_power_cut_at_any_instant(tmp_path: Path, scratch: Path) -> None:
    def check(image: Image) -> None:
        image.lay(scratch)
        path = scratch / "journal.sqlite"
        journal = Journal.open(path, [SERIES])
        try:
            assert journal.damage is None
            upto = journal.coverage.get("mill-1", {"upto": 0})["upto"]
            with closing(BacklogReader(path)) as reader:
                found = {each.source_time_ns: each for each in reader.read(10**9).samples}
        finally:
            journal.close()
        assert upto >= image.acknowledged
        removed = image.acknowledged // REMOVED_EVERY * REMOVED_EVERY
        _need_all(found, max(removed - KEPT, 0) + 1, image.acknowledged)

    checked = _cut(tmp_path, "journal", times(20, 60), check)
    Finding("power cut, journal", "", checked, note="every disk it may leave; 0 refusals").tell()


@pytest.mark.slow
def test_a_historian_survives_a_power_cut_at_any_instant(tmp_path: Path, scratch: Path) -> None:
    def check(image: Image) -> None:
        image.lay(scratch)
        with closing(open_historian(f"sqlite:///{scratch / 'historian.sqlite'}")) as store:
            found = {each.source_time_ns: each for each in store.raw(SERIES, 0, 2**62)}
            if image.acknowledged:
                newest = store.last([SERIES])[SERIES]
                assert newest.source_time_ns >= image.acknowledged * SAMPLES
        _need_all(found, 1, image.acknowledged)

    checked = _cut(tmp_path, "historian", times(20, 60), check)
    Finding("power cut, historian", "", checked, note="every disk it may leave; 0 refusals").tell()


def test_a_program_that_does_not_sync_is_found_out(tmp_path: Path, scratch: Path) -> None:
    lost: list[Image] = []

    def check(image: Image) -> None:
        image.lay(scratch)
        with closing(sqlite3.connect(scratch / "careless.sqlite")) as connection:
            try:
                (kept,) = connection.execute("SELECT count(*) FROM record").fetchone()
            except sqlite3.DatabaseError:
                kept = 0
        if kept < image.acknowledged:
            lost.append(image)

    _cut(tmp_path, "careless", 20, check, share=1.0)
    assert lost, "the oracle must see what a power cut takes"

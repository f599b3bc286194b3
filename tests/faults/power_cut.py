"""Power cuts: from a trace of what a program wrote, every disk that a power cut could leave.

A disk keeps what was fsynced. Of what was written since, it may keep all, nothing, a part in any
order, or the beginning of the last write. A file's name is kept once its folder was fsynced.
"""

import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.real_parts import need

ACKNOWLEDGED = b"ACK "
"""What the traced program writes to standard error, with a number, once something is durable."""

_CALLS = "openat,close,pwrite64,write,fdatasync,fsync,ftruncate,unlink"
_LONGEST_STRING = 2**24
_TEXT = r'"((?:\\x[0-9a-f]{2})*)"'
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)")
_CUT_SHORT = re.compile(r"^(\d+) +(\w+\(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_OPEN = re.compile(rf"[^,]+, {_TEXT}, ([A-Z_|]+)")
_WRITE = re.compile(rf"(\d+), {_TEXT}, \d+(?:, (\d+))?")


@dataclass(frozen=True, slots=True)
class Image:
    """A disk as a power cut may leave it.

    Attributes:
        files: content by file name.
        acknowledged: newest number that was acknowledged before the cut.
        kept: what of the unsynced writes is on it.
    """

    files: dict[str, bytes]
    acknowledged: int
    kept: str

    def lay(self, folder: Path) -> None:
        """Make the folder hold just this."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


@dataclass(frozen=True, slots=True)
class _Change:
    """A write at an offset, or a cut to a length where there is no data."""

    offset: int
    data: bytes | None


@dataclass(slots=True)
class _File:
    """One file: what is safe and what came since."""

    safe: bytes = b""
    since: list[_Change] = field(default_factory=list)

    def sync(self) -> None:
        self.safe, self.since = _applied(self.safe, self.since), []


class Disk:
    """What the traced program has done to one folder so far.

    Attributes:
        acknowledged: newest number acknowledged.
    """

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self._folder = str(folder)
        self._rng = random.Random(seed)
        self._open: dict[int, str] = {}
        self._files: dict[str, _File] = {}
        self._named: set[str] = set()
        self._unnamed: set[str] = set()
        self.acknowledged = 0

    def follow(self, trace: Path, share: float) -> Iterator[Image]:
        """Yield images that a cut after a call of the trace may leave, without repeats.

        Args:
            trace: what `traced` kept.
            share: of the calls to cut after, chosen at random; 1 for every one.
        """
        seen: set[int] = set()
        for call, arguments, result in _calls(trace):
            if result < 0 or not self._do(call, arguments, result):
                continue
            for image in self._images() if self._rng.random() < share else ():
                mark = hash((image.acknowledged, tuple(sorted(image.files.items()))))
                if mark not in seen:
                    seen.add(mark)
                    yield image

    def _do(self, call: str, arguments: str, result: int) -> bool:
        """Carry out a call and return whether it changed what a cut could leave."""
        if call == "openat":
            return self._opened(arguments, result)
        if call == "unlink":
            return self._unlinked(_path(arguments))
        descriptor = int(arguments.partition(",")[0])
        if call == "close":
            self._open.pop(descriptor, None)
            return False
        if call in {"write", "pwrite64"}:
            return self._written(arguments, result)
        path = self._open.get(descriptor)
        if path is None:
            return False
        if call == "ftruncate":
            self._files[path].since.append(_Change(int(arguments.rpartition(",")[2]), None))
        elif path == self._folder:
            self._named = set(self._files) - self._unnamed
        else:
            self._files[path].sync()
        return True

    def _opened(self, arguments: str, descriptor: int) -> bool:
        matched = _OPEN.match(arguments)
        assert matched is not None, arguments
        path = _decoded(matched[1]).decode()
        if path == self._folder:
            self._open[descriptor] = path
        elif path.startswith(self._folder + "/") and ".sqlite" in path and path[-4:] != "-shm":
            self._open[descriptor] = path
            self._files.setdefault(path, _File())
            self._unnamed.discard(path)
            if "O_TRUNC" in matched[2]:
                self._files[path].since.append(_Change(0, None))
            return True
        return False

    def _unlinked(self, path: str) -> bool:
        if path not in self._files:
            return False
        self._unnamed.add(path)
        return True

    def _written(self, arguments: str, count: int) -> bool:
        matched = _WRITE.match(arguments)
        assert matched is not None, arguments[:200]
        descriptor, data = int(matched[1]), _decoded(matched[2])[:count]
        if descriptor == 2 and data.startswith(ACKNOWLEDGED):
            self.acknowledged = int(data.split()[1])
            return True
        path = self._open.get(descriptor)
        if path is None or path == self._folder:
            return False
        assert matched[3] is not None, "SQLite writes at offsets"
        self._files[path].since.append(_Change(int(matched[3]), data))
        return True

    def _images(self) -> Iterator[Image]:
        everything = {path: each.since for path, each in self._files.items()}
        yield self._image("nothing", {}, named=self._named)
        yield self._image("everything", everything, named=set(self._files) - self._unnamed)
        if not any(everything.values()):
            return
        some = {
            path: [change for change in since if self._rng.random() < 0.5]
            for path, since in everything.items()
        }
        yield self._image("some", some, named=set(self._files) - self._unnamed)
        torn = {path: self._torn(since) for path, since in everything.items()}
        yield self._image("torn", torn, named=set(self._files) - self._unnamed)

    def _torn(self, since: Sequence[_Change]) -> Sequence[_Change]:
        if not since or not since[-1].data:
            return since
        last = since[-1]
        assert last.data is not None
        part = last.data[: self._rng.randrange(len(last.data))]
        return [*since[:-1], _Change(last.offset, part)]

    def _image(self, kept: str, since: Mapping[str, Sequence[_Change]], named: set[str]) -> Image:
        files = {
            Path(path).name: _applied(self._files[path].safe, since.get(path, ()))
            for path in sorted(named)
        }
        return Image(files, self.acknowledged, kept)


def _applied(content: bytes, changes: Sequence[_Change]) -> bytes:
    if not changes:
        return content
    image = bytearray(content)
    for change in changes:
        if len(image) < change.offset:
            image.extend(bytes(change.offset - len(image)))
        if change.data is None:
            del image[change.offset :]
        else:
            image[change.offset : change.offset + len(change.data)] = change.data
    return bytes(image)


def traced(command: Sequence[str], trace: Path) -> None:
    """Run a program to its end and keep its calls.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    strace = shutil.which("strace")
    need(strace is not None, "strace (apt-get install strace)")
    assert strace is not None
    options = ["-f", "-xx", "-s", str(_LONGEST_STRING), "-e", f"trace={_CALLS}", "-o", str(trace)]
    subprocess.run([strace, *options, *command], check=True, capture_output=True, timeout=600)


def _calls(trace: Path) -> Iterator[tuple[str, str, int]]:
    """Yield name, arguments and result of each call as it returned."""
    waiting: dict[str, str] = {}
    with trace.open(encoding="ascii") as lines:
        for text in lines:
            line = text.rstrip("\n")
            if cut := _CUT_SHORT.match(line):
                waiting[cut[1]] = cut[2]
                continue
            if resumed := _RESUMED.match(line):
                line = f"{resumed[1]} {waiting.pop(resumed[1])}{resumed[3]}"
            if call := _CALL.match(line):
                yield call[2], call[3], int(call[4])


def _path(arguments: str) -> str:
    return _decoded(arguments.strip('"')).decode()


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))

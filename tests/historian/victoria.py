"""A real single-node VictoriaMetrics on a free port, with its data in a temporary folder."""

import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from tests.real_parts import need
from tests.sockets import free_ports

_PROGRAM = shutil.which("victoria-metrics")
_START_S = 20.0

Metric = list[tuple[int, float]]
"""Points of one metric: ms and number."""


@dataclass(frozen=True, slots=True)
class Victoria:
    """A running server."""

    port: int
    _numbers: Iterator[int]

    def fresh_url(self) -> str:
        """Return a URL whose metrics do not exist yet."""
        return f"victoriametrics://127.0.0.1:{self.port}/test_{next(self._numbers)}"

    def metrics(self, name: str) -> dict[tuple[str, ...], Metric]:
        """Return what is stored under names that begin so, by name and labels.

        A flush leaves parts of the index to the server's background, so two answers must agree.
        """
        before: dict[tuple[str, ...], Metric] | None = None
        while (found := self._exported(name)) != before:
            before = found
            time.sleep(0.05)
        return found

    def _exported(self, name: str) -> dict[tuple[str, ...], Metric]:
        self._get("/internal/force_flush")
        matching = json.dumps(name + "_.*")
        asked = urlencode({"match[]": f"{{__name__=~{matching}}}", "start": 0})
        told = self._get(f"/api/v1/export?{asked}")
        # JSON has no infinities, which does not keep the server from writing one.
        answers = map(json.loads, told.replace("+Inf", "Infinity").splitlines())
        return {
            tuple(
                [each["metric"]["__name__"].removeprefix(name + "_")]
                + [label for word, label in sorted(each["metric"].items()) if word != "__name__"]
            ): list(zip(each["timestamps"], map(float, each["values"]), strict=True))
            for each in answers
        }

    def _get(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200, path
            return answer.read().decode()
        finally:
            connection.close()


@contextmanager
def running_victoria(folder: Path, retention: str) -> Iterator[Victoria]:
    """Run a server until the block ends."""
    need(_PROGRAM is not None, "victoria-metrics (apt-get install victoria-metrics)")
    assert _PROGRAM is not None
    (port,) = free_ports(1)
    words = [
        f"-storageDataPath={folder}/data",
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-retentionPeriod={retention}",
        "-search.latencyOffset=0s",
        "-memory.allowedPercent=2",
    ]
    with (
        (folder / "victoria.log").open("wb") as log,
        subprocess.Popen([_PROGRAM, *words], stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            _wait_until_it_answers(port, process, folder / "victoria.log")
            yield Victoria(port, count())
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_it_answers(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise RuntimeError(f"VictoriaMetrics did not start: {log.read_text(encoding='utf-8')[-2_000:]}")

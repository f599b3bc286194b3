"""A real InfluxDB 1.6 server on free ports, with its data in a temporary folder."""

import http.client
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.real_parts import need
from tests.sockets import free_ports

_PROGRAM = shutil.which("influxd")
_START_S = 20.0

_CONFIGURATION = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc_port}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  index-version = "tsi1"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[monitor]
  store-enabled = false
"""


@dataclass(frozen=True, slots=True)
class Influxd:
    """A running server."""

    port: int
    _numbers: Iterator[int]

    def fresh_url(self) -> str:
        """Return the URL of a database that does not exist yet."""
        return f"influxdb://127.0.0.1:{self.port}/test-{next(self._numbers)}"


@contextmanager
def running_influxd(folder: Path) -> Iterator[Influxd]:
    """Run a server until the block ends."""
    need(_PROGRAM is not None, "influxd (apt-get install influxdb)")
    assert _PROGRAM is not None
    port, rpc_port = free_ports(2)
    configuration = folder / "influxd.conf"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, port=port, rpc_port=rpc_port), encoding="utf-8"
    )
    with (
        (folder / "influxd.log").open("wb") as log,
        subprocess.Popen(
            [_PROGRAM, "-config", str(configuration)], stdout=log, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _wait_until_it_answers(port, process, folder / "influxd.log")
            yield Influxd(port, count())
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
            connection.request("GET", "/ping")
            if connection.getresponse().status == 204:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise RuntimeError(f"influxd did not start: {log.read_text(encoding='utf-8')[-2_000:]}")

"""A real InfluxDB 1.6 server on free ports, with its data in a temporary folder."""

import http.client
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass
class Influxd:
    """A server that can be killed and started again on the same port and data.

    Attributes:
        folder: where its data lie.
        port: where it listens.
    """

    folder: Path
    port: int
    _process: "subprocess.Popen[bytes] | None" = None
    _numbers: Iterator[int] = field(default_factory=count)

    def fresh_url(self) -> str:
        """Return the URL of a database that does not exist yet."""
        return f"influxdb://127.0.0.1:{self.port}/test-{next(self._numbers)}"

    def start(self) -> None:
        """Run it and wait until it answers."""
        assert _PROGRAM is not None
        log_file = self.folder / "influxd.log"
        with log_file.open("ab") as log:
            command = [_PROGRAM, "-config", str(self.folder / "influxd.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        _wait_until_it_answers(self.port, self._process, log_file)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it, and kill it when it takes long."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def running_influxd(folder: Path) -> Iterator[Influxd]:
    """Run a server until the block ends."""
    need(_PROGRAM is not None, "influxd (apt-get install influxdb)")
    port, rpc_port = free_ports(2)
    configuration = folder / "influxd.conf"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, port=port, rpc_port=rpc_port), encoding="utf-8"
    )
    server = Influxd(folder, port)
    try:
        server.start()
        yield server
    finally:
        server.stop()


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

"""A whole line for tests: `pilotline up` on a plant file with free ports, followed as a program."""

import json
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.sockets import free_ports

START_WITHIN_S = 60.0


def with_free_ports(plant: Path, to: Path) -> Path:
    """Write a copy of a plant file whose endpoints listen on ports that are free here."""
    text = plant.read_text(encoding="utf-8")
    written = sorted(set(re.findall(r"opc\.tcp://127\.0\.0\.1:(\d+)", text)))
    for old, new in zip(written, free_ports(len(written)), strict=True):
        text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    to.write_text(text, encoding="utf-8")
    return to


@dataclass
class Line:
    """A running `pilotline up`.

    Attributes:
        url: where its pages are.
        logins: the demo logins by role; customers are ``customer-1`` and ``customer-2``.
    """

    process: subprocess.Popen[str]
    url: str
    logins: dict[str, dict[str, str]]
    _events: "queue.Queue[dict[str, Any] | None]"

    def until(self, event: str, within_s: float = START_WITHIN_S) -> dict[str, Any]:
        """Return the next event of this name."""
        return _until(self._events, event, within_s)

    def part(self, words: str) -> psutil.Process:
        """Return the process of a part, named by words of its command line, as ``edge run``."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if words in " ".join(child.cmdline()):
                return child
        raise LookupError(words)

    def has(self, words: str) -> bool:
        """Return whether a part runs."""
        try:
            return self.part(words).is_running()
        except (LookupError, psutil.NoSuchProcess):
            return False

    @contextmanager
    def client(self, login: str) -> Iterator[httpx.Client]:
        """Yield an HTTP client that is signed in."""
        who = self.logins[login]
        with httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"Origin": self.url}, timeout=10.0
        ) as client:
            body = {"email": who["email"], "password": who["password"]}
            client.post("/session", json=body).raise_for_status()
            yield client

    def stop(self) -> float:
        """Press Ctrl-C and return the seconds until everything has ended."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(15)
        return time.monotonic() - begun


def _until(
    events: "queue.Queue[dict[str, Any] | None]", event: str, within_s: float
) -> dict[str, Any]:
    deadline = time.monotonic() + within_s
    while True:
        heard = events.get(timeout=max(0.0, deadline - time.monotonic()))
        if heard is None:
            raise AssertionError(f"pilotline up ended before it told {event!r}")
        if heard["event"] == event:
            return heard


def _follow(process: subprocess.Popen[str], events: "queue.Queue[dict[str, Any] | None]") -> None:
    assert process.stdout is not None
    for text in process.stdout:
        events.put(json.loads(text))
    events.put(None)


def _by_role(logins: Sequence[dict[str, str]]) -> dict[str, dict[str, str]]:
    named: dict[str, dict[str, str]] = {}
    customers = 0
    for login in logins:
        if login["role"] == "customer":
            customers += 1
            named[f"customer-{customers}"] = login
        else:
            named[login["role"]] = login
    return named


@contextmanager
def running_line(plant: Path, data: Path, *words: str) -> Iterator[Line]:
    """Run `pilotline up` on a plant file until the block ends."""
    (port,) = free_ports(1)
    command = [
        *(sys.executable, "-m", "pilotline", "up", "--json"),
        *("--plant", str(plant), "--data", str(data), "--port", str(port), *words),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        listener = threading.Thread(target=_follow, args=(process, events), daemon=True)
        listener.start()
        try:
            up = _until(events, "up", START_WITHIN_S)
            yield Line(process, up["url"], _by_role(up["logins"]), events)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(15)
            listener.join(5)

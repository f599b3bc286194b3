"""What holds for every test: it has its turn, and nothing it starts outlives it."""

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.turns import Turns

_SETTLE_S = 2.0


def _children() -> set[str]:
    """Direct children only: a browser held by a wider fixture starts and ends its own."""
    return {
        f"process {child.pid}: {child.name()}"
        for child in psutil.Process().children()
        if child.is_running() and child.status() != psutil.STATUS_ZOMBIE
    }


def _sockets() -> set[str]:
    return {
        f"socket {each.laddr} -> {each.raddr}"
        for each in psutil.Process().net_connections(kind="inet")
        if each.status in (psutil.CONN_LISTEN, psutil.CONN_ESTABLISHED)
    }


def _threads() -> set[str]:
    return {
        f"thread {thread.name}"
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread()
    }


_WATCHED: tuple[Callable[[], set[str]], ...] = (_children, _sockets, _threads)


def _left(before: list[set[str]]) -> list[str]:
    return sorted(
        each for then, look in zip(before, _WATCHED, strict=True) for each in look() - then
    )


class _AsyncioComplaints(logging.Handler):
    """Collects what asyncio says of tasks nobody awaited and errors nobody read."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage().splitlines()[0])


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """Fail a test that leaves a process, socket, thread or task behind.

    Fixtures of a wider scope are set up before this one, so what they hold is not counted.
    """
    before = [look() for look in _WATCHED]
    complaints = _AsyncioComplaints()
    logging.getLogger("asyncio").addHandler(complaints)
    yield
    logging.getLogger("asyncio").removeHandler(complaints)
    deadline = time.monotonic() + _SETTLE_S
    left = _left(before)
    while left and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.05)
        left = _left(before)
    left += complaints.said
    if left:
        pytest.fail("left running: " + "; ".join(left), pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Run tests marked `alone` while no other worker runs any; outside of their time limit."""
    if not hasattr(item.config, "workerinput"):
        return (yield)
    shared = item.config._tmp_path_factory.getbasetemp().parent  # type: ignore[attr-defined]
    with Turns(shared).turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)

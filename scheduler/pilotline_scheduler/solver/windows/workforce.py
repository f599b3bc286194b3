"""Who decides windows elsewhere: a process pool, a Dask cluster, or any other executor."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from typing import ParamSpec, TypeVar

import structlog

from pilotline_scheduler.errors import SolveError
from pilotline_scheduler.solver.windows.worker import begin, warm_up

log = structlog.get_logger(__name__)

_CONNECT_S = 5.0
_STOP_S = 1.0
"""Seconds that processes get to stop by themselves."""
_MOST_RESTARTS = 20
_COUNTED_EVERY_S = 3.0
_COUNT_S = 0.5
"""Longest wait for a cluster to say how many threads it has."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Workforce:
    """An executor with what is known of it.

    Attributes:
        executor: runs jobs; it may lose them, be slow, or die.
        slots: tells how many windows can be worked on at once.
        name: such as ``the cluster at tcp://10.0.0.4:8786``, for logs and messages.
    """

    executor: Executor
    slots: Callable[[], int]
    name: str

    @classmethod
    def of(cls, executor: "Executor | Workforce") -> "Workforce":
        """Return any executor as a workforce; it is given a window per core of this machine."""
        if isinstance(executor, Workforce):
            return executor
        cores = os.cpu_count() or 1
        return cls(executor, lambda: cores, f"the {type(executor).__name__}")


@dataclass(frozen=True, slots=True)
class Help:
    """What a solve gets besides its own threads, in words that cross processes.

    Attributes:
        processes: processes on this machine, or None.
        cluster: address of a Dask scheduler, or None.
    """

    processes: int | None = None
    cluster: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            SolveError: both are asked for, or no processes.
        """
        if self.processes is not None and self.cluster is not None:
            message = "windows go to processes or to a cluster, not both; leave one out"
            raise SolveError(message)
        if self.processes is not None and self.processes < 1:
            message = f"at least one process is needed, not {self.processes}"
            raise SolveError(message)

    def workforce(self) -> "AbstractContextManager[Workforce | None]":
        """Return the workforce while it is needed; None where there is none."""
        if self.processes is not None:
            return processes(self.processes)
        return nullcontext(None) if self.cluster is None else cluster(self.cluster)


class _Pool(Executor):
    """A process pool that is made anew when one of its processes dies, a few times.

    Characteristics:
        restarts: twenty; then it refuses, as any pool does that is broken.
        lost: all that was out when a process died.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.Event()
        self._restarts = 0
        self._lock = threading.Lock()
        self._pool = self._begun()

    def submit(
        self,
        fn: Callable[_Arguments, _Result],
        /,
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> Future[_Result]:
        """Run a job in one of the processes.

        Raises:
            BrokenProcessPool: processes died too often.
        """
        with self._lock:
            try:
                return self._pool.submit(fn, *args, **kwargs)
            except BrokenProcessPool:
                if self._restarts == _MOST_RESTARTS:
                    raise
                self._restarts += 1
                log.warning("pool.restarted", processes=self._count, restarts=self._restarts)
                self._pool = self._begun()
                return self._pool.submit(fn, *args, **kwargs)

    def _begun(self) -> ProcessPoolExecutor:
        """Return a new pool whose processes begin at once to import what they need."""
        pool = ProcessPoolExecutor(
            self._count, mp_context=self._context, initializer=begin, initargs=(self._stop,)
        )
        for _ in range(self._count):
            pool.submit(warm_up)
        return pool

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all processes, whether or not they still do as they are told."""
        del wait, cancel_futures
        self._stop.set()
        running = list((self._pool._processes or {}).values())  # noqa: SLF001 - kill_workers() is of 3.14
        self._pool.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + _STOP_S
        for process in running:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join(_STOP_S)


@contextmanager
def processes(count: int) -> Iterator[Workforce]:
    """Keep a pool of processes on this machine.

    The caller's main module must be importable, as for every process pool.
    """
    with _Pool(count) as pool:
        yield Workforce(pool, lambda: count, f"the pool of {count} processes")


@contextmanager
def cluster(address: str) -> Iterator[Workforce]:
    """Keep a connection to a Dask cluster; one that cannot be reached refuses every window.

    Args:
        address: of the scheduler, such as ``tcp://10.0.0.4:8786``.

    Raises:
        SolveError: Dask is not installed.
    """
    try:
        distributed = import_module("distributed")
    except ImportError as error:
        message = "a cluster needs Dask: pip install 'pilotline[cluster]'"
        raise SolveError(message) from error
    try:
        client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        yield Workforce(_Unreachable(str(error)), lambda: 1, _named(address))
        return
    try:
        executor: Executor = client.get_executor(pure=False)
        threads = _Threads(
            lambda: client.sync(client.scheduler.identity, n_workers=0, callback_timeout=_COUNT_S)
        )
        yield Workforce(executor, threads, _named(address))
    finally:
        client.close(timeout=_STOP_S)


class _Unreachable(Executor):
    """Stands for a cluster that there is no connection to."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def submit(
        self,
        fn: Callable[_Arguments, _Result],
        /,
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> Future[_Result]:
        """Refuse.

        Raises:
            ConnectionError: always.
        """
        raise ConnectionError(self._reason)


def _named(address: str) -> str:
    return f"the cluster at {address}"


class _Threads:
    """Tells how many threads a cluster's workers have; workers come and go.

    Args:
        identity: asks the scheduler what it knows of itself.
    """

    def __init__(self, identity: Callable[[], Mapping[str, int]]) -> None:
        self._identity = identity
        self._count = 0
        self._counted = -_COUNTED_EVERY_S

    def __call__(self) -> int:
        """Return the number, or the last one known where the cluster does not answer."""
        now = time.monotonic()
        if now - self._counted >= _COUNTED_EVERY_S:
            self._counted = now
            try:
                self._count = self._identity()["total_threads"]
            except (OSError, TimeoutError) as error:
                log.warning("cluster.silent", reason=str(error) or repr(error))
        return self._count

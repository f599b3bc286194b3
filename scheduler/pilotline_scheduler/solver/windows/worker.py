"""What runs elsewhere: decides one window at a time and keeps nothing but compiled problems."""

import os
import threading
import time
from collections import OrderedDict
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.synchronize import Event

from pilotline_scheduler.solver.instance import Instance, objective
from pilotline_scheduler.solver.windows.job import Parcel, WindowJob, WindowResult
from pilotline_scheduler.solver.windows.merge import Change, changes_between

_MOST_KEPT = 4


class Store:
    """Compiled problems by digest, newest kept.

    Characteristics:
        bound: the four used last.
        overflow: the one unused for longest goes; it is sent again when it is needed.
        thread-safe: yes.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Instance] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, digest: str, parcel: Parcel | None) -> Instance | None:
        """Return the instance of a digest, from its parcel if there is one, or None."""
        with self._lock:
            found = self._kept.get(digest)
            if found is None and parcel is not None:
                found = parcel.instance()
            if found is not None:
                self._kept[digest] = found
                self._kept.move_to_end(digest)
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
            return found


_STORE = Store()
_STOP: list[Event] = []
"""Set by the parent of a process pool when nobody waits for windows any more."""


def decide_window(job: WindowJob) -> WindowResult:
    """Decide one window; any process that can import this module may run it."""
    from pilotline_scheduler.solver.cp_model.run import Conditions, decide

    instance = _STORE.find(job.digest, job.parcel)
    if instance is None:
        return WindowResult(known=False)
    began = time.monotonic()
    conditions = Conditions(
        left_s=lambda: began + job.effort.seconds - time.monotonic(),
        stopped=lambda: any(stop.is_set() for stop in _STOP),
        seed=job.seed,
    )
    outcome = decide(instance, job.scope, job.level, job.effort, conditions)
    base, schedule = job.scope.base, outcome.schedule
    changes: tuple[Change, ...] = ()
    if (
        base is not None
        and schedule is not None
        and objective(instance, schedule) < objective(instance, base)
    ):
        changes = changes_between(base, schedule)
    return WindowResult(
        known=True,
        changes=changes,
        complete=outcome.complete,
        infeasible=outcome.infeasible,
        took_s=time.monotonic() - began,
    )


def warm_up() -> int:
    """Import what a window needs; return the id of the process."""
    import_module("pilotline_scheduler.solver.cp_model.run")
    return os.getpid()


def begin(stop: Event) -> None:
    """Prepare a process of a pool: it ends with its parent, and stops when told."""
    _STOP.append(stop)
    threading.Thread(target=_end_with_parent, name="pilotline-lifeline", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

"""The worker: takes solves from the queue and the table, one at a time."""

import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

import structlog
from huey.consumer import Consumer
from sqlalchemy.exc import SQLAlchemyError

from pilotline_api.kit.base import utc_now
from pilotline_api.kit.database import Database
from pilotline_api.migrations import migrate
from pilotline_api.settings import Settings
from pilotline_api.solves.job import SolveJob, Solver
from pilotline_api.solves.queue import SolveQueue
from pilotline_api.solves.service import end_abandoned, queued_solves
from pilotline_plant.reading import read_plant
from pilotline_scheduler.solver import solve_in_child

_SWEEP_S = 2.0

_log = structlog.get_logger("pilotline.api.worker")


def run_worker(settings: Settings, solver: Solver = solve_in_child) -> None:
    """Run solves until SIGINT or SIGTERM; one that runs then is stopped and its best plan kept."""
    plant = read_plant(settings.plant)
    settings.data.mkdir(parents=True, exist_ok=True)
    stopping = threading.Event()
    with closing(Database(settings.database)) as database:
        migrate(database)
        job = SolveJob(settings, plant, database, solver, stopping.is_set)
        with closing(SolveQueue(settings.jobs, job)) as queue, _consuming(queue.consumer()):
            _on_signal(stopping)
            _log.info("worker.started", jobs=str(settings.jobs))
            while not stopping.wait(_SWEEP_S):
                _sweep(database, queue)
        _log.info("worker.stopped")


@contextmanager
def _consuming(consumer: Consumer) -> Iterator[None]:
    consumer.start()
    try:
        yield
    finally:
        consumer.stop(graceful=True)


def _on_signal(stopping: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def _sweep(database: Database, queue: SolveQueue) -> None:
    """End solves of workers that are gone, and take queued ones whose wake-up was lost."""
    try:
        end_abandoned(database, utc_now())
        with database.reading() as session:
            waiting = queued_solves(session)
    except SQLAlchemyError as error:
        _log.warning("worker.not_swept", error=str(error))
        return
    for solve_id in waiting:
        queue.ask(solve_id)

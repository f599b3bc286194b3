"""The application: parts opened at start, routers by noun, middleware, pages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware

from pilotline_api.accounts import endpoints as accounts
from pilotline_api.accounts.rate_limit import SignInLimiter
from pilotline_api.accounts.service import ensure_organisations
from pilotline_api.alarms import endpoints as alarms
from pilotline_api.bookings import endpoints as bookings
from pilotline_api.feeds import endpoints as feeds
from pilotline_api.health import endpoints as health
from pilotline_api.history import endpoints as history
from pilotline_api.housekeeping import keep_house
from pilotline_api.kit import openapi, pages, problem
from pilotline_api.kit.database import Database
from pilotline_api.kit.middleware import BodyLimit, Failures, SameSite, SecurityHeaders
from pilotline_api.kit.pages import PageRules
from pilotline_api.kit.request_id import RequestId
from pilotline_api.kit.services import Services
from pilotline_api.live import endpoints as live
from pilotline_api.live.parts import live_parts
from pilotline_api.live.supervisor import keep_running
from pilotline_api.migrations import migrate
from pilotline_api.plans import endpoints as plans
from pilotline_api.plant import endpoints as plant
from pilotline_api.runs import endpoints as runs
from pilotline_api.settings import Settings
from pilotline_api.slots import endpoints as slots
from pilotline_api.solves import endpoints as solves
from pilotline_api.solves.queue import SolveQueue
from pilotline_historian import open_historian
from pilotline_plant import Plant
from pilotline_plant.reading import read_plant

_log = structlog.get_logger("pilotline.api")

ROUTERS: tuple[APIRouter, ...] = (
    accounts.router,
    plant.router,
    runs.router,
    slots.router,
    bookings.router,
    plans.router,
    solves.router,
    feeds.router,
    live.router,
    alarms.router,
    history.router,
    health.router,
)
"""Every noun's operations, below ``/api/v1``."""


def create_app(settings: Settings) -> FastAPI:
    """Return the application.

    The plant file is read at once, so its mistakes show before anything listens.

    Raises:
        PlantFileError: the plant file has mistakes.
        BrokerAddressError: live values cannot be read from the broker in the settings.
    """
    equipment = read_plant(settings.plant)
    if settings.live_url is not None:
        from pilotline_api.live.broker_feed import checked

        checked(settings.live_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings.data.mkdir(parents=True, exist_ok=True)
        with (
            closing(Database(settings.database)) as database,
            closing(open_historian(settings.historian)) as historian,
        ):
            await run_in_threadpool(_prepare, database, equipment)
            services = Services(settings, equipment, database, historian)
            app.state.services = services
            app.state.solve_queue = SolveQueue(settings.jobs)
            async with live_parts(services) as app.state.live, _housekeeping(database):
                yield

    app = FastAPI(
        title="Pilotline",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        generate_unique_id_function=openapi.operation_id,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.sign_in_limiter = SignInLimiter()
    problem.install(app)
    openapi.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix="/api/v1")
    pages.install(app)
    _add_middleware(app, settings)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    # Added last is outermost: every answer carries an id and the security headers.
    app.add_middleware(Failures)
    app.add_middleware(SameSite, public_url=settings.public_url)
    app.add_middleware(BodyLimit)
    app.add_middleware(PageRules)
    app.add_middleware(GZipMiddleware, minimum_size=2_000)
    app.add_middleware(SecurityHeaders, secure=settings.secure_cookies)
    app.add_middleware(RequestId)


@asynccontextmanager
async def _housekeeping(database: Database) -> AsyncIterator[None]:
    task = asyncio.create_task(keep_running("housekeeping", lambda: keep_house(database)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _prepare(database: Database, equipment: Plant) -> None:
    migrate(database)
    if database.backend == "postgresql" and not database.walls_hold():
        _log.warning("database.role_bypasses_row_security", advice="connect as an ordinary role")
    with database.writing() as session:
        ensure_organisations(session, equipment)

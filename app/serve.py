"""The service and its worker: the part of the composition root that only they need."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from app.api.router import add_routes
from app.api.service import Rules, Service
from app.errors import Conflict, MgeError, StackError, StoreDown
from app.graph import migrate as graph_migrate
from app.graph.connect import Graph
from app.jobs.queue import open_queue, work
from app.main import (
    indexers,
    mode_environment,
    open_graph,
    open_pool,
    open_provider,
    read_rules,
    workspaces,
)
from app.modes.watch import ModeHolder, refresh, watch
from app.plans.live import feed_history
from app.postgres import migrate as sql_migrate
from app.postgres.connect import Pool
from app.settings import Settings
from app.sync.relay import run_applier
from app.worker.context import WorkerContext
from app.worker.run import run_job, sweep

_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 10.0
_GRACE_SECONDS: Final = 10

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def create_app(settings: Settings, *, worker: bool = True) -> FastAPI:
    """The service; it stays up while a store is down, and takes the store up again when it answers.

    ``worker``: whether it also runs the jobs.
    """
    service = Service(_rules(settings), ModeHolder(mode_environment(settings)))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            async with _running(service, settings, worker=worker):
                yield
        except MgeError as error:
            service.refused = error
            raise

    app = FastAPI(
        title="MGE V2",
        summary="A code base as a graph of atoms, and what depends on what.",
        version="2",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    add_routes(app, service)
    return app


def run_service(settings: Settings, host: str, port: int) -> None:
    """Serve and run jobs until SIGTERM or Ctrl-C.

    Raises `MigrationError` where a store was migrated otherwise, `InputError` for a bad address of one, and
    `StackError` where the port is taken.
    """
    _log_as_json()
    app = create_app(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    try:
        server.run()
    except SystemExit as error:
        raise StackError(
            f"cannot listen on {host}:{port}",
            hint="choose another port with --port, or stop what listens there",
        ) from error
    refused = app.state.service.refused
    if refused is not None:
        raise refused


def run_worker(settings: Settings) -> None:
    """Run jobs until SIGTERM or Ctrl-C, without the service; raises as `run_service` does."""
    _log_as_json()
    service = Service(_rules(settings), ModeHolder(mode_environment(settings)))

    async def run() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with _running(service, settings, worker=True):
            await stopped.wait()

    asyncio.run(run())


def worker_context(
    settings: Settings, pool: Pool, current_graph: Callable[[], Graph | None], modes: ModeHolder
) -> WorkerContext:
    """What a worker of these settings works with."""
    return WorkerContext(
        current_graph=current_graph,
        pool=pool,
        rules=read_rules(settings),
        uploads=_rules(settings).uploads,
        import_root=settings.mge_import_root,
        parsers=settings.mge_workers or os.cpu_count() or 1,
        indexers=indexers(settings),
        memory=settings.mge_home / "memory",
        workspaces=workspaces(settings),
        parallel_tasks=lambda tenant_id: modes.current(tenant_id).limits.mvp_max_parallel_tasks,
        open_provider=partial(open_provider, settings),
    )


def _rules(settings: Settings) -> Rules:
    return Rules(
        hosts=frozenset(
            name.strip().lower() for name in settings.mge_allowed_hosts.split(",") if name.strip()
        ),
        uploads=settings.mge_home.absolute() / "uploads",
        workspaces=workspaces(settings),
        import_root=settings.mge_import_root,
        max_upload_bytes=settings.mge_max_upload_bytes,
    )


@asynccontextmanager
async def _running(service: Service, settings: Settings, *, worker: bool) -> AsyncIterator[None]:
    """Keep the stores open, and the worker at work; both were tried once when the block begins."""
    graph_tried, pool_tried = asyncio.Event(), asyncio.Event()
    keepers = [
        asyncio.create_task(_keep(service, "neo4j", lambda: _graph_for(service, settings), graph_tried)),
        asyncio.create_task(_keep(service, "postgres", lambda: _pool_for(service, settings), pool_tried)),
    ]
    working: list[asyncio.Task[None]] = []
    try:
        tried = asyncio.create_task(_all_set(graph_tried, pool_tried))
        await asyncio.wait([tried, *keepers], return_when=asyncio.FIRST_COMPLETED)
        for keeper in keepers:
            if keeper.done():
                tried.cancel()
                keeper.result()
        if worker:
            working.append(asyncio.create_task(_keep_working(service, settings)))
        yield
    finally:
        for group in (working, [*service.background], keepers):
            for task in group:
                task.cancel()
            await asyncio.gather(*group, return_exceptions=True)


async def _all_set(*events: asyncio.Event) -> None:
    for event in events:
        await event.wait()


async def _keep(
    service: Service, store: str, hold: Callable[[], AbstractAsyncContextManager[None]], tried: asyncio.Event
) -> None:
    """Hold a store open; try again while it does not answer. What is wrong at the first try is raised."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            async with hold():
                service.troubles.pop(store, None)
                log.info("store answers", store=store)
                tried.set()
                await asyncio.Event().wait()
        except MgeError as error:
            if not tried.is_set() and not isinstance(error, StoreDown | StackError | Conflict):
                raise
            service.troubles[store] = str(error)
            log.warning("store does not answer", store=store, reason=str(error), seconds=pause)
        tried.set()
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


@asynccontextmanager
async def _graph_for(service: Service, settings: Settings) -> AsyncIterator[None]:
    async with open_graph(settings) as graph:
        await graph_migrate.up(graph, graph_migrate.list_migrations())
        service.graph = graph
        try:
            yield
        finally:
            service.graph = None


@asynccontextmanager
async def _pool_for(service: Service, settings: Settings) -> AsyncIterator[None]:
    async with open_pool(settings) as pool, open_queue(pool) as queue:
        await sql_migrate.up(pool, sql_migrate.list_migrations())
        await refresh(pool, service.modes)
        service.pool, service.queue = pool, queue
        watching = [
            asyncio.create_task(watch(pool, service.modes)),
            asyncio.create_task(_feed(pool, service)),
            asyncio.create_task(run_applier(pool, lambda: service.graph)),
        ]
        try:
            yield
        finally:
            service.pool = service.queue = None
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)


async def _feed(pool: Pool, service: Service) -> None:
    """Wake who follows a plan; while the database is away, they look by themselves."""
    while True:
        try:
            await feed_history(pool, service.feed)
        except StoreDown as error:
            log.warning("notifications of plans' histories are interrupted", reason=str(error))
        await asyncio.sleep(_FIRST_PAUSE_SECONDS)


async def _keep_working(service: Service, settings: Settings) -> None:
    """Run jobs whenever Postgres answers; those that need Neo4j wait for it."""
    while True:
        pool = service.pool
        if pool is not None:
            context = worker_context(settings, pool, lambda: service.graph, service.modes)
            try:
                await work(pool, partial(run_job, context), partial(sweep, context))
            except MgeError as error:
                log.warning("worker stopped, and begins again", reason=str(error))
        await asyncio.sleep(_FIRST_PAUSE_SECONDS)


def _log_as_json() -> None:
    """One JSON object a line on stderr, also for what the libraries say."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    # Says again what the worker says of its jobs.
    logging.getLogger("procrastinate").setLevel(logging.WARNING)

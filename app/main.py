"""The composition root: from the settings to the stores, the service and its worker."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI
from rich.console import Console

from app.api.router import add_routes
from app.api.service import TENANT, Rules, Service
from app.errors import Conflict, MgeError, StackError, StoreDown
from app.graph import connect as neo4j
from app.graph import migrate as graph_migrate
from app.graph.connect import Graph
from app.indexes.port import Indexer
from app.indexes.scip import ScipIndexer
from app.indexes.typescript import LOCK, TypeScriptIndexer
from app.parse.languages import LANGUAGES
from app.pipeline.indexing import own_packages
from app.plans import connect as sql
from app.plans import migrate as sql_migrate
from app.plans.connect import Pool
from app.queue.jobs import open_queue, work
from app.settings import Settings
from app.sources import ReadRules
from app.stack import Companion, Endpoints, Launch, StackConfig, endpoints
from app.stack.artifacts import fetch, locked
from app.worker.run import Workplace, run_job, sweep

__all__ = [
    "TENANT",
    "Stores",
    "api_companion",
    "create_app",
    "indexers",
    "migrate_stores",
    "open_stores",
    "read_rules",
    "run_service",
    "run_worker",
    "stack_config",
    "store_migrations",
]

_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 10.0
_GRACE_SECONDS: Final = 10

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stores:
    """The two stores, migrated. ``pool`` is None where only the graph was asked for."""

    graph: Graph
    pool: Pool | None


def stack_config(settings: Settings) -> StackConfig:
    """What the embedded stack is told."""
    return StackConfig(
        home=settings.mge_home,
        cache=settings.mge_cache,
        bolt_port=settings.mge_bolt_port,
        http_port=settings.mge_http_port,
        heap_mb=settings.mge_neo4j_heap_mb,
        neo4j_uri=settings.neo4j_uri,
        neo4j_user=settings.neo4j_user,
        neo4j_password=settings.neo4j_password.get_secret_value() if settings.neo4j_password else None,
        database_url=settings.database_url.get_secret_value() if settings.database_url else None,
    )


def api_companion(settings: Settings) -> Companion:
    """The service as a part of the stack."""

    def launch(found: Endpoints, port: int) -> Launch:
        return Launch(
            [sys.executable, "-m", "app", "serve", "--port", str(port)],
            {
                "NEO4J_URI": found.neo4j_uri,
                "NEO4J_USER": found.neo4j_user,
                "NEO4J_PASSWORD": found.neo4j_password,
                "DATABASE_URL": found.database_url,
            },
        )

    return Companion("api", 8000, settings.mge_api_port, launch, "/api/health")


def indexers(settings: Settings, *, types: bool = True, scip: Sequence[Path] = ()) -> tuple[Indexer, ...]:
    """Who is asked what names mean, before the service's own resolver: ``scip`` files, then compilers."""

    def compiler() -> Path:
        console = Console(stderr=True)
        return fetch(locked(LOCK), settings.mge_cache / "jars", console, what="TypeScript")[0]

    given: list[Indexer] = [ScipIndexer(path) for path in scip]
    if types:
        given.append(TypeScriptIndexer(compiler, settings.mge_cache / "typescript", own_packages))
    return tuple(given)


def read_rules(settings: Settings, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> ReadRules:
    """What an import may read, and how much."""
    return ReadRules(
        readable=frozenset(LANGUAGES),
        max_files=settings.mge_max_files,
        max_file_bytes=settings.mge_max_file_bytes,
        max_total_bytes=settings.mge_max_total_bytes,
        max_archive_ratio=settings.mge_max_archive_ratio,
        configs=("package.json", "tsconfig*.json", "jsconfig*.json"),
        include=include,
        exclude=exclude,
    )


@asynccontextmanager
async def open_stores(settings: Settings, *, postgres: bool = True) -> AsyncIterator[Stores]:
    """The stores, up to date: those of the settings, or else of the embedded stack that runs.

    Raises `StackError` where the embedded stack does not run, `StoreDown`, `InputError` for a bad address, and
    what the migrations raise.
    """
    async with AsyncExitStack() as stack:
        graph = await stack.enter_async_context(_open_graph(settings))
        await graph_migrate.up(graph, graph_migrate.list_migrations())
        pool: Pool | None = None
        if postgres:
            pool = await stack.enter_async_context(_open_pool(settings))
            await sql_migrate.up(pool, sql_migrate.list_migrations())
        yield Stores(graph, pool)


async def migrate_stores(settings: Settings) -> int:
    """Apply what is pending in both stores; how many migrations those were. Raises as `open_stores` does."""
    async with _open_graph(settings) as graph, _open_pool(settings) as pool:
        applied = [
            *await graph_migrate.up(graph, graph_migrate.list_migrations()),
            *await sql_migrate.up(pool, sql_migrate.list_migrations()),
        ]
    return len(applied)


async def store_migrations(settings: Settings) -> list[dict[str, str]]:
    """The migrations of both stores: store, version, description, source, state. Raises as `open_stores` does."""
    async with _open_graph(settings) as graph, _open_pool(settings) as pool:
        of_graph = await graph_migrate.status(graph, graph_migrate.list_migrations())
        of_sql = await sql_migrate.status(pool, sql_migrate.list_migrations())
    return [
        {"store": store, **{name: str(value) for name, value in asdict(one).items()}}
        for store, found in (("neo4j", of_graph), ("postgres", of_sql))
        for one in found
    ]


def create_app(settings: Settings, *, worker: bool = True) -> FastAPI:
    """The service; it stays up while a store is down, and takes the store up again when it answers.

    ``worker``: whether it also runs the jobs.
    """
    service = Service(_rules(settings))

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
    service = Service(_rules(settings))

    async def run() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with _running(service, settings, worker=True):
            await stopped.wait()

    asyncio.run(run())


def _rules(settings: Settings) -> Rules:
    return Rules(
        hosts=frozenset(
            name.strip().lower() for name in settings.mge_allowed_hosts.split(",") if name.strip()
        ),
        uploads=settings.mge_home.absolute() / "uploads",
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
    async with _open_graph(settings) as graph:
        await graph_migrate.up(graph, graph_migrate.list_migrations())
        service.graph = graph
        try:
            yield
        finally:
            service.graph = None


@asynccontextmanager
async def _pool_for(service: Service, settings: Settings) -> AsyncIterator[None]:
    async with _open_pool(settings) as pool, open_queue(pool) as queue:
        await sql_migrate.up(pool, sql_migrate.list_migrations())
        service.pool, service.queue = pool, queue
        try:
            yield
        finally:
            service.pool = service.queue = None


async def _keep_working(service: Service, settings: Settings) -> None:
    """Run jobs whenever both stores answer."""
    while True:
        graph, pool = service.graph, service.pool
        if graph is not None and pool is not None:
            place = Workplace(
                graph,
                pool,
                read_rules(settings),
                service.rules.uploads,
                service.rules.import_root,
                settings.mge_workers or os.cpu_count() or 1,
                indexers(settings),
                settings.mge_home / "memory",
            )
            try:
                await work(pool, partial(run_job, place), partial(sweep, place))
            except MgeError as error:
                log.warning("worker stopped, and begins again", reason=str(error))
        await asyncio.sleep(_FIRST_PAUSE_SECONDS)


@asynccontextmanager
async def _open_graph(settings: Settings) -> AsyncIterator[Graph]:
    config = stack_config(settings)
    uri, user, password = config.neo4j_uri, config.neo4j_user, config.neo4j_password or ""
    if uri is None:
        found = await asyncio.to_thread(endpoints, config)
        uri, user, password = found.neo4j_uri, found.neo4j_user, found.neo4j_password
    async with neo4j.connect(uri, user, password, settings.neo4j_database) as graph:
        yield graph


@asynccontextmanager
async def _open_pool(settings: Settings) -> AsyncIterator[Pool]:
    config = stack_config(settings)
    url = config.database_url
    if url is None:
        url = (await asyncio.to_thread(endpoints, config)).database_url
    async with sql.connect(url) as pool:
        yield pool


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

"""What the routes work with: the stores as far as they answer, and the rules that requests are held to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import structlog
from fastapi import Depends, Request

from app.errors import MgeError, StoreDown
from app.graph.connect import Graph
from app.jobs.queue import Queue
from app.model.tenant import TENANT
from app.modes.watch import ModeHolder
from app.plans.live import HistoryFeed
from app.postgres.connect import Pool

STATEMENTS_AT_ONCE: Final = 4

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """``hosts`` are names that requests may come for beside the loopback's; the rest is as in the settings."""

    hosts: frozenset[str]
    uploads: Path
    workspaces: Path
    import_root: Path | None
    max_upload_bytes: int


@dataclass(slots=True)
class Service:
    """The service as it is now; a store is None until it answered once, ``troubles`` says why.

    ``refused`` is why the service could not begin at all. ``statements`` are the places for analysts' own statements: each
    takes a process, and memory of the database's.
    """

    rules: Rules
    modes: ModeHolder
    graph: Graph | None = None
    pool: Pool | None = None
    queue: Queue | None = None
    feed: HistoryFeed = field(default_factory=HistoryFeed)
    troubles: dict[str, str] = field(default_factory=dict)
    refused: MgeError | None = None
    background: set[asyncio.Task[object]] = field(default_factory=set)
    statements: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(STATEMENTS_AT_ONCE))


def in_background(service: Service, work: Coroutine[None, None, object]) -> None:
    """Do something after the answer; where it fails, the log says so and nobody waits for it."""
    task: asyncio.Task[object] = asyncio.create_task(_logged(work))
    service.background.add(task)
    task.add_done_callback(service.background.discard)


async def _logged(work: Coroutine[None, None, object]) -> None:
    try:
        await work
    except MgeError as error:
        log.warning("work after an answer failed", reason=str(error))


def _service(request: Request) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


def _graph(request: Request) -> Graph:
    graph = _service(request).graph
    if graph is None:
        raise StoreDown("Neo4j has not answered yet", hint="GET /api/health says why")
    return graph


def require_pool(service: Service) -> Pool:
    """Postgres; `StoreDown` where it has not answered."""
    if service.pool is None:
        raise StoreDown("PostgreSQL has not answered yet", hint="GET /api/health says why")
    return service.pool


def _pool(request: Request) -> Pool:
    return require_pool(_service(request))


def _queue(request: Request) -> Queue:
    queue = _service(request).queue
    if queue is None:
        raise StoreDown("PostgreSQL has not answered yet", hint="GET /api/health says why")
    return queue


def _tenant() -> str:
    """Whose plans a request is about: the one place that a login will answer."""
    return TENANT


TheService: TypeAlias = Annotated[Service, Depends(_service)]
TheGraph: TypeAlias = Annotated[Graph, Depends(_graph)]
ThePool: TypeAlias = Annotated[Pool, Depends(_pool)]
TheQueue: TypeAlias = Annotated[Queue, Depends(_queue)]
Tenant: TypeAlias = Annotated[str, Depends(_tenant)]

"""Whether the service and its stores are up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from time import perf_counter
from typing import Final

from fastapi import APIRouter, Response

from app.api.errors import RETRY_AFTER_SECONDS
from app.api.schemas import Health, StoreHealth
from app.api.service import Service, TheService
from app.errors import StoreDown
from app.graph.connect import Graph, read
from app.jobs.queue import STALLED_SECONDS
from app.jobs.records import count_workers
from app.postgres.connect import Pool, server_version

router = APIRouter(prefix="/api", tags=["service"])

_SECONDS: Final = 3.0


@router.get("/health", responses={503: {"model": Health, "description": "a store is down"}})
async def health(response: Response, service: TheService) -> Health:
    """Each store with its version and latency, and the workers; 503 where a store is down."""
    graph, pool = service.graph, service.pool
    neo4j, postgres = await asyncio.gather(
        _asked(service, "neo4j", None if graph is None else lambda: _graph_version(graph)),
        _asked(service, "postgres", None if pool is None else lambda: server_version(pool)),
    )
    status = "up" if neo4j.status == postgres.status == "up" else "down"
    if status == "down":
        response.status_code = 503
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return Health(
        status="up" if status == "up" else "down",
        version=version("mge"),
        neo4j=neo4j,
        postgres=postgres,
        workers=await _workers(pool) if pool is not None and postgres.status == "up" else None,
    )


async def _asked(service: Service, store: str, ask: Callable[[], Awaitable[str]] | None) -> StoreHealth:
    if ask is None:
        return StoreHealth(status="down", reason=service.troubles.get(store, "it was not asked yet"))
    began = perf_counter()
    try:
        async with asyncio.timeout(_SECONDS):
            answered = await ask()
    except StoreDown as error:
        return StoreHealth(status="down", reason=str(error))
    except TimeoutError:
        return StoreHealth(status="down", reason=f"no answer within {_SECONDS:.0f} s")
    return StoreHealth(status="up", version=answered, latency_ms=round((perf_counter() - began) * 1000, 1))


async def _graph_version(graph: Graph) -> str:
    rows = await read(graph, "service/version")
    return str(rows[0]["version"])


async def _workers(pool: Pool) -> int | None:
    try:
        return await count_workers(pool, STALLED_SECONDS)
    except StoreDown:
        return None

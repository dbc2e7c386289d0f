"""The applier as it runs: woken when the outbox grows, and looking by itself; either store may be away for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from app.errors import MgeError
from app.graph.connect import Graph
from app.postgres.connect import Pool
from app.postgres.rows import listen
from app.sync.applier import apply_batch
from app.sync.statements import sql

_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 3.0  # so long may the graph be back before the applier knows

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def run_applier(pool: Pool, current_graph: Callable[[], Graph | None]) -> None:
    """Apply changes until cancelled, from whatever process first has the turn; where a store is away, wait for it."""
    pause = _FIRST_PAUSE_SECONDS
    told = ""
    while True:
        try:
            async with listen(pool, sql("listen")) as payloads:
                # After LISTEN, so that no change falls between; without a payload it is a look once a second.
                await _drain(pool, current_graph())
                async for _ in payloads:
                    await _drain(pool, current_graph())
                    pause, told = _FIRST_PAUSE_SECONDS, ""
        except MgeError as error:
            if str(error) != told:
                told = str(error)
                log.warning("changes of plans wait for the graph", reason=told)
        except (
            Exception
        ):  # the applier must outlive what nobody expected; its lag tells that it does not get on
            log.exception("the applier failed, and begins again", seconds=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


async def _drain(pool: Pool, graph: Graph | None) -> None:
    if graph is None:
        return
    while True:
        applied = await apply_batch(pool, graph)
        if applied.dead:
            log.error("changes that Neo4j refuses were put aside", rows=applied.dead)
        if not applied.rows:
            return

"""The applier as it runs in the service: it is told of changes, and outlives both stores' absence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from neo4j import AsyncGraphDatabase

from app.graph.connect import Graph
from app.postgres.connect import Pool
from app.sync.relay import run_applier
from app.sync.verify import verify
from tests.integration.graph.plans import ask
from tests.integration.sync.plans import MadePlan, make_plan, sql

PATIENCE_SECONDS = 30.0


@asynccontextmanager
async def applying(pool: Pool, current_graph: Callable[[], Graph | None]) -> AsyncIterator[None]:
    """The applier at work."""
    task = asyncio.create_task(run_applier(pool, current_graph))
    try:
        yield
    finally:
        assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def seconds_until_mirrored(graph: Graph, plan: MadePlan) -> float:
    """How long it takes until the graph has all subtasks of the plan."""
    began = time.perf_counter()
    while True:
        rows = await ask(
            graph, "MATCH (n:Subtask {plan_id: $id}) RETURN count(n) AS subtasks", id=plan.plan_id
        )
        if rows[0]["subtasks"] == len(plan.subtasks):
            return time.perf_counter() - began
        assert time.perf_counter() - began < PATIENCE_SECONDS
        await asyncio.sleep(0.02)


async def test_what_is_there_and_what_comes_is_applied(pool: Pool, graph: Graph, tenant: str) -> None:
    first = await make_plan(pool, tenant)
    async with applying(pool, lambda: graph):
        await seconds_until_mirrored(graph, first)
        for _ in range(3):
            await seconds_until_mirrored(graph, await make_plan(pool, tenant))
    assert (await verify(pool, graph, tenant)).differences == ()


async def test_it_goes_on_when_the_stores_are_back(pool: Pool, graph: Graph, tenant: str) -> None:
    async with AsyncGraphDatabase.driver("bolt://127.0.0.1:9", auth=("neo4j", "x")) as nowhere:
        current: list[Graph | None] = [None]
        async with applying(pool, lambda: current[0]):
            plan = await make_plan(pool, tenant)
            await asyncio.sleep(1.5)
            current[0] = replace(graph, driver=nowhere)
            await asyncio.sleep(2.5)
            current[0] = graph
            await seconds_until_mirrored(graph, plan)
            ended = await sql(
                pool,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            assert ended
            await seconds_until_mirrored(graph, await make_plan(pool, tenant))
    assert (await verify(pool, graph, tenant)).differences == ()

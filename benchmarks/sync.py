"""How fast changes of plans come to the graph, and what it takes to verify, repair and rebuild the mirror.

    python -m benchmarks.sync [--plans 20] [--tasks 120] [--changes 200]

Needs a running stack (`mge up`). Works in a Postgres database of its own and with plans of a tenant of its own, and
removes both.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from random import Random
from typing import LiteralString
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier

from app.graph.connect import Graph
from app.graph.migrate import list_migrations as graph_migrations
from app.graph.migrate import up as migrate_graph
from app.main import open_graph, stack_config
from app.postgres.connect import Pool, connect, transaction
from app.postgres.migrate import list_migrations, up
from app.settings import Settings
from app.stack import endpoints
from app.sync.applier import apply_batch
from app.sync.relay import run_applier
from app.sync.verify import rebuild, repair, verify
from tests.integration.graph.plans import ask, change
from tests.integration.sync.plans import MadePlan, make_plan

DAMAGED: LiteralString = (
    "MATCH (n:Task|Subtask {tenant_id: $tenant}) WITH n ORDER BY n.subtask_id, n.task_id "
    "WITH collect(n) AS nodes UNWIND range(0, size(nodes) - 1, 100) AS place WITH nodes[place] AS n, place "
    "CALL (n, place) { WITH n, place WHERE place % 200 = 0 DETACH DELETE n } "
    "CALL (n, place) { WITH n, place WHERE place % 200 <> 0 SET n.name = 'by hand' }"
)


@contextmanager
def new_database(address: str) -> Iterator[str]:
    """The address of a new Postgres database, gone when the block ends."""
    name = f"benchmark_{uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield urlsplit(address)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@asynccontextmanager
async def stores() -> AsyncIterator[tuple[Pool, Graph]]:
    """The stack's graph, and an empty database that is up to date."""
    settings = Settings()
    config = stack_config(settings)
    with new_database(config.database_url or endpoints(config).database_url) as address:
        async with open_graph(settings) as graph, connect(address) as pool:
            await migrate_graph(graph, graph_migrations())
            await up(pool, list_migrations())
            yield pool, graph


async def run_sql(pool: Pool, statement: LiteralString, *values: object) -> int:
    async with transaction(pool) as connection:
        return (await connection.execute(statement, values)).rowcount


async def drained(pool: Pool, graph: Graph, what: str) -> None:
    """Apply all that waits, and print how fast that was."""
    rows = batches = 0
    began = time.perf_counter()
    while done := (await apply_batch(pool, graph)).rows:
        rows, batches = rows + done, batches + 1
    seconds = time.perf_counter() - began
    print(
        f"{what:<44}{rows:>8,} changes {seconds:>7.2f} s {rows / seconds:>9,.0f} changes/s {batches:>4} batches"
    )


async def timed(what: str, work: Callable[[], Awaitable[str]]) -> None:
    began = time.perf_counter()
    said = await work()
    print(f"{what:<44}{time.perf_counter() - began:>24.2f} s  {said}")


async def measure_lag(pool: Pool, graph: Graph, plans: list[MadePlan], changes: int) -> None:
    """From the commit of one change to its being seen in the graph, with the applier as it runs in the service."""
    chance = Random(18)
    waits: list[float] = []
    applier = asyncio.create_task(run_applier(pool, lambda: graph))
    for number in range(changes):
        task = chance.choice(chance.choice(plans).tasks)
        await asyncio.sleep(chance.random() / 10)
        await run_sql(
            pool, "UPDATE masterplan_tasks SET last_error = %s WHERE task_id = %s", str(number), task
        )
        began = time.perf_counter()
        while True:
            rows = await ask(
                graph, "MATCH (n:Task {task_id: $id}) RETURN n.last_error AS error", id=str(task)
            )
            if rows[0]["error"] == str(number):
                break
        waits.append(time.perf_counter() - began)
    applier.cancel()
    with suppress(asyncio.CancelledError):
        await applier
    waits.sort()
    print(
        f"{'lag of single changes':<44}{changes:>8,} changes  median {statistics.median(waits) * 1000:,.0f} ms, "
        f"95 % {waits[int(len(waits) * 0.95)] * 1000:,.0f} ms, most {waits[-1] * 1000:,.0f} ms"
    )


async def measure(plans: int, tasks: int, changes: int) -> None:
    tenant = f"benchmark-{uuid4().hex}"
    async with stores() as (pool, graph):
        made = [
            await make_plan(pool, tenant, tasks=tasks, subtasks=4, name=f"plan {n}") for n in range(plans)
        ]

        async def verified() -> str:
            found = await verify(pool, graph, tenant)
            rows = sum(each.rows for each in found.plans)
            differ = len(found.differences) + len(found.pending)
            return f"{rows:,} rows, {rows / found.seconds:,.0f} rows/s, {differ:,} differences"

        async def repaired() -> str:
            done = await repair(pool, graph, tenant)
            return f"{len(done.mended):,} differences put right, {len(done.remaining):,} left"

        async def rebuilt() -> str:
            done = await rebuild(pool, graph, tenant)
            return f"{done.rows:,} rows, {done.rows / done.seconds:,.0f} rows/s"

        try:
            await drained(pool, graph, f"{plans} new plans of {tasks} tasks")
            for number in range(5):
                await run_sql(pool, "UPDATE masterplan_tasks SET retry_count = %s", number)
            await drained(pool, graph, "each task changed five times, one backlog")
            await measure_lag(pool, graph, made, changes)
            await timed("verify", verified)
            await change(graph, DAMAGED, tenant=tenant)
            await timed("verify, 1 % of the graph damaged", verified)
            await timed("repair", repaired)
            await timed("rebuild", rebuilt)
            await timed("verify", verified)
        finally:
            await run_sql(pool, "DELETE FROM masterplans")
            await drained(pool, graph, "all plans deleted")
            await change(graph, "MATCH (n:SyncState {tenant_id: $tenant}) DELETE n", tenant=tenant)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=120)
    parser.add_argument("--changes", type=int, default=200)
    given = parser.parse_args()
    asyncio.run(measure(given.plans, given.tasks, given.changes))


if __name__ == "__main__":
    main()

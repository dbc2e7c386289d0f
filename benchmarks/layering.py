"""Cycles and waves in the database against what a user would do instead: pull the edges, networkx, write back.

    .venv/bin/python -m benchmarks.layering [ATOMS ...] [--plan NAME_OR_ID ...]

Needs a running stack. For generated plans of that many atoms and three times as many dependencies, with some cycles, and
for imported plans: seconds of either way, the best of three, and their ratio; over the generated ones the exponent of time
against size.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from typing import LiteralString

import networkx as nx

from app.cli.plans import find_plan
from app.graph.connect import Graph
from app.graph.publish import delete_plan, rebuild
from app.graph.staging import sweep
from app.main import TENANT, open_stores
from app.model.dependency import WEIGHTS
from app.settings import Settings
from tests.integration.graph.plans import Edge, new_plan, published

_EDGES: LiteralString = (
    "MATCH (a:Atom {plan_id: $plan_id})-[d:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(b) "
    "RETURN id(a) AS source, id(b) AS target, d.cut AS cut"
)
_ATOMS: LiteralString = "MATCH (a:Atom {plan_id: $plan_id}) RETURN id(a) AS id"
_WRITE: LiteralString = "UNWIND $rows AS row MATCH (a) WHERE id(a) = row[0] SET a.pulled_wave = row[1]"
_CLEAN: LiteralString = "MATCH (a:Atom {plan_id: $plan_id}) REMOVE a.pulled_wave"
_BATCH = 10_000
_TYPES = tuple(WEIGHTS)


def generated(atoms: int) -> list[Edge]:
    """Dependencies on atoms not far away, as in code, and one in five hundred the other way round."""
    rnd = random.Random(atoms)
    edges: dict[tuple[int, int], Edge] = {}
    while len(edges) < 3 * atoms:
        later = rnd.randrange(1, atoms)
        sooner = max(0, later - 1 - int(rnd.expovariate(1 / 400)))
        pair = (sooner, later) if rnd.random() < 0.002 else (later, sooner)
        if pair[0] != pair[1]:
            edges[pair] = (*pair, rnd.choice(_TYPES))
    return list(edges.values())


async def in_the_database(graph: Graph, plan_id: str) -> None:
    """What the service does: components, cuts, waves, and their records."""
    await rebuild(graph, plan_id, TENANT, f"benchmark-{time.time_ns()}", "benchmark")


async def pulled(graph: Graph, plan_id: str) -> None:
    """Edges by the driver, components and generations by networkx, waves back in batches; it leaves out what was cut."""
    async with graph.driver.session(database=graph.database) as session:
        found: nx.DiGraph[int] = nx.DiGraph()
        found.add_nodes_from([row["id"] async for row in await session.run(_ATOMS, plan_id=plan_id)])
        edges = [
            (r["target"], r["source"], r["cut"]) async for r in await session.run(_EDGES, plan_id=plan_id)
        ]
        found.add_edges_from((a, b) for a, b, _ in edges)
        cyclic = [c for c in nx.strongly_connected_components(found) if len(c) > 1]
        assert cyclic is not None
        found.remove_edges_from([(a, b) for a, b, cut in edges if cut])
        rows = [
            [atom, wave] for wave, layer in enumerate(nx.topological_generations(found), 1) for atom in layer
        ]
        for start in range(0, len(rows), _BATCH):
            await (await session.run(_WRITE, rows=rows[start : start + _BATCH])).consume()


async def best(work: Callable[[], Awaitable[None]]) -> float:
    """Seconds of the quickest of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        await work()
        took.append(time.perf_counter() - began)
    return min(took)


async def compare(graph: Graph, what: str, plan_id: str) -> float:
    """Print a line; the seconds of the database."""
    ours = await best(lambda: in_the_database(graph, plan_id))
    theirs = await best(lambda: pulled(graph, plan_id))
    async with graph.driver.session(database=graph.database) as session:
        await (await session.run(_CLEAN, plan_id=plan_id)).consume()
    print(
        f"{what}: in the database {ours:.2f} s, pulled {theirs:.2f} s, {theirs / ours:.1f} times", flush=True
    )
    return ours


async def main() -> None:
    """Measure every plan."""
    parser = argparse.ArgumentParser(description="layering in the database")
    parser.add_argument("atoms", nargs="*", type=int)
    parser.add_argument("--plan", action="append", default=[])
    arguments = parser.parse_args()
    seconds: dict[int, float] = {}
    async with open_stores(Settings(), postgres=False) as stores:
        for size in arguments.atoms:
            plan = new_plan(TENANT)
            result = await published(stores.graph, plan, size, generated(size))
            what = f"{size:,} atoms, {result.waves} waves, {result.cycles} cycles"
            seconds[size] = await compare(stores.graph, what, plan.plan_id)
            await delete_plan(stores.graph, plan.plan_id, TENANT)
            await sweep(stores.graph)
        for name in arguments.plan:
            await compare(stores.graph, name, await find_plan(stores.graph, name))
    if len(seconds) > 1:
        least, most = min(seconds), max(seconds)
        print(f"exponent {math.log(seconds[most] / seconds[least]) / math.log(most / least):.2f}")


if __name__ == "__main__":
    asyncio.run(main())

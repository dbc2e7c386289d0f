"""Waves and cycles in the database against what a user would do instead: pull the edges, networkx, write back.

    .venv/bin/python -m benchmarks.layering [ATOMS ...] [--plan NAME_OR_ID ...]

Needs a running stack. For generated plans of that many atoms and three times as many dependencies, with some cycles, and
for imported plans: seconds of either way, the best of three, and their ratio, for

- layering: every atom's wave, of a graph whose cycles are cut (`waves/assign`; networkx: `topological_generations`);
- components: every atom's cycle (`cycles/trim` and `cycles/components`; networkx: `strongly_connected_components`);
- all: what an import does besides (cuts with reasons, Cycle and Wave nodes and their relationships, figures), against both of
  networkx's, which cut nothing and record nothing.

Over the generated plans it prints the exponent of time against size.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import LiteralString

import networkx as nx
from neo4j import AsyncSession

from app.cli.plans import find_plan
from app.graph.connect import Graph, write
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
_UNMARK: LiteralString = (
    "MATCH (a:Atom {plan_id: $plan_id}) REMOVE a.wave, a.step, a.component, a.region, a.needs, a.needed"
)
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


async def all_in_the_database(graph: Graph, plan_id: str) -> None:
    """What the service does: components, cuts, waves, and their records."""
    await rebuild(graph, plan_id, TENANT, f"benchmark-{time.time_ns()}", "benchmark")


async def layered(graph: Graph, plan_id: str) -> None:
    """Every atom's wave, anew."""
    await write(graph, "waves/assign", plan_id=plan_id)


async def components(graph: Graph, plan_id: str) -> None:
    """Every atom's component, of atoms without the marks of an earlier run."""
    await write(graph, "cycles/trim", plan_id=plan_id)
    await write(graph, "cycles/components", plan_id=plan_id)


async def pulled_graph(session: AsyncSession, plan_id: str, *, uncut: bool) -> nx.DiGraph[int]:
    found: nx.DiGraph[int] = nx.DiGraph()
    found.add_nodes_from([row["id"] async for row in await session.run(_ATOMS, plan_id=plan_id)])
    edges = await session.run(_EDGES, plan_id=plan_id)
    found.add_edges_from([(r["target"], r["source"]) async for r in edges if not (uncut and r["cut"])])
    return found


async def pulled_layers(graph: Graph, plan_id: str) -> None:
    """Edges by the driver, generations by networkx, waves back in batches."""
    async with graph.driver.session(database=graph.database) as session:
        found = await pulled_graph(session, plan_id, uncut=True)
        await write_back(
            session,
            [[a, wave] for wave, layer in enumerate(nx.topological_generations(found), 1) for a in layer],
        )


async def pulled_components(graph: Graph, plan_id: str) -> None:
    """Edges by the driver, components by networkx, their numbers back in batches, for atoms in cycles alone."""
    async with graph.driver.session(database=graph.database) as session:
        found = await pulled_graph(session, plan_id, uncut=False)
        cyclic = [each for each in nx.strongly_connected_components(found) if len(each) > 1]
        await write_back(session, [[atom, number] for number, each in enumerate(cyclic) for atom in each])


async def pulled_all(graph: Graph, plan_id: str) -> None:
    """Edges pulled once, then both."""
    async with graph.driver.session(database=graph.database) as session:
        found = await pulled_graph(session, plan_id, uncut=False)
        cyclic = [each for each in nx.strongly_connected_components(found) if len(each) > 1]
        await write_back(session, [[atom, number] for number, each in enumerate(cyclic) for atom in each])
    await pulled_layers(graph, plan_id)


async def write_back(session: AsyncSession, rows: list[list[int]]) -> None:
    for start in range(0, len(rows), _BATCH):
        await (await session.run(_WRITE, rows=rows[start : start + _BATCH])).consume()


async def unmarked(graph: Graph, plan_id: str) -> None:
    """Take away what an earlier run left on the atoms."""
    async with graph.driver.session(database=graph.database) as session:
        await (await session.run(_UNMARK, plan_id=plan_id)).consume()


async def best(before: Callable[[], Awaitable[None]], work: Callable[[], Awaitable[None]]) -> float:
    """Seconds of the quickest of three, without what has to be done before each."""
    took = []
    for _ in range(3):
        await before()
        began = time.perf_counter()
        await work()
        took.append(time.perf_counter() - began)
    return min(took)


async def compare(graph: Graph, what: str, plan_id: str) -> dict[str, float]:
    """Print a line for each; the seconds of the database."""
    ours: dict[str, float] = {}
    for name, here, pulled in (
        ("layering", layered, pulled_layers),
        ("components", components, pulled_components),
        ("all", all_in_the_database, pulled_all),
    ):
        ours[name] = await best(partial(unmarked, graph, plan_id), partial(here, graph, plan_id))
        theirs = await best(partial(unmarked, graph, plan_id), partial(pulled, graph, plan_id))
        ratio = theirs / ours[name]
        print(
            f"{what}, {name}: in the database {ours[name]:.2f} s, pulled {theirs:.2f} s, {ratio:.1f} times",
            flush=True,
        )
    async with graph.driver.session(database=graph.database) as session:
        await (await session.run(_CLEAN, plan_id=plan_id)).consume()
    return ours


async def main() -> None:
    """Measure every plan."""
    parser = argparse.ArgumentParser(description="layering in the database")
    parser.add_argument("atoms", nargs="*", type=int)
    parser.add_argument("--plan", action="append", default=[])
    arguments = parser.parse_args()
    seconds: dict[int, dict[str, float]] = {}
    async with open_stores(Settings(), postgres=False) as stores:
        for size in arguments.atoms:
            plan = new_plan(TENANT)
            result = await published(stores.graph, plan, size, generated(size))
            what = f"{size:,} atoms, {result.waves} waves, {result.cycles} cycles"
            seconds[size] = await compare(stores.graph, what, plan.plan_id)
            await delete_plan(stores.graph, plan.plan_id, TENANT)
            await sweep(stores.graph)
        for name in arguments.plan:
            await compare(stores.graph, name, await find_plan(stores.graph, name, TENANT))
    if len(seconds) > 1:
        least, most = min(seconds), max(seconds)
        for name in seconds[least]:
            growth = math.log(seconds[most][name] / seconds[least][name])
            print(f"{name}: exponent {growth / math.log(most / least):.2f}")


if __name__ == "__main__":
    asyncio.run(main())

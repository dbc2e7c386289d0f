"""The importer, or Neo4j, killed at random moments: readers see one import, whole, and the next one works."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import sys
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from app.graph.connect import Graph, Login, connect, read
from app.graph.migrate import list_migrations
from app.graph.migrate import up as migrate
from app.graph.publish import delete_plan
from app.graph.read import atoms_page
from app.graph.staging import PlanRecord, sweep
from app.settings import Settings
from app.stack import Endpoints, StackConfig, down, status, up
from tests.integration.graph.plans import ask, change, new_plan, published

ATOMS = 200


async def kill_importers(graph: Graph, servers: Endpoints, times: int, seed: int) -> None:
    rnd = random.Random(seed)
    plan = new_plan()
    where = [servers.neo4j_uri, servers.neo4j_user, servers.neo4j_password, Settings().neo4j_database]
    for turn in range(times):
        first = turn * 1000 + 1
        importer = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.integration.graph.importer", plan.plan_id, str(ATOMS), str(first)),
            env={**os.environ, "TEST_NEO4J": json.dumps(where)},
            stdout=asyncio.subprocess.PIPE,
        )
        assert importer.stdout is not None
        told = await importer.stdout.readline()
        await asyncio.sleep(rnd.random())
        importer.kill()
        told += await importer.stdout.read()
        await importer.wait()
        said = int(told.split()[-1])
        seen = await import_seen(graph, plan)
        assert seen in (said, said + 1), f"seed {seed}, kill {turn}"
    await published(graph, plan, 3, [], "import 0")
    assert await import_seen(graph, plan, 3) == 0
    await forget(graph, plan)


async def import_seen(graph: Graph, plan: PlanRecord, atoms: int = ATOMS) -> int:
    page = await atoms_page(graph, plan.plan_id, plan.tenant_id, limit=ATOMS + 1)
    codes = {str(atom["code"]) for atom in page}
    assert (len(page), len(codes)) == (atoms, 1)
    assert await read(graph, "waves/check", plan_id=plan.plan_id, limit=1) == []
    return int(codes.pop().split()[1])


async def forget(graph: Graph, plan: PlanRecord) -> None:
    """Delete the plan and what its killed builds staged."""
    await delete_plan(graph, plan.plan_id, plan.tenant_id)
    await change(
        graph,
        "MATCH (b:StagedBuild {plan_id: $plan_id}) SET b.seen_at = datetime() - duration({minutes: 11})",
        plan_id=plan.plan_id,
    )
    await sweep(graph)
    left = await ask(graph, "MATCH (n {plan_id: $plan_id}) RETURN count(n) AS nodes", plan_id=plan.plan_id)
    assert left[0]["nodes"] == 0


async def test_an_importer_killed_at_any_moment_leaves_one_import_whole(
    graph: Graph, servers: Endpoints
) -> None:
    await kill_importers(graph, servers, 3, seed=1)


@pytest.mark.long
async def test_an_importer_killed_at_fifty_moments(graph: Graph, servers: Endpoints) -> None:
    await kill_importers(graph, servers, 50, seed=2)


@pytest.mark.long
async def test_neo4j_killed_at_ten_moments_comes_back_with_one_import_whole(
    servers: Endpoints, tmp_path: Path
) -> None:
    """A server of the test's own is killed while an import is staged, analysed and published."""
    rnd = random.Random(3)
    stack = StackConfig(
        tmp_path / "home", Settings().mge_cache, heap_mb=512, database_url=servers.database_url
    )
    plan = new_plan()
    whole = 0
    try:
        for turn in range(11):
            where = await asyncio.to_thread(up, stack, console=Console(file=io.StringIO()))
            login = Login(where.neo4j_uri, where.neo4j_user, where.neo4j_password, "neo4j")
            async with connect(login) as graph:
                await migrate(graph, list_migrations())
                if turn:
                    seen = await import_seen(graph, plan)
                    assert seen in (whole, whole + 1), f"kill {turn}"
                    whole = seen
                done: asyncio.Queue[int] = asyncio.Queue()
                importing = asyncio.create_task(import_again_and_again(graph, plan, whole + 1, done))
                whole = await done.get()
                await asyncio.sleep(rnd.random())
                neo4j = next(each for each in status(stack) if each.name == "neo4j")
                process = psutil.Process(neo4j.pid)
                process.kill()
                await asyncio.to_thread(process.wait, 30)
                importing.cancel()
                await asyncio.wait([importing])
                while not done.empty():
                    whole = done.get_nowait()
    finally:
        await asyncio.to_thread(down, stack, report=print)


async def import_again_and_again(
    graph: Graph, plan: PlanRecord, first: int, done: asyncio.Queue[int]
) -> None:
    for number in range(first, first + 1000):
        await published(
            graph, plan, ATOMS, [(a, a + 1, "DATA_DEP") for a in range(ATOMS - 1)], f"import {number}"
        )
        done.put_nowait(number)

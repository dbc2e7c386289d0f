"""Waves and cycles in plain Cypher against the Graph Data Science library, on one server in one run.

    .venv/bin/python -m benchmarks.gds FOLDER [ATOMS ...] [--plan NAME_OR_ID ...]

Starts a server of its own with the library (fetched into FOLDER, kept there; for measuring only, it is never shipped), makes
plans of that many atoms as `benchmarks.layering` does, and copies imported ones from the running stack. It prints seconds of
either way, the best of three, and their ratio, for

- layering: `waves/assign` against a projection, `gds.dag.longestPath` and its answer written to the same property, which is
  indexed;
- layering, without index: the same, but the library's answer goes to a property that no index has;
- components: `cycles/trim` and `cycles/components` against a projection and `gds.scc.write`.

Both give the same waves and components, or it fails.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import socket
import tempfile
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, LiteralString

from jgo.env import EnvironmentBuilder
from jgo.maven import MavenContext
from neo4j.exceptions import DriverError
from rich.console import Console

from app.cli.plans import find_plan
from app.errors import StoreDown
from app.graph import migrate
from app.graph.connect import Graph, Login, connect
from app.graph.copying import copy_plan
from app.graph.publish import delete_plan
from app.graph.staging import sweep
from app.main import TENANT, open_stores, stack_config
from app.settings import Settings
from app.stack import neo4j_server, process
from app.stack.artifacts import fetch, locked
from benchmarks.layering import best, components, generated, layered, unmarked
from tests.integration.graph.plans import new_plan, published

VERSION = "2.13.9"
ENDPOINT = f"org.neo4j.gds:proc:{VERSION}+org.neo4j.gds:opengds-extension:{VERSION}"

_PROJECT: LiteralString = """
CALL () {
  MATCH (source:Atom {plan_id: $plan_id})
  RETURN source, null AS target
  UNION ALL
  MATCH (target:Atom {plan_id: $plan_id})-[d:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(source)
  WHERE $cut OR NOT d.cut
  RETURN source, target
}
WITH gds.graph.project('measured', source, target) AS made
RETURN made.nodeCount AS nodes
"""
_LAYERS: LiteralString = """
CALL gds.dag.longestPath.stream('measured') YIELD targetNode, totalCost
WITH gds.util.asNode(targetNode) AS atom, totalCost
SET atom.wave = toInteger(totalCost) + 1
"""
_LAYERS_ASIDE: LiteralString = """
CALL gds.dag.longestPath.stream('measured') YIELD targetNode, totalCost
WITH gds.util.asNode(targetNode) AS atom, totalCost
SET atom.gds_wave = toInteger(totalCost) + 1
"""
_COMPONENTS: LiteralString = (
    "CALL gds.scc.write('measured', {writeProperty: 'gds_component'}) YIELD componentCount RETURN 1"
)
_DROP: LiteralString = "CALL gds.graph.drop('measured', false) YIELD graphName RETURN 1"
_OTHER_WAVES: LiteralString = (
    "MATCH (a:Atom {plan_id: $plan_id}) WHERE a.wave <> coalesce(a.gds_wave, 1) RETURN count(a) AS n"
)
_OTHER_COMPONENTS: LiteralString = """
MATCH (a:Atom {plan_id: $plan_id}) WITH a.gds_component AS number, collect(a.component) AS ours, count(a) AS size
WHERE size > 1
RETURN count(CASE WHEN size(ours) <> size OR any(each IN ours WHERE each <> ours[0]) THEN 1 END) AS wrong,
       count(*) AS theirs
"""
_OWN_COMPONENTS: LiteralString = (
    "MATCH (a:Atom {plan_id: $plan_id}) WHERE a.component IS NOT NULL "
    "WITH a.component AS number, count(*) AS size WHERE size > 1 RETURN count(*) AS n"
)


async def run(graph: Graph, statement: LiteralString, **parameters: object) -> list[dict[str, Any]]:
    async with graph.driver.session(database=graph.database) as session:
        return await (await session.run(statement, parameters)).data()


async def library_layers(graph: Graph, plan_id: str) -> None:
    await run(graph, _DROP)
    await run(graph, _PROJECT, plan_id=plan_id, cut=False)
    await run(graph, _LAYERS)


async def library_layers_aside(graph: Graph, plan_id: str) -> None:
    await run(graph, _DROP)
    await run(graph, _PROJECT, plan_id=plan_id, cut=False)
    await run(graph, _LAYERS_ASIDE)


async def library_components(graph: Graph, plan_id: str) -> None:
    await run(graph, _DROP)
    await run(graph, _PROJECT, plan_id=plan_id, cut=True)
    await run(graph, _COMPONENTS)


def jars(folder: Path) -> list[Path]:
    """The library's jars that the server does not have already, fetched once."""
    context = MavenContext(repo_cache=folder / "repository")
    environment = EnvironmentBuilder(context=context, cache_dir=folder / "environments").from_endpoint(
        ENDPOINT
    )
    own = {tuple(artifact.coordinate.split(":")[:2]) for artifact in locked()}
    found = tomllib.loads((environment.path / "jgo.lock.toml").read_text())["dependencies"]
    names = {
        f"{jar['artifactId']}-{jar['version']}.jar"
        for jar in found
        if (jar["groupId"], jar["artifactId"]) not in own
    }
    return sorted(path for path in environment.path.rglob("*.jar") if path.name in names)


def a_port() -> int:
    """One that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def server(library: list[Path]) -> AsyncIterator[Graph]:
    """A server with the library, gone afterwards."""
    config = stack_config(Settings())
    own = fetch(locked(), config.cache / "jars", Console())
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        bolt, http = a_port(), a_port()
        heap = neo4j_server.default_heap_mb()
        neo4j_server.configure(home, bolt, http, heap)
        neo4j_server.set_first_password(home, "for-measuring-only")
        with (home / "conf" / "neo4j.conf").open("a") as conf:
            conf.write("dbms.security.procedures.unrestricted=gds.*\n")
        for jar in library:
            shutil.copy(jar, home / "plugins")
        command = neo4j_server.command(home, [*own, *library], heap, home / "none")
        child = process.start([*command[:1], *command[2:]], {}, home / "out.log")
        try:
            login = Login(f"bolt://127.0.0.1:{bolt}", neo4j_server.USER, "for-measuring-only", "neo4j")
            await started(login)
            async with connect(login) as graph:
                await migrate.up(graph, migrate.list_migrations())
                yield graph
        finally:
            await asyncio.to_thread(process.stop, child, signal.SIGKILL, 10)


async def started(login: Login) -> None:
    """Come back once it answers; `StoreDown` where it does not within two minutes."""
    for left in reversed(range(120)):
        try:
            async with connect(login) as graph:
                await run(graph, "RETURN 1 AS one")
                return
        except (StoreDown, DriverError):
            if not left:
                raise
            await asyncio.sleep(1)


async def compare(graph: Graph, what: str, plan_id: str) -> None:
    """Print a line for each; fails where the answers differ."""
    pairs: tuple[tuple[str, Callable[..., Awaitable[None]], Callable[..., Awaitable[None]]], ...] = (
        ("layering", layered, library_layers),
        ("layering, without index", layered, library_layers_aside),
        ("components", components, library_components),
    )
    for name, here, there in pairs:
        theirs = await best(partial(unmarked, graph, plan_id), partial(there, graph, plan_id))
        ours = await best(partial(unmarked, graph, plan_id), partial(here, graph, plan_id))
        print(
            f"{what}, {name}: Cypher {ours:.2f} s, GDS {theirs:.2f} s, {ours / theirs:.2f} of its time",
            flush=True,
        )
        if there is library_layers_aside:
            assert not (await run(graph, _OTHER_WAVES, plan_id=plan_id))[0]["n"], "waves differ"
        if there is library_components:
            found = (await run(graph, _OTHER_COMPONENTS, plan_id=plan_id))[0]
            assert not found["wrong"], "components differ"
            assert found["theirs"] == (await run(graph, _OWN_COMPONENTS, plan_id=plan_id))[0]["n"]


async def main() -> None:
    """Measure every plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("atoms", nargs="*", type=int)
    parser.add_argument("--plan", action="append", default=[])
    given = parser.parse_args()
    async with server(jars(given.folder)) as graph:
        for size in given.atoms:
            plan = new_plan(TENANT)
            result = await published(graph, plan, size, generated(size))
            what = f"{size:,} atoms, {result.waves} waves, {result.cycles} cycles"
            await compare(graph, what, plan.plan_id)
            await delete_plan(graph, plan.plan_id, TENANT)
            await sweep(graph)
        if given.plan:
            async with open_stores(Settings(), postgres=False) as stores:
                for name in given.plan:
                    plan_id = await find_plan(stores.graph, name, TENANT)
                    await copy_plan(stores.graph, graph, plan_id, TENANT)
                    await compare(graph, name, plan_id)


if __name__ == "__main__":
    asyncio.run(main())

"""Run code-graph tools that write to Neo4j one after the other on the same source, and measure each.

    .venv/bin/python -m benchmarks.side_by_side NAME='COMMAND' NAME='COMMAND' ...

Needs a running stack of its own (MGE_HOME): **everything in its Neo4j is deleted** before each command. A command is a
shell line; NEO4J_URI, NEO4J_USER, NEO4J_USERNAME and NEO4J_PASSWORD are set for it. Prints wall seconds, CPU seconds of
the command with its children and of the server, the most memory that both took, nodes and relationships.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import threading
import time

import psutil
from neo4j import AsyncDriver

from app.main import open_stores, stack_config
from app.settings import Settings
from app.stack import endpoints


def server() -> psutil.Process:
    """Neo4j's process on this machine."""
    return next(
        process
        for process in psutil.process_iter(["cmdline"])
        if any("CommunityEntryPoint" in part for part in process.info["cmdline"] or ())
        and str(Settings().mge_home) in " ".join(process.info["cmdline"] or ())
    )


def measured(
    command: str, environment: dict[str, str], neo4j: psutil.Process, limit: float
) -> dict[str, object]:
    """Run a command to its end, or for ``limit`` seconds."""
    before, began = neo4j.cpu_times(), time.perf_counter()
    # By process, since nobody waits for those that outlive their parents.
    seconds: dict[int, float] = {}
    peak = server_peak = 0
    with subprocess.Popen(
        command, shell=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        said: list[bytes] = []
        assert process.stderr is not None
        reader = threading.Thread(target=lambda: said.append(process.stderr.read()[-400:]))  # type: ignore[union-attr]
        reader.start()
        root = psutil.Process(process.pid)
        while process.poll() is None and time.perf_counter() - began < limit:
            total = 0
            for each in [root, *root.children(recursive=True)]:
                try:
                    total += each.memory_full_info().pss
                    used = each.cpu_times()
                    seconds[each.pid] = used.user + used.system
                except psutil.Error:
                    continue
            peak = max(peak, total)
            server_peak = max(server_peak, neo4j.memory_info().rss)
            time.sleep(0.2)
        if process.poll() is None:
            for each in root.children(recursive=True):
                each.kill()
            process.kill()
        process.wait()
        wall = time.perf_counter() - began
        reader.join()
    after = neo4j.cpu_times()
    return {
        "wall": round(wall, 1),
        "cpu_tool": round(sum(seconds.values()), 1),
        "cpu_server": round(after.user + after.system - before.user - before.system, 1),
        "peak_mb_tool": peak >> 20,
        "peak_mb_server": server_peak >> 20,
        "status": process.returncode,
        **({"said": b"".join(said).decode(errors="replace")} if process.returncode else {}),
    }


async def empty(driver: AsyncDriver, database: str) -> None:
    """Delete all nodes, and the constraints and indexes of whoever was there before."""
    async with driver.session(database=database) as session:
        await (
            await session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS")
        ).consume()
        for kind, plural in (("CONSTRAINT", "CONSTRAINTS"), ("INDEX", "INDEXES")):
            rows = await session.run(f"SHOW {plural} YIELD name, type WHERE type <> 'LOOKUP' RETURN name")
            for name in [row["name"] async for row in rows]:
                await (await session.run(f"DROP {kind} `{name}` IF EXISTS")).consume()


async def sizes(driver: AsyncDriver, database: str) -> dict[str, int]:
    """What is there now."""
    async with driver.session(database=database) as session:
        nodes = await (await session.run("MATCH (n) RETURN count(n) AS n")).single(strict=True)
        edges = await (await session.run("MATCH ()-[r]->() RETURN count(r) AS n")).single(strict=True)
        return {"nodes": nodes["n"], "relationships": edges["n"]}


async def main() -> None:
    """Measure every command."""
    parser = argparse.ArgumentParser(description="tools side by side")
    parser.add_argument("tools", nargs="+", metavar="NAME=COMMAND")
    parser.add_argument("--limit", type=float, default=1_800, help="seconds that a command may take")
    arguments = parser.parse_args()
    settings = Settings()
    found = endpoints(stack_config(settings))
    environment = {
        **os.environ,
        "NEO4J_URI": found.neo4j_uri,
        "NEO4J_USER": found.neo4j_user,
        "NEO4J_USERNAME": found.neo4j_user,
        "NEO4J_PASSWORD": found.neo4j_password,
    }
    async with open_stores(settings, postgres=False) as stores:
        driver, database = stores.graph.driver, stores.graph.database
        for given in arguments.tools:
            name, _, command = given.partition("=")
            await empty(driver, database)
            figures = await asyncio.to_thread(measured, command, environment, server(), arguments.limit)
            print(name, {**figures, **await sizes(driver, database)}, flush=True)


if __name__ == "__main__":
    asyncio.run(main())

"""Import a code base, and say what the least would be that any importer has to do on this machine, in the same run.

    .venv/bin/python -m benchmarks.import NAME=PATH [--runs N]

Needs a running stack (`mge up`). The floor of parsing is tree-sitter alone on every file and all cores; the floor
of writing is the same rows by bare ``UNWIND … CREATE`` in batches of the same size, without constraints or indexes.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import tree_sitter_python
from neo4j import AsyncDriver
from tree_sitter import Language, Parser

from app.export.plan import ExportedFile, exported_files
from app.graph.publish import delete_plan
from app.graph.staging import sweep
from app.main import TENANT, Stores, read_rules
from app.model.source import SourceFile
from app.parse.ecmascript import parse_tree
from app.parse.languages import language_of
from app.pipeline.worker import open_pool
from app.settings import Settings
from app.sources import open_source, read_entry
from app.sources.source import Entry
from benchmarks.measured import measured_import, run, workers

_BATCH: Final = 5_000
# Not of the product, so not in cypher/: the least that writing these rows can be.
_FLOOR_ATOMS: Final = "UNWIND $rows AS row CREATE (n:FloorAtom) SET n = row RETURN collect(id(n)) AS ids"
_FLOOR_EDGES: Final = (
    "UNWIND $rows AS row MATCH (a) WHERE id(a) = row[0] MATCH (b) WHERE id(b) = row[1] "
    "CREATE (a)-[r:FLOOR_DEP]->(b) SET r = row[2]"
)
_FLOOR_CLEAR: Final = "MATCH (n:FloorAtom) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"


def parse_files(entries: tuple[Entry, ...]) -> int:
    """Parse files and throw the trees away; how many bytes they had."""
    size = 0
    for entry in entries:
        file = read_entry(entry)
        if isinstance(file, SourceFile):
            language = language_of(file.path)
            if language == "python":
                Parser(Language(tree_sitter_python.language())).parse(file.data)
            else:
                parse_tree(file.data, language)
            size += len(file.data)
    return size


async def parse_floor(entries: list[Entry]) -> float:
    """Seconds that tree-sitter alone takes for all files on all cores."""
    chunks = [tuple(entries[at::64]) for at in range(64)]
    loop = asyncio.get_running_loop()
    with open_pool(workers()) as pool:
        await asyncio.gather(*(loop.run_in_executor(pool, parse_files, ()) for _ in range(workers())))
        began = time.perf_counter()
        await asyncio.gather(*(loop.run_in_executor(pool, parse_files, chunk) for chunk in chunks))
        return time.perf_counter() - began


async def write_floor(driver: AsyncDriver, database: str, files: list[ExportedFile]) -> float:
    """Seconds to write the same atoms and dependencies with nothing around them."""
    atoms: list[dict[str, Any]] = [dict(atom) for file in files for atom in file.atoms]
    for atom in atoms:
        atom.pop("wave", None)
    node_of: dict[str, int] = {}
    began = time.perf_counter()
    async with driver.session(database=database) as session:
        for at in range(0, len(atoms), _BATCH):
            batch = atoms[at : at + _BATCH]
            result = await session.run(_FLOOR_ATOMS, rows=batch)
            row = await result.single(strict=True)
            node_of.update((atom["atom_id"], node) for atom, node in zip(batch, row["ids"], strict=True))
        rows = [
            [node_of[edge.source], node_of[edge.target], dict(edge.properties)]
            for file in files
            for edge in file.edges
        ]
        for at in range(0, len(rows), _BATCH):
            written = await session.run(_FLOOR_EDGES, rows=rows[at : at + _BATCH])
            await written.consume()
        took = time.perf_counter() - began
        await (await session.run(_FLOOR_CLEAR)).consume()
    return took


async def measure(stores: Stores, name: str, path: str, _: argparse.Namespace) -> dict[str, object]:
    """One import and its floors."""
    with (
        tempfile.TemporaryDirectory() as work,
        open_source(path, read_rules(Settings()), Path(work)) as source,
    ):
        result, peak = await measured_import(stores, source, name)
        parsing = await parse_floor(list(source.entries))
    files = [file async for file in exported_files(stores.graph, result.plan_id, TENANT)]
    writing = await write_floor(stores.graph.driver, stores.graph.database, files)
    await delete_plan(stores.graph, result.plan_id, TENANT)
    await sweep(stores.graph)
    total = result.seconds["total"]
    edges = sum(result.dependencies.values())
    waited = result.seconds["of which waiting for the graph"] + result.seconds["publish: adopt"]
    return {
        "name": name,
        "workers": workers(),
        "files": result.files,
        "code_lines": result.code_lines,
        "atoms": result.atoms,
        "dependencies": edges,
        "atoms_per_second": round(result.atoms / total),
        "code_lines_per_second": round(result.code_lines / total),
        "edges_per_second": round(edges / total),
        "seconds": {stage: round(took, 2) for stage, took in result.seconds.items()},
        "floor_parse_seconds": round(parsing, 2),
        "floor_write_seconds": round(writing, 2),
        "write_to_floor": round(waited / writing, 2),
        **peak.figures(),
    }


async def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="how often each; the first warms Neo4j up")
    await run(parser, measure, lambda arguments: int(arguments.runs))


if __name__ == "__main__":
    asyncio.run(main())

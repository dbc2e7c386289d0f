"""Import one source again and again, in other orders and on other numbers of cores: the graph has to stay the same.

    .venv/bin/python -m benchmarks.determinism NAME=PATH

Needs a running stack. Prints the digest of the plan after each of: five whole imports with their files in random
order, on one and two parser processes in turns, and an import of half of the files that is then updated to all.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from app.export.digest import digest
from app.graph.connect import Graph
from app.main import TENANT, indexers, open_stores, read_rules
from app.pipeline.importing import import_source
from app.pipeline.result import ImportResult
from app.settings import Settings
from app.sources import Source, open_source


async def imported(
    graph: Graph, source: Source, name: str, cores: int, memory: Path | None
) -> tuple[ImportResult, str]:
    """Import a source; the figures and the plan's digest."""
    result = await import_source(
        graph,
        source,
        name=name,
        tenant_id=TENANT,
        workers=cores,
        progress=lambda stage, done, total: None,
        indexers=indexers(Settings()),
        memory=memory,
    )
    return result, (await digest(graph, result.plan_id, TENANT))["plan"]


async def main() -> None:
    """Compare the digests; exit code 1 where two differ."""
    parser = argparse.ArgumentParser(description="same in, same out")
    parser.add_argument("source", metavar="NAME=PATH")
    name, _, path = parser.parse_args().source.partition("=")
    settings = Settings()
    digests: set[str] = set()
    with tempfile.TemporaryDirectory() as work, open_source(path, read_rules(settings), Path(work)) as source:
        async with open_stores(settings, postgres=False) as stores:
            for run in range(5):
                entries = list(source.entries)
                random.Random(run).shuffle(entries)
                cores = 1 + run % 2
                result, found = await imported(
                    stores.graph, replace(source, entries=tuple(entries)), name, cores, None
                )
                digests.add(found)
                print(
                    f"whole, order {run}, {cores} cores: {found}  {result.seconds['total']:.1f} s", flush=True
                )
            memory = Path(work) / "memory"
            # All but some files first, so few that an update is made of the rest.
            modules = [e.path for e in source.entries if not e.path.endswith(("__init__.py", ".js", ".ts"))]
            left = set(modules[5::40])
            part = replace(source, entries=tuple(e for e in source.entries if e.path not in left))
            await imported(stores.graph, part, name, 2, memory)
            result, found = await imported(stores.graph, source, name, 2, memory)
            digests.add(found)
            print(
                f"updated by {result.analysed} files, {result.linked} linked: {found}  "
                f"{result.seconds['total']:.1f} s"
            )
    print("identical" if len(digests) == 1 else "DIFFERENT")
    sys.exit(len(digests) != 1)


if __name__ == "__main__":
    asyncio.run(main())

"""Import code bases, assemble them again, and compare every file; say how large the atoms are.

    .venv/bin/python -m benchmarks.roundtrip NAME=PATH ... [--keep]

Needs a running stack (`mge up`). Every file that the import lists is compared byte for byte with what was assembled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.graph.connect import read
from app.graph.publish import delete_plan
from app.graph.staging import sweep
from app.main import TENANT, Stores, open_stores, read_rules
from app.model.source import SourceFile
from app.pipeline.assembling import assemble
from app.pipeline.importing import import_source
from app.settings import Settings
from app.sources import open_source, read_entry


def _silent(stage: str, done: int, total: int) -> None:
    """No progress bar: the figures at the end are what is wanted."""


@dataclass(slots=True)
class PeakMemory:
    """The most that was seen, in bytes: of the importing process, of one parser process, of all together.

    Memory that processes share counts once in ``together`` (proportional set size).
    """

    importer: int = 0
    parser: int = 0
    together: int = 0

    def sample(self) -> None:
        """Look at the importing process and its children now."""
        own = psutil.Process()
        self.importer = max(self.importer, own.memory_info().rss)
        together = own.memory_full_info().pss
        for child in own.children(recursive=True):
            try:
                held = child.memory_full_info()
            except psutil.NoSuchProcess:
                continue
            self.parser = max(self.parser, held.rss)
            together += held.pss
        self.together = max(self.together, together)


@contextmanager
def peak_memory() -> Iterator[PeakMemory]:
    """Sampled five times a second while the block lasts; a shorter peak goes unseen."""
    peak = PeakMemory()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            peak.sample()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


async def roundtrip(stores: Stores, name: str, path: str, *, keep: bool) -> dict[str, object]:
    """One code base there and back: its figures."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as work, open_source(path, read_rules(settings), Path(work)) as source:
        with peak_memory() as peak:
            result = await import_source(
                stores.graph,
                source,
                name=name,
                tenant_id=TENANT,
                workers=settings.mge_workers or os.cpu_count() or 1,
                progress=_silent,
            )
        out = Path(work) / "out"
        written = await assemble(stores.graph, result.plan_id, TENANT, out)
        different = []
        for entry in source.entries:
            file = read_entry(entry)
            if not isinstance(file, SourceFile) or (out / entry.path).read_bytes() != file.data:
                different.append(entry.path)
    sizes = dict((await read(stores.graph, "explore/sizes", plan_id=result.plan_id))[0])
    violations = await read(stores.graph, "waves/check", plan_id=result.plan_id, limit=10)
    if not keep:
        await delete_plan(stores.graph, result.plan_id, TENANT)
        await sweep(stores.graph)
    total = result.seconds["total"]
    return {
        "name": name,
        "files": result.files,
        "bytes": result.bytes,
        "code_lines": result.code_lines,
        "assembled": written.files,
        "different": different,
        "recovered": result.recovered,
        "opaque": result.opaque,
        "reasons": result.reasons,
        "skipped": result.skipped,
        **sizes,
        "dependencies": result.dependencies,
        "unresolved": result.unresolved,
        "cycles": result.cycles,
        "cut": result.cut,
        "waves": result.waves,
        "wave_violations": len(violations),
        "atoms_per_second": result.atoms / total,
        "code_lines_per_second": result.code_lines / total,
        "seconds": result.seconds,
        "peak_mb_importer": peak.importer >> 20,
        "peak_mb_parser": peak.parser >> 20,
        "peak_mb_together": peak.together >> 20,
    }


async def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--keep", action="store_true", help="keep the plans")
    arguments = parser.parse_args()
    async with open_stores(Settings(), postgres=False) as stores:
        for given in arguments.sources:
            name, _, path = given.partition("=")
            print(json.dumps(await roundtrip(stores, name, path, keep=arguments.keep), indent=1), flush=True)


if __name__ == "__main__":
    asyncio.run(main())

"""What the benchmarks share: an import with its peak memory, and the command line."""

from __future__ import annotations

import argparse
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from app.main import TENANT, Stores, open_stores
from app.pipeline.importing import import_source
from app.pipeline.result import ImportResult
from app.settings import Settings
from app.sources import Source


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

    def figures(self) -> dict[str, int]:
        """In mebibytes."""
        return {
            "peak_mb_importer": self.importer >> 20,
            "peak_mb_parser": self.parser >> 20,
            "peak_mb_together": self.together >> 20,
        }


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


def workers() -> int:
    """How many parser processes an import has."""
    return Settings().mge_workers or os.cpu_count() or 1


async def measured_import(stores: Stores, source: Source, name: str) -> tuple[ImportResult, PeakMemory]:
    """Import a source; what the import says, and the memory that it took."""
    with peak_memory() as peak:
        result = await import_source(
            stores.graph, source, name=name, tenant_id=TENANT, workers=workers(), progress=_silent
        )
    return result, peak


async def run(
    parser: argparse.ArgumentParser,
    measure: Callable[[Stores, str, str, argparse.Namespace], Awaitable[dict[str, object]]],
    runs: Callable[[argparse.Namespace], int],
) -> None:
    """Measure each NAME=PATH of the command line as often as it says, and print the figures."""
    parser.add_argument("sources", nargs="+", metavar="NAME=PATH")
    arguments = parser.parse_args()
    async with open_stores(Settings(), postgres=False) as stores:
        for given in arguments.sources:
            name, _, path = given.partition("=")
            for _ in range(runs(arguments)):
                print(json.dumps(await measure(stores, name, path, arguments), indent=1), flush=True)


def _silent(stage: str, done: int, total: int) -> None:
    """No progress bar: the figures at the end are what is wanted."""

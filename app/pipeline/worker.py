"""What the parser processes do: analyse chunks of files, then link them once every interface is known.

Summaries stay on disk between the two passes, so that memory grows with the symbol table only.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from array import array
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import TypeVar, overload

from app.model.atom import Atom, FileRecord
from app.model.dependency import Dependency, ExternalReference, LinkCounts
from app.model.index import Answers
from app.pipeline.analyse import analyse
from app.resolve.changes import Mentions, mentions
from app.resolve.evaluate import Evaluator, ambient_names
from app.resolve.link import Atoms, link_file
from app.resolve.modules import Modules
from app.resolve.summary import FileSummary, Interface, SymbolRow
from app.sources.source import Entry, Skipped, read_entry

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some neighbouring files of an import: ``first`` is the number of the first, ``spool`` where results wait."""

    plan_id: str
    first: int
    entries: tuple[Entry, ...]
    modules: tuple[str, ...]
    spool: Path


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is kept of a file to link it, and to find out later what an edit of another one changes.

    ``interface`` and ``summary`` are packed; the summary is without atoms, symbols and interface.
    """

    interface: bytes
    summary: bytes
    ambient: tuple[str, ...]
    mentions: Mentions


@dataclass(frozen=True, slots=True)
class Analysed:
    """What the importing process needs of a chunk: rows to write, and the packed interfaces."""

    records: tuple[FileRecord, ...]
    atoms: tuple[tuple[Atom, ...], ...]
    symbols: tuple[tuple[SymbolRow, ...], ...]
    interfaces: tuple[bytes, ...]
    ambient: tuple[tuple[str, ...], ...]
    starts: tuple[array[int], ...]


class Lazy(Sequence[Item]):
    """A sequence whose items are found when they are first asked for."""

    def __init__(self, find: Callable[[int], Item], size: int) -> None:
        self._find = find
        self._size = size
        self._known: dict[int, Item] = {}

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._size))]
        if index not in self._known:
            self._known[index] = self._find(index)
        return self._known[index]


def lazy_interfaces(packed: Sequence[bytes]) -> Sequence[Interface]:
    """Interfaces that are unpacked when they are first asked for."""
    return Lazy(lambda at: unpack_interface(packed[at]), len(packed))


@dataclass(frozen=True, slots=True)
class Table:
    """The symbol table of the plan, and where its atoms are."""

    interfaces: tuple[bytes, ...]
    ambient: Mapping[int, tuple[str, ...]]
    modules: Modules
    atoms: Atoms

    def evaluator(self) -> Evaluator:
        """An evaluator that knows every file."""
        return Evaluator(lazy_interfaces(self.interfaces), self.modules, self.ambient)


@dataclass(frozen=True, slots=True)
class LinkedChunk:
    """The dependencies from one chunk's atoms, and what linking gave file by file."""

    dependencies: tuple[Dependency, ...]
    externals: tuple[ExternalReference, ...]
    counts: tuple[LinkCounts, ...]


class FileVanished(Exception):
    """A file that was listed cannot be read any more; ``args`` are its path and the reason."""


def open_pool(workers: int) -> ProcessPoolExecutor:
    """Parser processes that end when this process ends, however it ends."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    # The terminal sends Ctrl-C to them too, but it is for the importing process, which then stops them. They inherit that
    # SIGINT is blocked from their first moment on. The tracker is started before, because its start unblocks it.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)


def _begin() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def analyse_entry(plan_id: str, number: int, module: str, entry: Entry) -> FileSummary:
    """Analyse one file; FileVanished where it cannot be read any more."""
    file = read_entry(entry)
    if isinstance(file, Skipped):
        raise FileVanished(file.path, file.reason)
    return analyse(plan_id, number, module, file)


def pack(summary: FileSummary) -> StoredFile:
    """A file's summary as it is kept."""
    rest = (summary.record, summary.edges, summary.pending, summary.settled, summary.starts)
    return StoredFile(
        pickle.dumps(summary.interface, pickle.HIGHEST_PROTOCOL),
        pickle.dumps(rest, pickle.HIGHEST_PROTOCOL),
        ambient_names(summary.interface),
        mentions(summary),
    )


def unpack_interface(packed: bytes) -> Interface:
    """The interface of a file that `pack` packed."""
    interface: Interface = pickle.loads(packed)  # noqa: S301 - written by this program for itself
    return interface


def unpack_summary(packed: bytes, interface: Interface, number: int) -> FileSummary:
    """The summary of a file that `pack` packed, as file ``number`` of an import; without atoms and symbols."""
    record, edges, pending, settled, starts = pickle.loads(packed)  # noqa: S301 - as above
    return FileSummary(replace(record, number=number), (), interface, edges, pending, (), settled, starts)


def analyse_chunk(chunk: Chunk) -> Analysed:
    """Analyse a chunk's files and leave their summaries in the spool.

    Raises FileVanished where a file cannot be read any more.
    """
    summaries = [
        analyse_entry(chunk.plan_id, chunk.first + offset, module, entry)
        for offset, (entry, module) in enumerate(zip(chunk.entries, chunk.modules, strict=True))
    ]
    stored = [pack(summary) for summary in summaries]
    (chunk.spool / f"{chunk.first}").write_bytes(pickle.dumps(stored, pickle.HIGHEST_PROTOCOL))
    return Analysed(
        tuple(summary.record for summary in summaries),
        tuple(summary.atoms for summary in summaries),
        tuple(summary.symbols for summary in summaries),
        tuple(one.interface for one in stored),
        tuple(one.ambient for one in stored),
        tuple(array("I", summary.starts) for summary in summaries),
    )


def spooled(spool: Path, first: int) -> list[StoredFile]:
    """What `analyse_chunk` left of the chunk that begins with file ``first``."""
    stored: list[StoredFile] = pickle.loads((spool / f"{first}").read_bytes())  # noqa: S301 - as above
    return stored


def save_table(table: Table, path: Path) -> None:
    """Put the symbol table where every worker finds it."""
    path.write_bytes(pickle.dumps(table, pickle.HIGHEST_PROTOCOL))


@lru_cache(maxsize=1)
def _load_table(path: Path) -> tuple[Evaluator, Atoms]:
    table: Table = pickle.loads(path.read_bytes())  # noqa: S301 - written by this import a moment ago
    return table.evaluator(), table.atoms


def save_answers(answers: Mapping[int, Answers], spool: Path, first: int) -> None:
    """Put what indexes say of the files of a chunk where it is linked."""
    (spool / f"{first}.answers").write_bytes(pickle.dumps(answers, pickle.HIGHEST_PROTOCOL))


def link_chunk(spool: Path, first: int, table: Path) -> LinkedChunk:
    """Link the files of the chunk that begins with file ``first``."""
    evaluator, atoms = _load_table(table)
    answered = spool / f"{first}.answers"
    answers: Mapping[int, Answers] = {}
    if answered.exists():
        answers = pickle.loads(answered.read_bytes())  # noqa: S301 - as above
    stored = spooled(spool, first)
    numbers = range(first, first + len(stored))
    summaries = [
        unpack_summary(one.summary, evaluator.interfaces[number], number)
        for number, one in zip(numbers, stored, strict=True)
    ]
    linked = [
        link_file(evaluator, number, summary, atoms, answers.get(number))
        for number, summary in zip(numbers, summaries, strict=True)
    ]
    return LinkedChunk(
        tuple(dependency for one in linked for dependency in one.dependencies),
        tuple(reference for one in linked for reference in one.externals),
        tuple(one.counts for one in linked),
    )

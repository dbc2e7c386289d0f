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
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from app.model.atom import Atom, FileRecord
from app.model.dependency import Dependency, ExternalReference, FileReferences
from app.model.index import Answers
from app.pipeline.analyse import analyse
from app.resolve.evaluate import Evaluator
from app.resolve.link import Atoms, link_file
from app.resolve.modules import Modules
from app.resolve.summary import FileSummary, Interface, SymbolRow
from app.sources.source import Entry, Skipped, read_entry


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some neighbouring files of an import: ``first`` is the number of the first, ``spool`` where results wait."""

    plan_id: str
    first: int
    entries: tuple[Entry, ...]
    modules: tuple[str, ...]
    spool: Path


@dataclass(frozen=True, slots=True)
class Analysed:
    """What the importing process needs of a chunk: rows to write, and the files' interfaces."""

    records: tuple[FileRecord, ...]
    atoms: tuple[tuple[Atom, ...], ...]
    symbols: tuple[tuple[SymbolRow, ...], ...]
    interfaces: tuple[Interface, ...]
    starts: tuple[array[int], ...]
    references: int


@dataclass(frozen=True, slots=True)
class Table:
    """The symbol table of the plan, and where its atoms are."""

    interfaces: tuple[Interface, ...]
    modules: Modules
    atoms: Atoms


@dataclass(frozen=True, slots=True)
class LinkedChunk:
    """The dependencies from one chunk's atoms, and what became of its references."""

    dependencies: tuple[Dependency, ...]
    externals: tuple[ExternalReference, ...]
    references: tuple[FileReferences, ...]


class FileVanished(Exception):
    """A file that was listed cannot be read any more; ``args`` are its path and the reason."""


def open_pool(workers: int) -> ProcessPoolExecutor:
    """Parser processes that end when this process ends, however it ends."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)


def _begin() -> None:
    # Ctrl-C is for the importing process, which then stops its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def analyse_chunk(chunk: Chunk) -> Analysed:
    """Analyse a chunk's files and leave their summaries in the spool.

    Raises FileVanished where a file cannot be read any more.
    """
    summaries: list[FileSummary] = []
    for offset, (entry, module) in enumerate(zip(chunk.entries, chunk.modules, strict=True)):
        file = read_entry(entry)
        if isinstance(file, Skipped):
            raise FileVanished(file.path, file.reason)
        summaries.append(analyse(chunk.plan_id, chunk.first + offset, module, file))
    kept = [replace(summary, atoms=(), symbols=()) for summary in summaries]
    (chunk.spool / f"{chunk.first}").write_bytes(pickle.dumps(kept, pickle.HIGHEST_PROTOCOL))
    return Analysed(
        tuple(summary.record for summary in summaries),
        tuple(summary.atoms for summary in summaries),
        tuple(summary.symbols for summary in summaries),
        tuple(summary.interface for summary in summaries),
        tuple(array("I", summary.starts) for summary in summaries),
        sum(summary.references for summary in summaries),
    )


def save_table(table: Table, path: Path) -> None:
    """Put the symbol table where every worker finds it."""
    path.write_bytes(pickle.dumps(table, pickle.HIGHEST_PROTOCOL))


@lru_cache(maxsize=1)
def _load_table(path: Path) -> tuple[Evaluator, Atoms]:
    table: Table = pickle.loads(path.read_bytes())  # noqa: S301 - written by this import a moment ago
    return Evaluator(table.interfaces, table.modules), table.atoms


def save_answers(answers: Mapping[int, Answers], spool: Path, first: int) -> None:
    """Put what indexes say of the files of a chunk where it is linked."""
    (spool / f"{first}.answers").write_bytes(pickle.dumps(answers, pickle.HIGHEST_PROTOCOL))


def link_chunk(spool: Path, first: int, table: Path) -> LinkedChunk:
    """Link the files of the chunk that begins with file ``first``."""
    evaluator, atoms = _load_table(table)
    summaries: list[FileSummary] = pickle.loads((spool / f"{first}").read_bytes())  # noqa: S301 - as above
    answered = spool / f"{first}.answers"
    answers: Mapping[int, Answers] = {}
    if answered.exists():
        answers = pickle.loads(answered.read_bytes())  # noqa: S301 - as above
    linked = [
        link_file(evaluator, summary.record.number, summary, atoms, answers.get(summary.record.number))
        for summary in summaries
    ]
    return LinkedChunk(
        tuple(dependency for one in linked for dependency in one.dependencies),
        tuple(reference for one in linked for reference in one.externals),
        tuple(
            FileReferences(summary.record.number, one.resolved, one.external, one.builtin, one.unresolved)
            for summary, one in zip(summaries, linked, strict=True)
        ),
    )

"""The main job: a source in, its atom graph out.

list -> analyse (parse, cut, resolve file by file) -> link -> publish (swap, cycles, waves), with rows going to
Neo4j as they come. Until `publish` commits, readers see what they saw before.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import time
import uuid
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeVar

from app.errors import InputError, MgeError, StoreDown
from app.graph.connect import Graph
from app.graph.patching import Stale
from app.graph.publish import Permit, permitted, publish
from app.graph.staging import (
    PlanRecord,
    StagedBuild,
    discard,
    open_build,
    stage_atoms,
    stage_dependencies,
    stage_externals,
    stage_files,
    stage_references,
    stage_symbols,
    sweep,
)
from app.indexes.port import Indexer
from app.model.atom import Atom, FileRecord
from app.model.dependency import Dependency, DependencyType, ExternalReference, LinkCounts, Symbol
from app.model.index import Index, merged
from app.model.plan_id import plan_id_for
from app.pipeline.indexing import ask, read_configs
from app.pipeline.memory import KnownFile, built_kept, fingerprint, keep, opened, packed_answers
from app.pipeline.result import Built, Figures, FileFigures, ImportResult, Progress, Touched, import_result
from app.pipeline.updating import TooMuch, placed, plan_symbols, update
from app.pipeline.worker import (
    Analysed,
    Chunk,
    FileVanished,
    Table,
    analyse_chunk,
    link_chunk,
    open_pool,
    save_answers,
    save_table,
    spooled,
)
from app.resolve.link import Atoms
from app.resolve.modules import index_modules, module_names
from app.resolve.projects import Projects, read_projects
from app.resolve.summary import SymbolRow
from app.sources.source import Entry, Source

# Large enough that sending a chunk costs little, small enough that the last one is soon done.
_CHUNK_BYTES: Final = 192 * 1024
_CHUNK_FILES: Final = 24
_BATCH: Final = 5_000
_WRITING: Final = "of which waiting for the graph"

Result = TypeVar("Result")


async def import_source(
    graph: Graph,
    source: Source,
    *,
    name: str,
    tenant_id: str,
    workers: int,
    progress: Progress,
    permit: Permit = permitted,
    indexers: Sequence[Indexer] = (),
    memory: Path | None = None,
    whole: bool = False,
) -> ImportResult:
    """Import a source as the plan ``name``, replacing what the plan held.

    ``indexers`` are asked what names mean before the own resolver, the first one first. ``memory`` is a folder in
    which what is found is kept, so that the next import does what changed; ``whole`` does all. ``permit`` is asked
    right before the plan is replaced. Raises what it raises, InputError where there is nothing to read, Conflict
    where another import of the plan won, StoreDown. Whatever ends it early, the plan stays as it was.
    """
    if not source.entries:
        raise InputError(
            f"{source.name} holds no file that can be read",
            hint=f"{source.others} other files were seen; check the path and --include/--exclude",
        )
    # Whatever order a source lists its files in, they are numbered in one order.
    source = replace(source, entries=tuple(sorted(source.entries, key=lambda entry: entry.path.encode())))
    plan = PlanRecord(plan_id_for(tenant_id, name), name, source.name, tenant_id)
    began = time.perf_counter()
    configs = read_configs(source)
    projects = read_projects(configs, [entry.path for entry in source.entries])
    remember = _remember(memory, plan.plan_id, source.name, configs, indexers)
    if remember is not None and not whole:
        with opened(remember.path) as known:
            if known is not None:
                try:
                    return await update(
                        graph,
                        source,
                        projects,
                        known,
                        plan_id=plan.plan_id,
                        name=name,
                        tenant_id=tenant_id,
                        expected=remember.expected,
                        progress=progress,
                        permit=permit,
                        indexers=indexers,
                    )
                except (TooMuch, Stale):
                    pass
                except FileVanished as error:
                    raise _vanished(error) from error
    await sweep(graph)
    build = await open_build(graph, plan, str(uuid.uuid4()))
    try:
        with tempfile.TemporaryDirectory(prefix="mge-import-") as spool, open_pool(workers) as pool:
            run = _Import(
                build, source, projects, pool, Path(spool), workers, progress, permit, indexers, remember
            )
            try:
                return await run.whole(began)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    except BaseException:
        # What cannot be deleted now is swept by a later import, and must not hide what ended this one.
        with suppress(StoreDown):
            await asyncio.shield(discard(build))
        raise
    finally:
        with suppress(StoreDown):
            await asyncio.shield(sweep(graph))


@dataclass(frozen=True, slots=True)
class Remember:
    """Where what an import found is kept for the next one, and what has to be the same then."""

    path: Path
    expected: Mapping[str, str]


@dataclass(slots=True)
class _Import:
    """One import under way."""

    build: StagedBuild
    source: Source
    projects: Projects
    pool: ProcessPoolExecutor
    spool: Path
    workers: int
    progress: Progress
    permit: Permit
    indexers: Sequence[Indexer]
    remember: Remember | None
    indexes: tuple[Index, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    interfaces: list[bytes] = field(default_factory=list)
    ambient: dict[int, tuple[str, ...]] = field(default_factory=dict)
    symbols: list[tuple[SymbolRow, ...]] = field(default_factory=list)
    bases: list[int] = field(default_factory=list)
    starts: list[array[int]] = field(default_factory=list)
    records: list[FileRecord] = field(default_factory=list)
    atom_ids: list[str] = field(default_factory=list)
    counts: list[LinkCounts] = field(default_factory=list)

    async def whole(self, began: float) -> ImportResult:
        """All stages, in order."""
        paths = [entry.path for entry in self.source.entries]
        names = module_names(paths, self.source.name)
        chunks = list(_chunks(self.build.plan.plan_id, self.source.entries, names, self.spool))
        asking = asyncio.create_task(self.ask(paths))
        try:
            await self.timed("analyse and write atoms", self.analyse(chunks))
            symbols = _unique_symbols(self.records, self.symbols, self.bases)
            await self.timed("write symbols", self.written(stage_symbols(self.build, symbols)))
            await self.timed("wait for indexes", asking)
        finally:
            asking.cancel()
            await asyncio.wait([asking])
        for chunk in chunks:
            self.answer(chunk)
        table = self.spool / "table"
        save_table(
            Table(
                tuple(self.interfaces),
                self.ambient,
                index_modules(paths, self.source.name, self.projects),
                Atoms(array("q", self.bases), tuple(self.starts)),
            ),
            table,
        )
        self.interfaces.clear()
        await self.timed("link and write dependencies", self.link(chunks, table))
        self.progress("publish", 0, -1)
        published = await self.timed(
            "publish", publish(self.build, version("mge"), {**self.seconds}, self.permit)
        )
        self.progress("publish", 1, 1)
        built = Built.of(published, len(symbols), len(self.build.externals))
        if self.remember is not None:
            await self.timed("remember", asyncio.to_thread(self.keep, self.remember, chunks, names, built))
        self.seconds["total"] = time.perf_counter() - began
        steps = {f"publish: {step}": took for step, took in published.seconds.items()}
        files = len(self.records)
        return import_result(
            self.source,
            plan_id=self.build.plan.plan_id,
            name=self.build.plan.project_name,
            figures=Figures.of(
                [
                    FileFigures(record, counts, len(symbols))
                    for record, counts, symbols in zip(self.records, self.counts, self.symbols, strict=True)
                ]
            ),
            built=built,
            touched=Touched(analysed=files, linked=files, removed=0),
            indexes=[index.engine for index in self.indexes],
            problems=[problem for index in self.indexes for problem in index.problems],
            seconds={**self.seconds, **steps},
        )

    def keep(
        self,
        remember: Remember,
        chunks: Sequence[Chunk],
        names: Mapping[str, str],
        built: Built,
    ) -> None:
        """Leave what was found for the next import of the plan."""
        paths = [record.path for record in self.records]
        meta = {
            **remember.expected,
            **built_kept(built),
            "indexes": "\n".join(index.engine for index in self.indexes),
            "problems": "\n".join(problem for index in self.indexes for problem in index.problems),
        }

        def files() -> Iterator[KnownFile]:
            ends = [*self.bases[1:], len(self.atom_ids)]
            for chunk in chunks:
                for offset, stored in enumerate(spooled(self.spool, chunk.first)):
                    number = chunk.first + offset
                    path = paths[number]
                    yield KnownFile(
                        path,
                        names[path],
                        self.records[number],
                        stored,
                        self.symbols[number],
                        tuple(self.atom_ids[self.bases[number] : ends[number]]),
                        packed_answers(placed(merged(self.indexes, number), paths)),
                        self.counts[number],
                    )

        keep(remember.path, meta, files())

    async def ask(self, paths: Sequence[str]) -> None:
        """What indexes say, while files are analysed."""
        self.indexes = await ask(self.indexers, self.source, paths, self.projects)

    def answer(self, chunk: Chunk) -> None:
        """Leave what indexes say of a chunk's files where they are linked."""
        numbers = range(chunk.first, chunk.first + len(chunk.entries))
        answers = {number: found for number in numbers if (found := merged(self.indexes, number))}
        if answers:
            save_answers(answers, self.spool, chunk.first)

    async def timed(self, stage: str, work: Awaitable[Result]) -> Result:
        began = time.perf_counter()
        result = await work
        self.seconds[stage] = time.perf_counter() - began
        return result

    async def written(self, work: Awaitable[None]) -> None:
        """Wait for rows to be in the graph, and count how long that takes in all."""
        began = time.perf_counter()
        await work
        self.seconds[_WRITING] = self.seconds.get(_WRITING, 0.0) + time.perf_counter() - began

    async def analyse(self, chunks: Sequence[Chunk]) -> None:
        """First pass: every file on its own; files and atoms go to the graph while others are parsed."""
        files: list[FileRecord] = []
        atoms: list[Atom] = []
        done = 0
        async for found in in_order(self.pool, analyse_chunk, [(chunk,) for chunk in chunks], self.workers):
            self.take(found, files, atoms)
            done += len(found.records)
            self.progress("files", done, len(self.source.entries))
            self.progress("atoms", len(self.atom_ids), -1)
            if len(atoms) >= _BATCH:
                await self.written(stage_files(self.build, files))
                await self.written(stage_atoms(self.build, atoms))
                files.clear()
                atoms.clear()
        await self.written(stage_files(self.build, files))
        await self.written(stage_atoms(self.build, atoms))

    def take(self, found: Analysed, files: list[FileRecord], atoms: list[Atom]) -> None:
        """Count a chunk's files and number their atoms."""
        for record, names in zip(found.records, found.ambient, strict=True):
            if names:
                self.ambient[record.number] = names
        for of_file in found.atoms:
            base = len(self.atom_ids)
            self.bases.append(base)
            atoms.extend(replace(atom, number=base + atom.number) for atom in of_file)
            self.atom_ids.extend(atom.atom_id for atom in of_file)
        self.symbols.extend(found.symbols)
        self.records.extend(found.records)
        files.extend(found.records)
        self.interfaces.extend(found.interfaces)
        self.starts.extend(found.starts)

    async def link(self, chunks: Sequence[Chunk], table: Path) -> None:
        """Second pass: references across files; dependencies go to the graph while others are linked."""
        waiting: dict[DependencyType, list[Dependency]] = {}
        externals: list[ExternalReference] = []
        arguments = [(self.spool, chunk.first, table) for chunk in chunks]
        done = edges = 0
        async for found in in_order(self.pool, link_chunk, arguments, self.workers):
            self.counts.extend(found.counts)
            externals.extend(found.externals)
            for dependency in found.dependencies:
                waiting.setdefault(dependency.type, []).append(dependency)
            for type_, rows in waiting.items():
                if len(rows) >= _BATCH:
                    await self.written(stage_dependencies(self.build, type_, rows))
                    rows.clear()
            if len(externals) >= _BATCH:
                await self.written(stage_externals(self.build, externals))
                externals.clear()
            done += 1
            self.progress("links", done, len(chunks))
            edges += len(found.dependencies)
            self.progress("edges", edges, -1)
        for type_, rows in waiting.items():
            await self.written(stage_dependencies(self.build, type_, rows))
        await self.written(stage_externals(self.build, externals))
        await self.written(stage_references(self.build, self.counts))


async def in_order(
    pool: ProcessPoolExecutor,
    work: Callable[..., Result],
    arguments: Sequence[tuple[object, ...]],
    workers: int,
) -> AsyncIterator[Result]:
    """Results in the order of ``arguments``; a few more tasks than workers are under way at a time."""
    loop = asyncio.get_running_loop()
    window = workers * 3
    running: list[asyncio.Future[Result]] = []
    following = 0
    try:
        while running or following < len(arguments):
            while following < len(arguments) and len(running) < window:
                running.append(loop.run_in_executor(pool, work, *arguments[following]))
                following += 1
            try:
                yield await running.pop(0)
            except FileVanished as error:
                raise _vanished(error) from error
            except BrokenProcessPool as error:
                raise MgeError(
                    "a parser process ended all at once, as it does where memory runs out",
                    hint="set MGE_WORKERS=1, or leave very large files out with --exclude",
                ) from error
    finally:
        for future in running:
            future.cancel()


def _vanished(error: FileVanished) -> InputError:
    path, reason = error.args
    return InputError(
        f"{path} was listed but cannot be read: {reason}",
        hint="import again, or leave it out with --exclude",
    )


def _remember(
    memory: Path | None, plan_id: str, name: str, configs: Mapping[str, bytes], indexers: Sequence[Indexer]
) -> Remember | None:
    """Where to keep what is found; None where it would not hold: a given index may change at any time."""
    if memory is None or not all(indexer.repeatable for indexer in indexers):
        return None
    expected = {
        "fingerprint": fingerprint(),
        "source": name,
        "configs": hashlib.sha256(repr(sorted(configs.items())).encode()).hexdigest(),
        "indexers": " ".join(type(indexer).__name__ for indexer in indexers),
    }
    return Remember(memory / f"{plan_id}.sqlite", expected)


def _chunks(plan_id: str, entries: Sequence[Entry], names: dict[str, str], spool: Path) -> Iterator[Chunk]:
    """Neighbouring files, so that a chunk is about as much work as another."""
    first = 0
    gathered: list[Entry] = []
    size = 0
    for entry in entries:
        if gathered and (size + entry.size > _CHUNK_BYTES or len(gathered) >= _CHUNK_FILES):
            yield Chunk(plan_id, first, tuple(gathered), tuple(names[e.path] for e in gathered), spool)
            first += len(gathered)
            gathered, size = [], 0
        gathered.append(entry)
        size += entry.size
    if gathered:
        yield Chunk(plan_id, first, tuple(gathered), tuple(names[e.path] for e in gathered), spool)


def _unique_symbols(
    records: Sequence[FileRecord], found: Sequence[tuple[SymbolRow, ...]], bases: Sequence[int]
) -> list[Symbol]:
    """The plan's symbols; where two files would give one name, the later one's carries its path."""
    taken: set[str] = set()
    symbols: list[Symbol] = []
    for record, rows, base in zip(records, found, bases, strict=True):
        renamed: dict[str, str] = {}
        for row in rows:
            name = row.qualified if row.qualified not in taken else f"{row.qualified}@{record.path}"
            renamed[row.qualified] = name
            taken.add(name)
        symbols.extend(plan_symbols(record.path, rows, renamed, base))
    return symbols

"""Importing again what was imported before: only what an edit touches is done anew.

The files whose content differs are analysed; those whose references the edit can reach (`app.resolve.changes`) are linked
again, with those that lead to an atom that is gone or was divided; the rest of the plan stays as it is. The result is
what a whole import gives. Where that cannot be promised cheaply (another program, other configuration, most files
changed, a change that any file may notice), nothing is done, and a whole import follows.
"""

from __future__ import annotations

import asyncio
import hashlib
import posixpath
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Final

from app.graph.connect import Graph
from app.graph.patching import Patch, PatchedFile, apply, base_of, needing
from app.graph.publish import Permit
from app.indexes.port import Indexer
from app.model.dependency import Symbol
from app.model.index import Answers, Index, IndexAnswer, merged
from app.model.source import SourceFile
from app.pipeline.analyse import analyse
from app.pipeline.indexing import ask
from app.pipeline.memory import (
    KnownFile,
    Memory,
    PlacedAnswers,
    built_kept,
    built_known,
    packed_answers,
    unpacked_answers,
)
from app.pipeline.result import Built, Figures, ImportResult, Progress, Touched, import_result
from app.pipeline.worker import (
    FileVanished,
    Lazy,
    StoredFile,
    lazy_interfaces,
    pack,
    unpack_interface,
    unpack_summary,
)
from app.resolve.changes import anchors, differing, spread
from app.resolve.evaluate import Evaluator
from app.resolve.link import Atoms, Linked, link_file
from app.resolve.modules import index_modules, is_python, module_names
from app.resolve.projects import Projects
from app.resolve.summary import FileSummary, Interface, SymbolRow
from app.sources.source import Skipped, Source, read_entry

_ATOMS_OF_A_FILE: Final = 1 << 24
_FEW: Final = 20
_ANALYSED_SHARE: Final = 0.25


class TooMuch(Exception):
    """The change is such that a whole import is the better way."""


async def update(
    graph: Graph,
    source: Source,
    projects: Projects,
    memory: Memory,
    *,
    plan_id: str,
    name: str,
    tenant_id: str,
    expected: Mapping[str, str],
    progress: Progress,
    permit: Permit,
    indexers: Sequence[Indexer],
) -> ImportResult:
    """Bring the plan to what the source holds now.

    ``expected`` is what the memory has to say of how it was made. Raises `TooMuch`, `Stale` where the graph is not
    as it was left, `FileVanished`, and what ``permit`` raises.
    """
    began = time.perf_counter()
    meta = memory.meta()
    if any(meta.get(key) != value for key, value in expected.items()):
        raise TooMuch
    if await base_of(graph, plan_id, tenant_id) != meta.get("build_id"):
        raise TooMuch
    run = _Update(graph, source, projects, memory, plan_id, meta, progress, permit, indexers)
    return await run.whole(name, began)


@dataclass(slots=True)
class _Update:
    """One update under way. Files are numbered as in a whole import of what the source holds now."""

    graph: Graph
    source: Source
    projects: Projects
    memory: Memory
    plan_id: str
    meta: dict[str, str]
    progress: Progress
    permit: Permit
    indexers: Sequence[Indexer]
    paths: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    before: dict[str, KnownFile] = field(default_factory=dict)
    """Files that changed or are gone, as they were."""
    summaries: dict[str, FileSummary] = field(default_factory=dict)
    """Files that changed or are new, as they are."""
    stored: dict[str, StoredFile] = field(default_factory=dict)
    atom_ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    indexes: tuple[Index, ...] = ()
    unpacked: tuple[Sequence[Interface], dict[int, tuple[str, ...]]] | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    async def whole(self, name: str, began: float) -> ImportResult:
        removed = await asyncio.to_thread(self.read)
        self.seconds["analyse"] = time.perf_counter() - began
        if not self.summaries and not removed:
            return self.result(name, Figures.of([*self.memory.figures()]), {}, (), began)
        asked = time.perf_counter()
        relinked = await self.asked_again(removed)
        self.seconds["ask indexes"] = time.perf_counter() - asked
        since = time.perf_counter()
        reached = await asyncio.to_thread(self.reached, removed)
        moved = {path: self.successors(path) for path in self.summaries}
        taken = {path: self.taken_over(path, moved[path]) for path in self.summaries}
        self.atom_ids = {
            **self.memory.atoms(),
            **{path: tuple(a.atom_id for a in s.atoms) for path, s in self.summaries.items()},
        }
        stranded = [atom for path in removed for atom in self.before[path].atoms]
        for path, kept in taken.items():
            stranded += self.stranded(path, kept, moved[path])
        linked = {*self.summaries, *relinked, *reached}
        if stranded:
            linked |= await needing(self.graph, stranded)
        linked &= self.numbers.keys()
        self.seconds["find what is touched"] = time.perf_counter() - since
        since = time.perf_counter()
        found = await asyncio.to_thread(self.link, sorted(linked, key=self.numbers.__getitem__))
        self.seconds["link"] = time.perf_counter() - since
        since = time.perf_counter()
        files = [self.known(path, found[path]) for path in found]
        symbols, gone = self.symbols(removed)
        build_id = str(uuid.uuid4())
        self.memory.write(self.meta, files, removed)
        figures = Figures.of([*self.memory.figures()])
        count = self.memory.symbols()
        patch = Patch(
            plan_id=self.plan_id,
            base=self.meta["build_id"],
            build_id=build_id,
            files=tuple(
                PatchedFile(summary.record, summary.atoms, taken[path])
                for path, summary in self.summaries.items()
            ),
            removed=tuple(removed),
            linked=tuple(found),
            dependencies=tuple(edge for linked in found.values() for edge in linked.dependencies),
            externals=tuple(reference for linked in found.values() for reference in linked.externals),
            references=tuple((file.path, file.counts) for file in files),
            symbols=symbols,
            gone_symbols=gone,
            atom_id=self.atom_id,
            totals=_totals(figures, count),
        )
        applied = await apply(self.graph, patch, version("mge"), self.seconds, self.permit)
        self.meta |= built_kept(Built.of(applied.published, count, applied.externals))
        self.memory.write(self.meta, (), ())
        self.memory.commit()
        self.seconds["patch"] = time.perf_counter() - since
        return self.result(name, figures, applied.published.seconds, tuple(found), began)

    def read(self) -> list[str]:
        """Analyse what changed; the paths that are gone."""
        self.paths = [entry.path for entry in self.source.entries]
        self.numbers = {path: at for at, path in enumerate(self.paths)}
        self.names = module_names(self.paths, self.source.name)
        known = self.memory.hashes()
        changed: list[SourceFile] = []
        for entry in self.source.entries:
            file = read_entry(entry)
            if isinstance(file, Skipped):
                raise FileVanished(file.path, file.reason)
            was = (hashlib.sha256(file.data).hexdigest(), self.names[file.path])
            if known.get(file.path) != was:
                changed.append(file)
        removed = sorted(known.keys() - self.numbers.keys())
        if len(changed) + len(removed) > max(_FEW, _ANALYSED_SHARE * len(self.paths)):
            raise TooMuch
        if self.moves_modules([*(file.path for file in changed if file.path not in known), *removed], known):
            raise TooMuch
        for done, file in enumerate(changed):
            summary = analyse(self.plan_id, self.numbers[file.path], self.names[file.path], file)
            self.summaries[file.path] = summary
            self.stored[file.path] = pack(summary)
            self.progress("files", done + 1, len(changed))
        for path in [*self.summaries, *removed]:
            if path in known:
                self.before[path] = self.memory.file(path)
        return removed

    def moves_modules(self, paths: list[str], known: Iterable[str]) -> bool:
        """Whether files that came or went change what module names mean beyond themselves."""
        scripts = [path for path in paths if not is_python(path)]
        return bool(paths) and (
            _folders(known) != _folders(self.paths) or bool(scripts and self.source.configs)
        )

    async def asked_again(self, removed: Sequence[str]) -> set[str]:
        """Ask indexes anew where they may say something else; the files of which they do."""
        self.answers = self.memory.answers()
        edited = [path for path in (*self.summaries, *removed) if not is_python(path)]
        if not edited or not self.indexers:
            return set()
        self.indexes = await ask(self.indexers, self.source, self.paths, self.projects)
        now = {
            path: packed_answers(placed(merged(self.indexes, at), self.paths))
            for at, path in enumerate(self.paths)
        }
        now = {path: packed for path, packed in now.items() if packed}
        differ = {path for path in {**now, **self.answers} if now.get(path) != self.answers.get(path)}
        self.answers = now
        return differ

    def reached(self, removed: Sequence[str]) -> set[str]:
        """The files whose references may lead elsewhere now."""
        names: set[str] = set()
        for path in {**self.summaries, **dict.fromkeys(removed)}:
            before, after = self.before.get(path), self.summaries.get(path)
            found = differing(
                unpack_interface(before.stored.interface) if before else None,
                after.interface if after else None,
            )
            if found is None:
                raise TooMuch
            names |= found
        if not names:
            return set()
        mentioned = {p: mention for p, mention in self.memory.mentions().items() if p in self.numbers}
        mentioned |= {path: stored.mentions for path, stored in self.stored.items()}
        by_name: dict[str, list[int]] = {}
        for path, mention in mentioned.items():
            for each in mention.interface:
                by_name.setdefault(each, []).append(self.numbers[path])
        interfaces = self.interfaces()[0]
        tainted = spread(
            names,
            lambda fresh: {file for each in fresh for file in by_name.get(each, ())},
            interfaces.__getitem__,
        )
        return {path for path, mention in mentioned.items() if not tainted.isdisjoint(mention.references)}

    def interfaces(self) -> tuple[Sequence[Interface], dict[int, tuple[str, ...]]]:
        """The interfaces of all files as they are now, and what they declare globally."""
        if self.unpacked is not None:
            return self.unpacked
        packed: dict[str, bytes] = {}
        ambient: dict[int, tuple[str, ...]] = {}
        for path, interface, names in self.memory.interfaces():
            if path in self.numbers and path not in self.stored:
                packed[path] = interface
                if names:
                    ambient[self.numbers[path]] = names
        for path, stored in self.stored.items():
            packed[path] = stored.interface
            if stored.ambient:
                ambient[self.numbers[path]] = stored.ambient
        self.unpacked = lazy_interfaces([packed[path] for path in self.paths]), ambient
        return self.unpacked

    def taken_over(self, path: str, moved: Iterable[tuple[int, int]]) -> tuple[str | None, ...]:
        """For each atom of a file as it is, the atom as it was whose node it takes: the same one, or the one that
        defined what it defines.
        """
        summary, before = self.summaries[path], self.before.get(path)
        if before is None:
            return (None,) * len(summary.atoms)
        old = set(before.atoms)
        taken: list[str | None] = [atom.atom_id if atom.atom_id in old else None for atom in summary.atoms]
        free = old - {each for each in taken if each is not None}
        for was, now in moved:
            if before.atoms[was] in free and taken[now] is None:
                taken[now] = before.atoms[was]
                free.discard(before.atoms[was])
        return tuple(taken)

    def successors(self, path: str) -> list[tuple[int, int]]:
        """Where what other files can refer to was, and where it is now: indexes of atoms."""
        before, after = self.before.get(path), self.summaries[path]
        if before is None or not before.atoms or not after.atoms:
            return []
        was = anchors(unpack_interface(before.stored.interface))
        now = anchors(after.interface)
        return sorted({(was[key], now[key]) for key in was.keys() & now.keys()})

    def stranded(self, path: str, taken: Sequence[str | None], moved: Iterable[tuple[int, int]]) -> list[str]:
        """Atoms of a file as it was that are gone, or that no longer hold all that others came to them for."""
        before = self.before.get(path)
        if before is None:
            return []
        stays = {each for each in taken if each is not None}
        found = {atom for atom in before.atoms if atom not in stays}
        found.update(before.atoms[was] for was, now in moved if taken[now] != before.atoms[was])
        return sorted(found)

    def link(self, paths: Sequence[str]) -> dict[str, Linked]:
        """Settle the references of some files."""
        interfaces, ambient = self.interfaces()
        modules = index_modules(self.paths, self.source.name, self.projects)
        evaluator = Evaluator(interfaces, modules, ambient)
        starts = Lazy(lambda at: self.summary(at, evaluator).starts, len(self.paths))
        atoms = Atoms(range(0, len(self.paths) * _ATOMS_OF_A_FILE, _ATOMS_OF_A_FILE), starts)
        found: dict[str, Linked] = {}
        for path in paths:
            number = self.numbers[path]
            answers = numbered(unpacked_answers(self.answers.get(path, b"")), self.numbers)
            found[path] = link_file(evaluator, number, self.summary(number, evaluator), atoms, answers)
            self.progress("links", len(found), len(paths))
        return found

    def summary(self, number: int, evaluator: Evaluator) -> FileSummary:
        path = self.paths[number]
        changed = self.summaries.get(path)
        if changed is not None:
            return changed
        return unpack_summary(self.memory.file(path).stored.summary, evaluator.interfaces[number], number)

    def atom_id(self, number: int) -> str:
        """The id of an atom by its number while linking."""
        file, index = divmod(number, _ATOMS_OF_A_FILE)
        return self.atom_ids[self.paths[file]][index]

    def known(self, path: str, linked: Linked) -> KnownFile:
        """A linked file as it is kept."""
        answers = self.answers.get(path, b"")
        summary = self.summaries.get(path)
        if summary is None:
            return replace(self.memory.file(path), answers=answers, counts=linked.counts)
        return KnownFile(
            path,
            self.names[path],
            summary.record,
            self.stored[path],
            summary.symbols,
            self.atom_ids[path],
            answers,
            linked.counts,
        )

    def symbols(self, removed: Sequence[str]) -> tuple[tuple[Symbol, ...], tuple[str, ...]]:
        """The symbols of the files that changed, and of those that share a name with them; the names that are gone."""
        rows_of: dict[str, tuple[SymbolRow, ...]] = {p: s.symbols for p, s in self.summaries.items()}
        edited = {**self.summaries, **dict.fromkeys(removed)}
        names = {row.qualified for rows in rows_of.values() for row in rows}
        names |= {row.qualified for file in self.before.values() for row in file.symbols}
        sharing = self.memory.sharing(names)
        others = {path for paths in sharing.values() for path in paths} - edited.keys()
        for path in others:
            rows_of[path] = self.memory.file(path).symbols
        old_rows = {path: file.symbols for path, file in self.before.items()} | {
            p: rows_of[p] for p in others
        }
        everywhere = self.memory.sharing({row.qualified for rows in rows_of.values() for row in rows})
        now: dict[str, set[str]] = {}
        for name, paths in everywhere.items():
            now[name] = {path for path in paths if path not in edited}
        for path, rows in rows_of.items():
            for row in rows:
                now.setdefault(row.qualified, set()).add(path)
        before = self.memory.sharing({row.qualified for rows in old_rows.values() for row in rows})
        old_names = {
            unique for path, rows in old_rows.items() for unique in _unique(path, rows, before).values()
        }
        found: list[Symbol] = []
        for path, rows in rows_of.items():
            first = self.numbers[path] * _ATOMS_OF_A_FILE
            found += plan_symbols(path, rows, _unique(path, rows, now), first)
        return tuple(found), tuple(sorted(old_names - {symbol.qualified_name for symbol in found}))

    def result(
        self, name: str, figures: Figures, seconds: Mapping[str, float], linked: Sequence[str], began: float
    ) -> ImportResult:
        problems = [problem for index in self.indexes for problem in index.problems]
        self.seconds["total"] = time.perf_counter() - began
        steps = {f"patch: {step}": took for step, took in seconds.items()}
        return import_result(
            self.source,
            plan_id=self.plan_id,
            name=name,
            figures=figures,
            built=built_known(self.meta),
            touched=Touched(len(self.summaries), len(linked), len(self.before.keys() - self.numbers.keys())),
            indexes=self.meta["indexes"].split("\n"),
            problems=problems if self.indexes else self.meta["problems"].split("\n"),
            seconds={**self.seconds, **steps},
        )


def _totals(figures: Figures, symbols: int) -> dict[str, int]:
    """A plan's figures as its node carries them."""
    return {
        "total_files": figures.statuses.total(),
        "recovered_files": figures.statuses["recovered"],
        "opaque_files": figures.statuses["opaque"],
        "total_bytes": figures.bytes,
        "total_loc": figures.code_lines,
        "total_atoms": figures.atoms,
        "total_symbols": symbols,
        "import_deps": figures.dependencies["IMPORT_DEP"],
        "type_deps": figures.dependencies["TYPE_DEP"],
        "control_deps": figures.dependencies["CONTROL_DEP"],
        "data_deps": figures.dependencies["DATA_DEP"],
    }


def plan_symbols(
    path: str, rows: Iterable[SymbolRow], names: Mapping[str, str], first: int
) -> Iterator[Symbol]:
    """A file's symbols as the plan has them: ``names`` by those in the file, ``first`` the number of its first atom."""
    for row in rows:
        yield Symbol(
            names[row.qualified],
            row.name,
            row.kind,
            row.exported,
            path,
            tuple(first + atom for atom in row.atoms),
            names.get(row.member_of, ""),
        )


def placed(answers: Answers, paths: Sequence[str]) -> PlacedAnswers:
    """Answers with paths instead of numbers."""
    return {
        position: (
            answer.rule,
            answer.place,
            tuple((paths[file], at) for file, at in answer.targets),
            answer.outside,
        )
        for position, answer in answers.items()
    }


def numbered(answers: PlacedAnswers, numbers: Mapping[str, int]) -> dict[int, IndexAnswer]:
    """Answers with numbers instead of paths."""
    return {
        position: IndexAnswer(rule, place, tuple((numbers[path], at) for path, at in targets), outside)
        for position, (rule, place, targets, outside) in answers.items()
    }


def _folders(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        folder = posixpath.dirname(path)
        while folder and folder not in found:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return found


def _unique(path: str, rows: Sequence[SymbolRow], definers: Mapping[str, set[str]]) -> dict[str, str]:
    """What the symbols of a file are called in the plan: the first file in order keeps a name to itself."""
    order = path.encode()
    return {
        row.qualified: f"{row.qualified}@{path}"
        if any(other.encode() < order for other in definers.get(row.qualified, ()))
        else row.qualified
        for row in rows
    }

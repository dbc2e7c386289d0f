"""Changing a plan in place: the atoms and dependencies that an edit touches, in one transaction.

Nodes of atoms stay where a successor of theirs takes them over, with all that depends on them. Cycles are found anew among
the atoms that a new dependency can have closed a cycle with and in the cycles that lost one; waves are relaxed
from the atoms whose needs changed, until nothing changes (Jacobi's iteration on the longest path, which ends since
what is not cut has no cycle). The result is what a whole build gives.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeAlias

from neo4j import AsyncManagedTransaction

from app.errors import Conflict
from app.graph.connect import Graph, read, run
from app.graph.publish import Permit, PublishResult, announced, published_result, record_build
from app.graph.queries import Value
from app.graph.rows import (
    atom_row,
    batches,
    dependency_row,
    external_rows,
    file_row,
    reference_row,
    symbol_row,
)
from app.model.atom import Atom, FileRecord
from app.model.dependency import (
    WEIGHTS,
    Dependency,
    DependencyType,
    ExternalReference,
    LinkCounts,
    Symbol,
)

AtomId: TypeAlias = str


class Stale(Conflict):
    """The graph is not what the patch was made for; nothing was changed."""


@dataclass(frozen=True, slots=True)
class PatchedFile:
    """A file with new content. ``taken_over[i]`` is the atom whose node the file's atom ``i`` takes, if any."""

    record: FileRecord
    atoms: tuple[Atom, ...]
    taken_over: tuple[AtomId | None, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """What makes the plan of build ``base`` the plan of build ``build_id``.

    ``linked`` are the paths whose dependencies, externals and references are given, whole; ``symbols`` are all of
    some files, ``gone_symbols`` the names that none of these has any more. Atoms are numbered as ``atom_id``
    knows them. ``totals`` are the properties of the plan.
    """

    plan_id: str
    base: str
    build_id: str
    files: tuple[PatchedFile, ...]
    removed: tuple[str, ...]
    linked: tuple[str, ...]
    dependencies: tuple[Dependency, ...]
    externals: tuple[ExternalReference, ...]
    references: tuple[tuple[str, LinkCounts], ...]
    symbols: tuple[Symbol, ...]
    gone_symbols: tuple[str, ...]
    atom_id: Callable[[int], AtomId]
    totals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a patch came to; ``externals`` is how many the plan has now."""

    published: PublishResult
    externals: int


async def base_of(graph: Graph, plan_id: str, tenant_id: str) -> str | None:
    """The build of a plan that readers see; None where the tenant has no such plan."""
    rows = await read(graph, "patch/base", plan_id=plan_id, tenant_id=tenant_id)
    return rows[0]["build_id"] if rows else None


async def needing(graph: Graph, atom_ids: Sequence[AtomId]) -> set[str]:
    """The paths of files that depend on some atoms."""
    return {row["path"] for row in await read(graph, "patch/needing", ids=list(atom_ids))}


async def apply(
    graph: Graph, patch: Patch, tool_version: str, stages: Mapping[str, float], permit: Permit
) -> Applied:
    """Change the plan in one transaction; `Stale` where it is not at the patch's base, or does not fit."""
    seconds: dict[str, float] = {}

    async def work(transaction: AsyncManagedTransaction) -> Applied:
        seconds.clear()
        application = _Application(transaction, patch, seconds)
        outcome = await application.run(tool_version, stages)
        return Applied(published_result(patch.build_id, outcome, seconds), application.externals)

    return await announced(graph, patch.plan_id, work, permit)


@dataclass(slots=True)
class _Application:
    """A patch while it is applied. Node ids are good within the transaction."""

    transaction: AsyncManagedTransaction
    patch: Patch
    seconds: dict[str, float]
    nodes: dict[AtomId, int] = field(default_factory=dict)
    doomed: list[int] = field(default_factory=list)
    fresh: set[int] = field(default_factory=set)
    renamed: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)
    differing: set[tuple[int, int]] = field(default_factory=set)
    """Pairs of atoms between which a dependency came or went."""
    new_pairs: set[tuple[int, int]] = field(default_factory=set)
    """Those between which there was none before."""
    externals: int = 0
    cycles_lost: set[str] = field(default_factory=set)
    """Cycles that atoms were in that are gone."""

    async def ask(self, name: str, **parameters: Value) -> list[Any]:
        return await run(self.transaction, name, **parameters)

    async def run(self, tool_version: str, stages: Mapping[str, float]) -> Any:
        plan_id = self.patch.plan_id
        began = perf_counter()
        if not await self.ask("patch/begin", plan_id=plan_id, build_id=self.patch.base):
            raise Stale(
                "the plan was changed by another import meanwhile", hint="import again: it starts from there"
            )
        await self.atoms()
        self.timed("patch atoms", began)
        began = perf_counter()
        await self.edges()
        await self.others()
        await self.remove()
        self.timed("patch dependencies", began)
        began = perf_counter()
        waiting = await self.cycles()
        self.timed("patch cycles", began)
        began = perf_counter()
        await self.waves(waiting)
        self.timed("patch waves", began)
        totals = {**self.patch.totals, "total_externals": self.externals}
        await self.ask("patch/describe", plan_id=plan_id, **totals)
        return await record_build(
            self.transaction, plan_id, self.patch.build_id, tool_version, {**stages, **self.seconds}
        )

    def timed(self, step: str, began: float) -> None:
        self.seconds[step] = perf_counter() - began

    async def atoms(self) -> None:
        """Write the files and atoms with new content; what no new atom takes over is doomed."""
        plan_id = self.patch.plan_id
        paths = [file.record.path for file in self.patch.files]
        before = {
            row["path"]: row["atoms"]
            for row in await self.ask("patch/nodes", plan_id=plan_id, paths=[*paths, *self.patch.removed])
        }
        for path in self.patch.removed:
            self.doomed += [atom[0] for atom in before.get(path, ())]
        if not self.patch.files:
            return
        written = await self.ask(
            "patch/files", plan_id=plan_id, rows=[file_row(f.record) for f in self.patch.files]
        )
        changed: list[Value] = []
        created: list[tuple[Atom, list[Value]]] = []
        for file, node in zip(self.patch.files, written[0]["ids"], strict=True):
            known = {atom[1]: atom for atom in before.get(file.record.path, ())}
            last = 0
            for atom, taken in zip(file.atoms, file.taken_over, strict=True):
                if taken is None:
                    created.append((atom, [node, *atom_row(atom)]))
                    continue
                old = known.pop(taken, None)
                if old is None:
                    raise Stale(f"{file.record.path} is not in the graph as it was imported")
                self.nodes[atom.atom_id] = old[0]
                if old[2] < last:
                    self.moved.add(old[0])
                last = max(last, old[2])
                if taken != atom.atom_id:
                    self.renamed.add(old[0])
                if list(old[1:]) != _compared(atom):
                    changed.append([old[0], *atom_row(atom)])
            self.doomed += [atom[0] for atom in known.values()]
        # An id that moves from one node to another is free before it is taken.
        for edited in batches(changed):
            await self.ask("patch/write_atoms", rows=edited)
        for batch in batches(created):
            rows = await self.ask("patch/create_atoms", plan_id=plan_id, rows=[row for _, row in batch])
            for (atom, _), made in zip(batch, rows[0]["ids"], strict=True):
                self.nodes[atom.atom_id] = made
                self.fresh.add(made)
        order: list[Value] = [
            [self.nodes[one.atom_id], self.nodes[other.atom_id]]
            for file in self.patch.files
            for one, other in zip(file.atoms, file.atoms[1:], strict=False)
        ]
        await self.ask("patch/next", files=list(written[0]["ids"]), rows=order)

    async def resolve(self, numbers: Iterable[int]) -> None:
        """Find the nodes of atoms that the patch does not write."""
        asked = {self.patch.atom_id(number) for number in numbers}
        for batch in batches(sorted(asked - self.nodes.keys())):
            rows = await self.ask("patch/ids", atom_ids=batch)
            self.nodes.update((row["atom_id"], row["id"]) for row in rows)
        if not asked <= self.nodes.keys():
            raise Stale("the graph lacks atoms that were imported", hint="import again with --full")

    def node(self, number: int) -> int:
        """The node of an atom that is resolved."""
        return self.nodes[self.patch.atom_id(number)]

    async def edges(self) -> None:
        """Make the dependencies of the linked files what they are to be."""
        patch = self.patch
        await self.resolve(end for edge in patch.dependencies for end in (edge.source, edge.target))
        rows = await self.ask("patch/edges", plan_id=patch.plan_id, paths=[*patch.linked, *patch.removed])
        before = {(edge[1], edge[2], edge[3]): edge for edge in rows[0]["edges"]}
        pairs_before = {(edge[2], edge[3]) for edge in rows[0]["edges"]}
        pairs_after: set[tuple[int, int]] = set()
        created: dict[DependencyType, list[Value]] = defaultdict(list)
        changed: list[Value] = []
        for edge in patch.dependencies:
            source, target = self.node(edge.source), self.node(edge.target)
            properties = dependency_row(edge)
            pairs_after.add((source, target))
            old = before.pop((edge.type, source, target), None)
            if old is None:
                created[edge.type].append([source, target, *properties])
                self.differing.add((source, target))
            elif old[4:] != properties:
                changed.append([old[0], source, *properties])
        gone = list(before.values())
        self.differing.update((edge[2], edge[3]) for edge in gone)
        if gone:
            await self.ask("patch/delete_edges", ids=[e[0] for e in gone], sources=[e[2] for e in gone])
        for batch in batches(changed):
            await self.ask("patch/write_edges", rows=batch)
        for type_, made in created.items():
            for batch in batches(made):
                await self.ask("patch/create_edges", type=type_, weight=WEIGHTS[type_], rows=batch)
        self.new_pairs = pairs_after - pairs_before

    async def others(self) -> None:
        """Externals, references and symbols."""
        patch = self.patch
        externals = external_rows(patch.externals)
        await self.resolve(
            [*(atom for atom, _, _ in externals), *(atom for s in patch.symbols for atom in s.atoms)]
        )
        rows = await self.ask(
            "patch/externals",
            plan_id=patch.plan_id,
            paths=[*patch.linked, *patch.removed],
            rows=[
                [self.node(atom), ecosystem, name, *row] for (atom, ecosystem, name), row in externals.items()
            ],
        )
        self.externals = rows[0]["externals"]
        await self.ask(
            "patch/references",
            plan_id=patch.plan_id,
            rows=[[path, *reference_row(counts)] for path, counts in patch.references],
        )
        await self.ask(
            "patch/symbols",
            plan_id=patch.plan_id,
            gone=list(patch.gone_symbols),
            rows=[
                [*symbol_row(s), [self.node(atom) for atom in s.atoms], s.member_of] for s in patch.symbols
            ],
        )

    async def remove(self) -> None:
        """Delete what is gone, on which nothing may depend any more."""
        self.cycles_lost = set((await self.cycles_of({*self.doomed})).values())
        if self.doomed:
            rows = await self.ask("patch/delete_atoms", ids=self.doomed)
            if rows[0]["needed"]:
                raise Stale("something still depends on atoms that are gone", hint="import again with --full")
        if self.patch.removed:
            await self.ask("patch/delete_files", plan_id=self.patch.plan_id, paths=list(self.patch.removed))

    async def cycles(self) -> set[int]:
        """Find the cycles that changed; the atoms whose needs changed, by their dependencies or by cuts."""
        plan_id = self.patch.plan_id
        gone = {*self.doomed}
        pairs = {pair for pair in self.differing if gone.isdisjoint(pair)}
        ends = {end for pair in pairs for end in pair}
        cycle_of = await self.cycles_of(ends | self.moved | self.renamed)
        dirty = self.cycles_lost | {cycle_of[atom] for atom in self.moved if atom in cycle_of}
        dirty |= {
            cycle_of[one] for one, other in pairs if one in cycle_of and cycle_of[one] == cycle_of.get(other)
        }
        apart = {one for one, other in pairs if one == other}
        closing = [
            (one, other)
            for one, other in self.new_pairs
            if one != other and (one not in cycle_of or cycle_of[one] != cycle_of.get(other))
        ]
        if closing:
            rows = await self.ask(
                "cycles/between",
                starts=sorted({other for _, other in closing}),
                ends=sorted({one for one, _ in closing}),
            )
            found: set[int] = {each for row in rows for each in row["ids"]}
            dirty |= set((await self.cycles_of(found)).values())
            apart |= found
        waiting = (self.fresh | {one for one, _ in self.differing}) - gone
        if dirty or apart:
            rows = await self.ask("cycles/reopen", cycle_ids=sorted(dirty), ids=sorted(apart))
            waiting.update(rows[0]["ids"])
            for name in ("cycles/components", "cycles/record", "cycles/cut"):
                await self.ask(name, plan_id=plan_id)
        renamed = {cycle_of[atom] for atom in self.renamed if atom in cycle_of} - dirty
        if renamed:
            await self.ask("cycles/rename", cycle_ids=sorted(renamed))
        return waiting

    async def cycles_of(self, ids: set[int]) -> dict[int, str]:
        if not ids:
            return {}
        return {row["id"]: row["cycle_id"] for row in await self.ask("cycles/of", ids=sorted(ids))}

    async def waves(self, waiting: set[int]) -> None:
        """Relax waves from the atoms whose needs changed."""
        changed: set[int] = set()
        while waiting:
            rows = await self.ask("waves/relax", ids=sorted(waiting))
            changed.update(rows[0]["changed"])
            waiting = set(rows[0]["next"])
        if changed or self.doomed:
            await self.ask("waves/move", plan_id=self.patch.plan_id, ids=sorted(changed))


def _compared(atom: Atom) -> list[Value]:
    """An atom as `patch/nodes` gives it, without its node's id; its text is known by its hash."""
    return [
        *(atom.atom_id, atom.atom_number, atom.name, atom.qualified_name, atom.kind, atom.node_type),
        *(atom.start_byte, atom.end_byte, atom.start_line, atom.end_line, atom.loc, atom.complexity),
        *(atom.indivisible, atom.content_hash),
    ]

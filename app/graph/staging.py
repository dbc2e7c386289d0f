"""Putting an import into the graph where no reader sees it yet.

A build stages nodes under labels of its own, with their real relationships and final properties;
`app.graph.publish` then swaps the labels. Every batch is one transaction that first moves the build's
batch number on, so a batch that is sent again after its commit writes nothing.

Relationships are created by node id: a build holds the ids of its nodes (eight bytes a node). An id is
good for as long as the build's StagedBuild node stands, which every batch checks.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Final, Literal

from app.errors import Conflict, InputError
from app.graph.connect import Graph, read, write
from app.graph.queries import Value
from app.graph.rows import (
    BATCH,
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

_BATCH_CODE_BYTES: Final = 8 * 2**20
_LEASE_SECONDS: Final = 600

_StagedLabel = Literal["StagedFile", "StagedAtom", "StagedSymbol", "StagedExternal"]


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """What a plan is, apart from what it holds. ``root`` is a name, never a machine's path."""

    plan_id: str
    project_name: str
    root: str
    tenant_id: str = "default"


@dataclass(frozen=True, slots=True)
class StagedBuild:
    """A build under way. ``files`` and ``atoms`` are node ids at the index of their ``number``;
    ``externals`` are those by ecosystem and package.
    """

    graph: Graph
    plan: PlanRecord
    build_id: str
    files: array[int] = field(default_factory=lambda: array("q"))
    atoms: array[int] = field(default_factory=lambda: array("q"))
    file_of_path: dict[str, int] = field(default_factory=dict)
    externals: dict[tuple[str, str], int] = field(default_factory=dict)
    batches: Iterator[int] = field(default_factory=lambda: count(1))


async def open_build(graph: Graph, plan: PlanRecord, build_id: str) -> StagedBuild:
    """Begin a build; ``build_id`` is new for every import."""
    await write(graph, "staging/open", build_id=build_id, plan_id=plan.plan_id)
    return StagedBuild(graph, plan, build_id)


async def stage_files(build: StagedBuild, files: Iterable[FileRecord]) -> None:
    """Stage files, in the order of their numbers; `Conflict` where the build was discarded or swept."""
    for batch in batches(files):
        _expect(len(build.files), batch[0].number)
        rows: list[Value] = [file_row(f) for f in batch]
        ids = await _stage_nodes(build, "staging/files", "StagedFile", [f.path for f in batch], rows)
        build.files.extend(ids)
        build.file_of_path.update((f.path, node) for f, node in zip(batch, ids, strict=True))


async def stage_atoms(build: StagedBuild, atoms: Iterable[Atom]) -> None:
    """Stage atoms of files that are staged, in the order of their numbers; `Conflict` as `stage_files`."""
    last: Atom | None = None
    for batch in _batches_by_code(atoms):
        _expect(len(build.atoms), batch[0].number)
        rows: list[Value] = [[build.file_of_path[a.path], *atom_row(a)] for a in batch]
        keys = [a.atom_id for a in batch]
        build.atoms.extend(await _stage_nodes(build, "staging/atoms", "StagedAtom", keys, rows))
        run = batch if last is None else [last, *batch]
        following: list[Value] = [
            [build.atoms[a.number], build.atoms[b.number]] for a, b in pairwise(run) if a.path == b.path
        ]
        await _stage_relationships(build, "staging/next", following)
        last = batch[-1]


async def stage_dependencies(
    build: StagedBuild, dependency_type: DependencyType, dependencies: Iterable[Dependency]
) -> None:
    """Stage dependencies of one type between atoms that are staged; `Conflict` as `stage_files`."""
    ids = build.atoms
    for batch in batches(dependencies):
        rows: list[Value] = [[ids[d.source], ids[d.target], *dependency_row(d)] for d in batch]
        await _stage_relationships(
            build, "staging/dependencies", rows, type=dependency_type, weight=WEIGHTS[dependency_type]
        )


async def stage_references(build: StagedBuild, counts: Iterable[LinkCounts]) -> None:
    """Stage what became of the references in all files, which are staged; `Conflict` as `stage_files`."""
    for batch in batches(zip(build.files, counts, strict=True)):
        rows: list[Value] = [[file, *reference_row(of_file)] for file, of_file in batch]
        await _stage_relationships(build, "staging/references", rows)


async def stage_symbols(build: StagedBuild, symbols: Sequence[Symbol]) -> None:
    """Stage all symbols of the plan at once, after their atoms; `Conflict` as `stage_files`."""
    node_of: dict[str, int] = {}
    for batch in batches(symbols):
        rows: list[Value] = [[*symbol_row(s), [build.atoms[atom] for atom in s.atoms]] for s in batch]
        names = [s.qualified_name for s in batch]
        ids = await _stage_nodes(build, "staging/symbols", "StagedSymbol", names, rows)
        node_of.update(zip(names, ids, strict=True))
    members = ((node_of[s.qualified_name], node_of[s.member_of]) for s in symbols if s.member_of in node_of)
    for pairs in batches(members):
        await _stage_relationships(build, "staging/members", list(pairs))


async def stage_externals(build: StagedBuild, references: Iterable[ExternalReference]) -> None:
    """Stage all references of some atoms out of the plan, after those atoms; `Conflict` as `stage_files`.

    May be called again with the references of other atoms.
    """
    gathered = external_rows(references)
    packages = dict.fromkeys((ecosystem, package) for _, ecosystem, package in gathered)
    for batch in batches(package for package in packages if package not in build.externals):
        rows: list[Value] = [[ecosystem, package] for ecosystem, package in batch]
        both = [f"{ecosystem}:{package}" for ecosystem, package in batch]
        ids = await _stage_nodes(build, "staging/externals", "StagedExternal", both, rows)
        build.externals.update(zip(batch, ids, strict=True))
    for keys in batches(gathered):
        await _stage_relationships(
            build,
            "staging/refers",
            [[build.atoms[key[0]], build.externals[key[1:]], *gathered[key]] for key in keys],
        )


async def discard(build: StagedBuild) -> None:
    """Give the build up and delete what it staged; nothing happens where it is already gone."""
    await write(build.graph, "staging/discard", build_id=build.build_id)
    await _delete_unseen(build.graph)


async def sweep(graph: Graph) -> int:
    """Delete what readers no longer see, and builds whose importer has been silent for ten minutes.

    Returns the number of nodes deleted.
    """
    await write(graph, "staging/abandon", lease_seconds=_LEASE_SECONDS)
    return await _delete_unseen(graph)


async def _delete_unseen(graph: Graph) -> int:
    total = 0
    while deleted := (await write(graph, "staging/sweep", limit=BATCH))[0]["deleted"]:
        total += deleted
    return total


async def _stage_nodes(
    build: StagedBuild, name: str, label: _StagedLabel, keys: list[str], rows: list[Value]
) -> list[int]:
    written = await write(
        build.graph,
        name,
        build_id=build.build_id,
        plan_id=build.plan.plan_id,
        batch=next(build.batches),
        rows=rows,
    )
    ids: list[int] = written[0]["ids"]
    if not ids:
        await _require_open(build)
        found = await read(build.graph, "staging/ids", build_id=build.build_id, label=label, keys=keys)
        id_of: dict[str, int] = {row["key"]: row["id"] for row in found}
        ids = [id_of[key] for key in keys]
    return ids


async def _stage_relationships(build: StagedBuild, name: str, rows: list[Value], **more: Value) -> None:
    if not rows:
        return
    written = await write(
        build.graph, name, build_id=build.build_id, batch=next(build.batches), rows=rows, **more
    )
    if not written[0]["written"]:
        await _require_open(build)


async def _require_open(build: StagedBuild) -> None:
    if not await read(build.graph, "staging/state", build_id=build.build_id):
        raise Conflict(
            "the import was given up while it was writing: it was discarded, or silent for ten minutes",
            hint="start the import again; the earlier graph is as it was",
        )


def _expect(number: int, found: int) -> None:
    if number != found:
        raise InputError(
            f"staged out of order: {found} where {number} comes next",
            hint="stage in the order of the numbers",
        )


def _batches_by_code(atoms: Iterable[Atom]) -> Iterator[list[Atom]]:
    batch: list[Atom] = []
    size = 0
    for atom in atoms:
        batch.append(atom)
        size += len(atom.code)
        if len(batch) == BATCH or size >= _BATCH_CODE_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch

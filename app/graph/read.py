"""What readers get of a plan: always one build of it, whole.

Neo4j lets a reader see a commit while it is being applied, and a later statement of a transaction see
another build than an earlier one did. So every read of a plan looks at the plan's stamp (its build, and
whether a commit is announced) before and after, and is done again where that changed.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from neo4j import AsyncManagedTransaction, Record
from neo4j.time import DateTime

from app.errors import Conflict, NotFound, StoreDown
from app.graph.connect import Graph, in_read, read, run
from app.graph.queries import Value, checked, query

_ANNOUNCED_SECONDS: Final = 5
_PAUSE_SECONDS: Final = 0.05
_TRIES: Final = 400
_FILES_AT_A_TIME: Final = 50

Property = None | bool | int | float | str | datetime | tuple[str, ...] | tuple[float, ...]
Properties = Mapping[str, Property]

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan's properties and those of its last build (empty in a list of plans)."""

    plan: Properties
    build: Properties


@dataclass(frozen=True, slots=True)
class AssembledFile:
    """A file of a plan: its atoms' code in order; joined and encoded, it is the file that was imported."""

    path: str
    encoding: str
    sha256: str
    code: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanRows:
    """A plan's properties, and rows as ``export/atoms``, ``export/edges`` and ``export/modules`` return them."""

    plan: Properties
    atoms: Sequence[tuple[Any, ...]]
    edges: Sequence[tuple[Any, ...]]
    modules: Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class HashedAtom:
    """Where an atom is in its file, and the digest of its text (`Atom.content_hash`)."""

    atom_id: str
    qualified_name: str
    start_line: int
    start_byte: int
    end_byte: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class HashedFile:
    """The digests of a file and of its atoms in order."""

    path: str
    encoding: str
    sha256: str
    atoms: tuple[HashedAtom, ...]


@dataclass(frozen=True, slots=True)
class DependencyView:
    """A dependency seen from one of its atoms; the other end is described. Holds the evidence."""

    type: str
    atom_id: str
    name: str
    path: str
    start_line: int
    wave: int | None
    properties: Properties


@dataclass(frozen=True, slots=True)
class AtomView:
    """An atom with what it needs and what needs it, each at most as long as was asked for."""

    plan_id: str
    atom: Properties
    needs: tuple[DependencyView, ...]
    needed_by: tuple[DependencyView, ...]


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """A dependency in a drawing, between two ``atom_id``."""

    source: str
    target: str
    type: str
    weight: float
    cut: bool
    type_only: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Some atoms of a plan and dependencies between or out of them.

    ``truncated``: there were more nodes or edges than asked for. ``next_path``/``next_number``: what to
    give as ``after`` for the next page (of a page only).
    """

    nodes: tuple[Properties, ...]
    edges: tuple[DrawnEdge, ...]
    truncated: bool
    next_path: str = ""
    next_number: int = 0


@dataclass(frozen=True, slots=True)
class WaveView:
    """A wave and its figures."""

    number: int
    total_atoms: int
    completed_atoms: int
    failed_atoms: int
    status: str


async def run_named(
    graph: Graph, tenant_id: str, name: str, parameters: Mapping[str, Value]
) -> tuple[list[str], list[list[object]]]:
    """The columns and rows of a named query that reads, of one build of the plan where it is of a plan.

    Raises `NotFound` where the tenant has no such plan, `UnknownName` and `InputError` as `queries.checked`.
    """
    asked = query(name)
    sent = checked(asked, parameters)

    async def work(transaction: AsyncManagedTransaction) -> tuple[list[str], list[list[object]]]:
        result = await transaction.run(asked.text, sent)
        return list(result.keys()), await result.values()

    plan_id = sent.get("plan_id")
    if not isinstance(plan_id, str):
        return await in_read(graph, work)
    try:
        return await of_one_build(graph, plan_id, tenant_id, work)
    except NotFound:
        # A plan that was not imported has no build; what is mirrored of it changes row by row.
        if not await read(graph, "plans/mirrored", plan_id=plan_id, tenant_id=tenant_id):
            raise
        return await in_read(graph, work)


async def list_plans(
    graph: Graph, tenant_id: str, after: str = "", limit: int = 100
) -> tuple[PlanSummary, ...]:
    """A tenant's plans in the order of their ids, from the one after ``after``."""
    rows = await read(graph, "plans/list", tenant_id=tenant_id, after=after, limit=limit)
    return tuple(PlanSummary(_properties(row["plan"]), {}) for row in rows)


async def show_plan(graph: Graph, plan_id: str, tenant_id: str) -> PlanSummary:
    """What a plan is and holds; `NotFound` where the tenant has no such plan."""

    async def work(transaction: AsyncManagedTransaction) -> PlanSummary:
        rows = await run(transaction, "plans/show", plan_id=plan_id)
        return PlanSummary(_properties(rows[0]["plan"]), _properties(rows[0]["build"] or {}))

    return await of_one_build(graph, plan_id, tenant_id, work)


async def assemble_files(graph: Graph, plan_id: str, tenant_id: str) -> AsyncIterator[AssembledFile]:
    """Every file of a plan by path, a few in memory at a time; raises as `files_in_pages` does."""
    async for row in files_in_pages(graph, plan_id, tenant_id, "plans/files", _FILES_AT_A_TIME):
        yield AssembledFile(row["path"], row["encoding"], row["sha256"], tuple(row["code"]))


async def hashed_files(graph: Graph, plan_id: str, tenant_id: str) -> AsyncIterator[HashedFile]:
    """The digests of every file of a plan by path; raises as `files_in_pages` does."""
    async for row in files_in_pages(graph, plan_id, tenant_id, "plans/hashes", _FILES_AT_A_TIME):
        atoms = tuple(HashedAtom(*atom) for atom in row["atoms"])
        yield HashedFile(row["path"], row["encoding"], row["sha256"], atoms)


async def files_in_pages(
    graph: Graph, plan_id: str, tenant_id: str, name: str, files_at_a_time: int
) -> AsyncIterator[Record]:
    """The rows of a named query that goes through a plan's files by path, all of one build.

    Raises `NotFound` where the tenant has no such plan, and `Conflict` where the plan was replaced on the
    way: what was read then belongs to no one build, and the reader starts again.
    """
    first: str | None = None
    after = ""
    while True:
        start = after

        async def work(transaction: AsyncManagedTransaction, start: str = start) -> tuple[str, list[Record]]:
            stamp = await run(
                transaction,
                "plans/stamp",
                plan_id=plan_id,
                tenant_id=tenant_id,
                lease_seconds=_ANNOUNCED_SECONDS,
            )
            return stamp[0]["build_id"], await run(
                transaction, name, plan_id=plan_id, after=start, limit=files_at_a_time
            )

        build_id, rows = await of_one_build(graph, plan_id, tenant_id, work)
        if first is None:
            first = build_id
        elif build_id != first:
            raise Conflict(f"the plan {plan_id!r} was replaced while it was read", hint="begin again")
        for row in rows:
            yield row
        if len(rows) < files_at_a_time:
            return
        after = rows[-1]["path"]


async def whole_graph(graph: Graph, plan_id: str, tenant_id: str) -> PlanRows:
    """A plan's atoms, dependencies and modules without code and evidence, of one build; `NotFound`."""

    async def work(transaction: AsyncManagedTransaction) -> PlanRows:
        shown = await run(transaction, "plans/show", plan_id=plan_id)
        return PlanRows(
            _properties(shown[0]["plan"]),
            *[
                [tuple(row.values()) for row in await run(transaction, name, plan_id=plan_id)]
                for name in ("export/atoms", "export/edges", "export/modules")
            ],
        )

    return await of_one_build(graph, plan_id, tenant_id, work)


async def atoms_page(
    graph: Graph, plan_id: str, tenant_id: str, after_path: str = "", after_number: int = 0, limit: int = 100
) -> tuple[Properties, ...]:
    """The atoms that follow (``after_path``, ``after_number``) by path and ``atom_number``; `NotFound`."""

    async def work(transaction: AsyncManagedTransaction) -> list[Record]:
        return await run(
            transaction,
            "explore/atoms",
            plan_id=plan_id,
            after_path=after_path,
            after_number=after_number,
            limit=limit,
        )

    rows = await of_one_build(graph, plan_id, tenant_id, work)
    return tuple(_properties(row["atom"]) for row in rows)


async def show_atom(graph: Graph, atom_id: str, tenant_id: str, limit: int = 100) -> AtomView:
    """One atom with its dependencies both ways, ``limit`` each way; `NotFound`."""
    found = await read(graph, "explore/atom", atom_id=atom_id, tenant_id=tenant_id)
    if not found:
        raise NotFound(
            f"there is no atom {atom_id!r}", hint="GET /api/v2/atoms/{plan_id} lists a plan's atoms"
        )
    plan_id: str = found[0]["plan_id"]

    async def work(transaction: AsyncManagedTransaction) -> AtomView:
        rows = await run(transaction, "explore/atom", atom_id=atom_id, tenant_id=tenant_id)
        if not rows:
            raise NotFound(f"there is no atom {atom_id!r} any more", hint="its plan was replaced")
        needs = await run(transaction, "explore/needs", plan_id=plan_id, atom_id=atom_id, limit=limit)
        needed_by = await run(transaction, "explore/needed_by", plan_id=plan_id, atom_id=atom_id, limit=limit)
        return AtomView(
            plan_id,
            _properties(rows[0]["atom"]),
            tuple(map(_dependency, needs)),
            tuple(map(_dependency, needed_by)),
        )

    return await of_one_build(graph, plan_id, tenant_id, work)


async def draw_page(
    graph: Graph, plan_id: str, tenant_id: str, after_path: str = "", after_number: int = 0, limit: int = 500
) -> Drawing:
    """The next ``limit`` atoms of a plan with all that they need, at most 20 edges an atom; `NotFound`."""

    async def work(transaction: AsyncManagedTransaction) -> Drawing:
        page = await run(
            transaction,
            "explore/atoms",
            plan_id=plan_id,
            after_path=after_path,
            after_number=after_number,
            limit=limit + 1,
        )
        atoms = [row["atom"] for row in page[:limit]]
        ids = [atom["atom_id"] for atom in atoms]
        most = limit * 20
        nodes = await run(transaction, "explore/nodes", plan_id=plan_id, atom_ids=ids)
        edges = await run(transaction, "explore/outgoing", plan_id=plan_id, atom_ids=ids, limit=most + 1)
        more = len(page) > limit
        return Drawing(
            nodes=tuple(_properties(dict(node)) for node in nodes),
            edges=tuple(map(_edge, edges[:most])),
            truncated=len(edges) > most,
            next_path=atoms[-1]["path"] if more else "",
            next_number=atoms[-1]["atom_number"] if more else 0,
        )

    return await of_one_build(graph, plan_id, tenant_id, work)


async def draw_neighbourhood(
    graph: Graph, plan_id: str, tenant_id: str, atom_id: str, depth: int = 1, limit: int = 500
) -> Drawing:
    """The atoms within ``depth`` dependencies of an atom, at most ``limit``, and the edges among them; `NotFound`."""

    async def work(transaction: AsyncManagedTransaction) -> Drawing:
        ids = [atom_id]
        frontier = ids
        truncated = False
        for _ in range(depth):
            room = limit - len(ids)
            near = await run(
                transaction, "explore/around", plan_id=plan_id, atom_ids=frontier, limit=room + len(ids) + 1
            )
            seen = set(ids)
            fresh = [row["atom_id"] for row in near if row["atom_id"] not in seen]
            truncated = truncated or len(fresh) > room
            frontier = fresh[:room]
            ids = [*ids, *frontier]
            if not frontier:
                break
        nodes = await run(transaction, "explore/nodes", plan_id=plan_id, atom_ids=ids)
        if not nodes:
            raise NotFound(f"there is no atom {atom_id!r} in that plan", hint="list the plan's atoms")
        most = limit * 20
        edges = await run(
            transaction, "explore/edges", plan_id=plan_id, atom_ids=ids, among=ids, limit=most + 1
        )
        return Drawing(
            nodes=tuple(_properties(dict(node)) for node in nodes),
            edges=tuple(map(_edge, edges[:most])),
            truncated=truncated or len(edges) > most,
        )

    return await of_one_build(graph, plan_id, tenant_id, work)


async def waves_page(
    graph: Graph, plan_id: str, tenant_id: str, after: int = 0, limit: int = 100
) -> tuple[WaveView, ...]:
    """The waves of a plan after number ``after``; `NotFound`."""

    async def work(transaction: AsyncManagedTransaction) -> list[Record]:
        return await run(transaction, "waves/list", plan_id=plan_id, after=after, limit=limit)

    return tuple(WaveView(**row.data()) for row in await of_one_build(graph, plan_id, tenant_id, work))


async def of_one_build(
    graph: Graph, plan_id: str, tenant_id: str, work: Callable[[AsyncManagedTransaction], Awaitable[Read]]
) -> Read:
    """What the work reads of one build of a plan; it is done again where the plan was replaced meanwhile.

    Raises `NotFound` where the tenant has no such plan, `StoreDown` where it is replaced all the time.
    """

    async def stamp(transaction: AsyncManagedTransaction) -> tuple[str | None, bool]:
        rows = await run(
            transaction, "plans/stamp", plan_id=plan_id, tenant_id=tenant_id, lease_seconds=_ANNOUNCED_SECONDS
        )
        return (rows[0]["build_id"], rows[0]["changing"]) if rows else (None, False)

    async def between_stamps(transaction: AsyncManagedTransaction) -> tuple[bool, Read | None]:
        before, changing = await stamp(transaction)
        if changing:
            return False, None
        if before is None:
            raise NotFound(f"there is no plan {plan_id!r}", hint="`mge plans` lists the plans")
        found = await work(transaction)
        return await stamp(transaction) == (before, False), found

    for _ in range(_TRIES):
        settled, found = await in_read(graph, between_stamps)
        if settled and found is not None:
            return found
        await sleep(_PAUSE_SECONDS)
    raise StoreDown(f"the plan {plan_id!r} is being replaced all the time", hint="try again in a moment")


def _properties(stored: Mapping[str, object]) -> Properties:
    return {name: _property(stored[name]) for name in sorted(stored)}


def _property(value: object) -> Property:
    if isinstance(value, DateTime):
        return value.to_native()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(value)
    assert value is None or isinstance(value, bool | int | float | str)
    return value


def _dependency(row: Record) -> DependencyView:
    return DependencyView(
        row["type"],
        row["atom_id"],
        row["name"],
        row["path"],
        row["start_line"],
        row["wave"],
        _properties(row["dependency"]),
    )


def _edge(row: Record) -> DrawnEdge:
    return DrawnEdge(**row.data())

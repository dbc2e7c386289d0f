"""Whether the graph's mirror of plans is what Postgres has, and putting it right where it is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

from app.errors import NotFound
from app.graph.connect import Graph
from app.graph.mirror import (
    FoundNode,
    Removals,
    Upsert,
    mirrored_plans,
    read_mirror,
    stray_nodes,
    take_turns,
)
from app.model.mirrored import Kind, Part
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.rows import fetch_all, fetch_one
from app.sync.applier import apply_batch, forget_dead_letters
from app.sync.compare import Comparison, Difference, What, compare
from app.sync.lock import hold_mirror
from app.sync.rows import PlanRows, read_parts, read_plan
from app.sync.statements import sql
from app.sync.writing import Writing, write_rows

Progress: TypeAlias = Callable[[int, int], None]
"""Told after each plan how many are done, and how many there are."""

_ROUNDS: Final = 3

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class PlanDigest:
    """One plan's rows and relationships, in each store."""

    plan_id: str
    rows: int
    postgres: str
    graph: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What differs. ``pending``: what differs because the applier has not brought it yet."""

    plans: tuple[PlanDigest, ...]
    differences: tuple[Difference, ...]
    pending: tuple[Difference, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was found and put right, and what could not be; ``refused`` are rows that Neo4j refuses, and why."""

    plans: int
    mended: tuple[Difference, ...]
    remaining: tuple[Difference, ...]
    refused: tuple[tuple[Part, str], ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Whose mirror was made from nothing."""

    plans: int
    rows: int
    refused: tuple[tuple[Part, str], ...]
    seconds: float


async def find_plan(pool: Pool, tenant_id: str, plan: str) -> str:
    """The id of the tenant's plan that a person names by id or by name; `NotFound`."""
    async with transaction(pool) as connection:
        row = await fetch_one(connection, sql("tenants_plan"), {"tenant_id": tenant_id, "plan": plan})
    if row is None:
        raise NotFound(f"there is no plan {plan!r}", hint="give the name or the id of a masterplan")
    return str(row["masterplan_id"])


async def verify(
    pool: Pool, graph: Graph, tenant_id: str, plan_id: str | None = None, progress: Progress = lambda *_: None
) -> Verification:
    """Compare a tenant's plans, or one of them, in both stores.

    Nothing is written to the mirror while a plan is compared. Raises `StoreDown`, `Conflict`.
    """
    began = perf_counter()

    async def look(connection: Connection, each: str) -> Comparison:
        return (await _compared(connection, graph, each))[1]

    compared = await _each_plan(pool, graph, tenant_id, plan_id, look, progress)
    found = [difference for comparison in compared for difference in comparison.differences]
    if plan_id is None:
        async with hold_mirror(pool) as connection:
            found += [_extra(node) for node in await _strays(connection, graph, tenant_id)]
    return Verification(
        tuple(
            PlanDigest(each.plan_id, each.rows, each.postgres_digest, each.graph_digest) for each in compared
        ),
        tuple(each for each in found if not each.pending),
        tuple(each for each in found if each.pending),
        perf_counter() - began,
    )


async def repair(
    pool: Pool, graph: Graph, tenant_id: str, plan_id: str | None = None, progress: Progress = lambda *_: None
) -> Repaired:
    """Apply what is pending, then write the rows that differ again and take away what should not be there.

    Raises `StoreDown`, `Conflict`.
    """
    began = perf_counter()
    while (await apply_batch(pool, graph)).rows:
        pass
    mended: list[Difference] = []
    refused: dict[Part, str] = {}

    async def put_right(connection: Connection, each: str) -> Comparison:
        rows, comparison = await _compared(connection, graph, each)
        mended.extend(comparison.differences)
        for _ in range(_ROUNDS):
            if not comparison.differences:
                break
            turns = await take_turns(graph, {each: tenant_id})
            stale = [row for row in rows.rows if row.part in comparison.stale]
            upserts = [Upsert(row, force=True, clear=comparison.clear.get(row.part, ())) for row in stale]
            refused.update(
                await write_rows(graph, turns, Writing(upserts=upserts, removals=comparison.removals))
            )
            rows, comparison = await _compared(connection, graph, each)
        await forget_dead_letters(connection, [row.part for row in rows.rows if row.part not in refused])
        return comparison

    compared = await _each_plan(pool, graph, tenant_id, plan_id, put_right, progress)
    if plan_id is None:
        mended += await _remove_strays(pool, graph, tenant_id)
    remaining = tuple(difference for each in compared for difference in each.differences)
    return Repaired(
        len(compared),
        tuple(each for each in mended if each not in remaining),
        remaining,
        tuple(refused.items()),
        perf_counter() - began,
    )


async def rebuild(
    pool: Pool, graph: Graph, tenant_id: str, plan_id: str | None = None, progress: Progress = lambda *_: None
) -> Rebuilt:
    """Take a tenant's mirrored plans, or one of them, out of the graph and write them from nothing.

    Raises `StoreDown`, `Conflict`.
    """
    began = perf_counter()
    refused: dict[Part, str] = {}

    async def from_nothing(connection: Connection, each: str) -> int:
        rows = await read_plan(connection, each)
        parts = [row.part for row in rows.rows]
        found = await read_mirror(graph, each, parts)
        turns = await take_turns(graph, {each: tenant_id})
        writing = Writing(
            upserts=[Upsert(row, force=True) for row in rows.rows],
            removals=Removals(nodes=tuple(node.element for node in found.nodes if _is_mirror(node))),
        )
        refused.update(await write_rows(graph, turns, writing))
        await forget_dead_letters(connection, [part for part in parts if part not in refused])
        return len(parts)

    written = await _each_plan(pool, graph, tenant_id, plan_id, from_nothing, progress)
    if plan_id is None:
        await _remove_strays(pool, graph, tenant_id)
    return Rebuilt(len(written), sum(written), tuple(refused.items()), perf_counter() - began)


async def _each_plan(
    pool: Pool,
    graph: Graph,
    tenant_id: str,
    plan_id: str | None,
    work: Callable[[Connection, str], Awaitable[Result]],
    progress: Progress,
) -> list[Result]:
    """Do the work for each plan while nobody else writes the mirror; the applier gets its turn between plans."""
    if plan_id is not None:
        plan_ids = [plan_id]
    else:
        async with transaction(pool) as connection:
            plan_ids = await _plans_of_both(connection, graph, tenant_id)
    results = []
    for number, each in enumerate(plan_ids, 1):
        async with hold_mirror(pool) as connection:
            results.append(await work(connection, each))
        progress(number, len(plan_ids))
    return results


async def _plans_of_both(connection: Connection, graph: Graph, tenant_id: str) -> list[str]:
    rows = await fetch_all(connection, sql("plans_of_tenant"), {"tenant_id": tenant_id})
    return sorted({*(str(row["masterplan_id"]) for row in rows), *await mirrored_plans(graph, tenant_id)})


async def _compared(connection: Connection, graph: Graph, plan_id: str) -> tuple[PlanRows, Comparison]:
    rows = await read_plan(connection, plan_id)
    found = await read_mirror(graph, plan_id, [row.part for row in rows.rows])
    return rows, compare(plan_id, rows, found)


async def _strays(connection: Connection, graph: Graph, tenant_id: str) -> list[FoundNode]:
    """Nodes of no plan. One that Postgres has is not among them: it was found to differ with its own plan."""
    found = await stray_nodes(graph, tenant_id, await _plans_of_both(connection, graph, tenant_id))
    known = await read_parts(connection, {node.part for node in found if _is_uuid(node.part.id)})
    return [node for node in found if node.part not in known]


async def _remove_strays(pool: Pool, graph: Graph, tenant_id: str) -> list[Difference]:
    async with hold_mirror(pool) as connection:
        strays = await _strays(connection, graph, tenant_id)
        removals = Removals(nodes=tuple(node.element for node in strays))
        await write_rows(graph, (), Writing(upserts=(), removals=removals))
    return [_extra(node) for node in strays]


def _extra(node: FoundNode) -> Difference:
    return Difference(str(node.properties.get("plan_id", "")), node.part, What.EXTRA, (), False)


def _is_mirror(node: FoundNode) -> bool:
    """A plan that holds code stays when its mirror is made anew."""
    return node.part.kind is not Kind.PLAN or (
        "row_version" in node.properties and "build_id" not in node.properties
    )


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False

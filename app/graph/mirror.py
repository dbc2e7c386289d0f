"""The mirror of Postgres' plans in the graph: writing it, and reading it as it is.

Only one writer of a plan's mirror counts at a time: it takes a turn before it reads Postgres, and what it
writes is refused where another took a turn since. So whoever was stopped, and woke late, does no harm.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from neo4j import WRITE_ACCESS, AsyncManagedTransaction, AsyncTransaction, Record
from neo4j.exceptions import Neo4jError
from neo4j.time import DateTime

from app.errors import Conflict, InputError
from app.graph.connect import Graph, in_read, read, run, store_errors
from app.graph.queries import Value, checked, query
from app.model.mirrored import Kind, MirroredRow, Part

_ROWS_AT_A_TIME: Final = 1_000
_MOST_CHARACTERS: Final = 1_000_000  # a batch of such rows still fits into Neo4j's heap
_FOR_GOOD: Final = tuple(f"Neo.ClientError.Statement.{name}Error" for name in ("Type", "Syntax", "Argument"))
"""Syntax is that of a text which is to be a time, too."""
_UPSERTS: Final[Mapping[Kind, str]] = {
    Kind.PLAN: "sync/plan",
    Kind.PHASE: "sync/phase",
    Kind.MILESTONE: "sync/milestone",
    Kind.TASK: "sync/task",
    Kind.SUBTASK: "sync/subtask",
}
_DEPENDENCIES: Final[Mapping[Kind, str]] = {
    Kind.MILESTONE: "sync/milestone_dependencies",
    Kind.TASK: "sync/task_dependencies",
}


@dataclass(frozen=True, slots=True)
class Upsert:
    """A row to bring to the graph; ``force``: whatever version the graph has. ``clear``: properties to take away."""

    row: MirroredRow
    force: bool = False
    clear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """All that a task or milestone depends on."""

    part: Part
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removals:
    """What a person put into the mirror, by elementId: nodes, relationships, and labels of nodes."""

    nodes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What to write in one transaction, in the order of the fields."""

    removals: Removals = Removals()
    deletes: Sequence[Part] = ()
    upserts: Sequence[Upsert] = ()
    needs: Sequence[Needs] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to write a plan's mirror, until somebody takes the next one."""

    plan_id: str
    number: int


@dataclass(frozen=True, slots=True)
class FoundNode:
    """A node of the mirror; ``element`` is its elementId. ``part.id`` is empty where it has lost its key."""

    part: Part
    element: str
    labels: frozenset[str]
    properties: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A relationship of the mirror, its ends by elementId; ``plain``: it has no properties, as it should."""

    element: str
    type: str
    source: str
    target: str
    plain: bool


@dataclass(frozen=True, slots=True)
class FoundPlan:
    """What the graph has of a plan's mirror."""

    nodes: tuple[FoundNode, ...]
    links: tuple[FoundLink, ...]


async def take_turns(graph: Graph, plans: Mapping[str, str]) -> tuple[Turn, ...]:
    """Take the next turn at each plan, given with its tenant; raises `StoreDown` at once where Neo4j is away."""
    rows: list[Value] = [{"plan_id": plan, "tenant_id": tenant} for plan, tenant in sorted(plans.items())]
    async with _one_attempt(graph) as transaction:
        found = await _run(transaction, "sync/turn", rows=rows)
    return tuple(Turn(row["plan_id"], row["turn"]) for row in found)


async def write_changes(
    graph: Graph, turns: Sequence[Turn], applied: Mapping[str, int], changes: Changes
) -> None:
    """Write in one transaction, and move each plan's watermark to the outbox row that is ``applied`` with it.

    Raises `Conflict` where somebody took a turn since, `InputError` where a row is too large or Neo4j refuses a value
    of it for good, and `StoreDown` at once where it is away.
    """
    states: list[Value] = [
        {"plan_id": turn.plan_id, "turn": turn.number, "outbox_id": applied.get(turn.plan_id, 0)}
        for turn in turns
    ]
    with _refusals():
        async with _one_attempt(graph) as transaction:
            held = (await _run(transaction, "sync/advance", rows=states))[0]["held"]
            if held < len(turns):
                raise Conflict(
                    "another process writes the mirror of these plans now", hint="it is tried again by itself"
                )
            await _remove(transaction, changes.removals)
            await _delete(transaction, changes.deletes)
            for kind, name in _UPSERTS.items():
                await _in_parts(
                    transaction, name, [_sent(u) for u in changes.upserts if u.row.part.kind is kind]
                )
            for kind, name in _DEPENDENCIES.items():
                needs = [{"id": n.part.id, "needs": n.needs} for n in changes.needs if n.part.kind is kind]
                await _in_parts(transaction, name, needs)


async def mirrored_plans(graph: Graph, tenant_id: str) -> tuple[str, ...]:
    """The plans of a tenant that the graph has a mirror of."""
    return tuple(row["plan_id"] for row in await read(graph, "sync/plans", tenant_id=tenant_id))


async def read_mirror(graph: Graph, plan_id: str, parts: Sequence[Part]) -> FoundPlan:
    """What the graph has of a plan, and of the parts that it should have."""

    async def work(transaction: AsyncManagedTransaction) -> FoundPlan:
        nodes = await run(transaction, "sync/nodes", plan_id=plan_id, **_ids(parts, but=Kind.PLAN))
        elements = [row["element"] for row in nodes]
        links = (await run(transaction, "sync/links", elements=elements))[0]["links"]
        # Those that a row of another plan should say are looked at with that plan.
        own = {None, *elements}
        return FoundPlan(
            tuple(_node(dict(row)) for row in nodes),
            tuple(FoundLink(*link) for owner, *link in links if owner in own),
        )

    return await in_read(graph, work)


async def stray_nodes(graph: Graph, tenant_id: str, plan_ids: Sequence[str]) -> tuple[FoundNode, ...]:
    """Parts of the tenant, or of nobody, that are in none of its plans."""
    rows = await read(graph, "sync/strays", tenant_id=tenant_id, plan_ids=list(plan_ids))
    return tuple(_node(dict(row)) for row in rows)


async def _remove(transaction: AsyncTransaction, removals: Removals) -> None:
    labels = removals.labels or {}
    if removals.nodes or removals.links or labels:
        rows: list[Value] = [{"element": element, "labels": names} for element, names in labels.items()]
        await _run(transaction, "sync/mend", links=removals.links, nodes=removals.nodes, labels=rows)


async def _delete(transaction: AsyncTransaction, parts: Sequence[Part]) -> None:
    if parts:
        await _run(transaction, "sync/delete", **_ids(parts))


async def _in_parts(transaction: AsyncTransaction, name: str, rows: Sequence[Value]) -> None:
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        await _run(transaction, name, rows=rows[start : start + _ROWS_AT_A_TIME])


def _sent(upsert: Upsert) -> Value:
    row = upsert.row
    characters = sum(len(str(value)) for value in row.properties.values())
    if characters > _MOST_CHARACTERS:
        raise InputError(
            f"the row has {characters:,} characters, more than the {_MOST_CHARACTERS:,} that are mirrored",
            hint="shorten its texts in Postgres; it is tried again then",
        )
    properties: dict[str, Value] = dict.fromkeys(upsert.clear)
    properties.update(row.properties)
    return {
        "id": row.part.id,
        "plan_id": row.plan_id,
        "tenant_id": row.tenant_id,
        "parent_id": row.parent_id,
        "row_version": row.row_version,
        "force": upsert.force,
        "properties": properties,
    }


def _ids(parts: Sequence[Part], but: Kind | None = None) -> dict[str, Value]:
    return {f"{kind}s": [part.id for part in parts if part.kind is kind] for kind in Kind if kind is not but}


def _node(row: Mapping[str, object]) -> FoundNode:
    key, labels, properties = row["id"], row["labels"], row["properties"]
    assert isinstance(labels, list)
    assert isinstance(properties, dict)
    part = Part(Kind(str(row["kind"])), key if isinstance(key, str) else "")
    plain = {name: _plain(value) for name, value in properties.items()}
    return FoundNode(part, str(row["element"]), frozenset(labels), plain)


def _plain(value: object) -> object:
    """A property without the driver's types; times as Python has them, as far as they are as exact."""
    if isinstance(value, DateTime) and value.tzinfo is not None and value.nanosecond % 1_000 == 0:
        return value.to_native()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, bool | int | float | str):
        return value
    return {type(value).__name__: str(value)}


@asynccontextmanager
async def _one_attempt(graph: Graph) -> AsyncIterator[AsyncTransaction]:
    """A write transaction that is not tried again by the driver: the applier has a pace of its own."""
    with store_errors():
        async with (
            graph.driver.session(database=graph.database, default_access_mode=WRITE_ACCESS) as session,
            await session.begin_transaction() as transaction,
        ):
            yield transaction
            await transaction.commit()


async def _run(transaction: AsyncTransaction, name: str, **parameters: Value) -> list[Record]:
    asked = query(name)
    result = await transaction.run(asked.text, checked(asked, parameters))
    return [row async for row in result]


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Neo4jError as error:
        if error.code not in _FOR_GOOD:
            raise
        raise InputError(
            f"Neo4j refuses it: {error.message}", hint="correct the row in Postgres; it is tried again then"
        ) from error

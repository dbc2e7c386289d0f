"""Bringing changes of plans from Postgres' outbox to the graph, a batch at a time.

A batch is taken in a Postgres transaction that ends after the graph's: where either store fails, the changes
are still in the outbox, and applying them again does no harm. An entry of the outbox says that a row changed; what
is written is the row as it is by then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from app.graph.connect import Graph
from app.graph.mirror import Upsert, take_turns
from app.model.mirrored import Kind, MirroredRow, Part
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.rows import execute, fetch_all
from app.sync.lock import try_mirror
from app.sync.rows import read_dependants, read_parts
from app.sync.statements import sql
from app.sync.writing import Writing, write_rows

BATCH_ROWS: Final = 1_000
_LEASE: Final = "60s"
_ORDER: Final = {kind: number for number, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Applied:
    """How many entries left the outbox, how many of them to the dead letters, and the seconds that it took."""

    rows: int
    dead: int
    seconds: float


@dataclass(slots=True)
class _Change:
    """All that the batch says of a part. ``reborn``: it was deleted, so the graph may have a newer version of it."""

    part: Part
    plan_id: str
    tenant_id: str
    outbox_ids: list[int]
    reborn: bool = False
    fresh: bool = False
    row: MirroredRow | None = None


async def apply_batch(pool: Pool, graph: Graph, limit: int = BATCH_ROWS) -> Applied:
    """Apply the oldest changes; none where there are none, or where another process applies some.

    Raises `StoreDown`, and `Conflict` where another process took over; the changes stay then.
    """
    began = perf_counter()
    async with transaction(pool) as connection:
        if not await try_mirror(connection, _LEASE):
            return Applied(0, 0, 0.0)
        changes = await _claim(connection, limit)
        if not changes:
            return Applied(0, 0, 0.0)
        plans = {change.plan_id: change.tenant_id for change in changes}
        turns = await take_turns(graph, plans)
        rows = await read_parts(connection, [change.part for change in changes])
        for change in changes:
            change.row = rows.get(change.part)
        fresh = [change.part for change in changes if change.fresh]
        writing = Writing(
            upserts=[Upsert(change.row, force=change.reborn) for change in changes if change.row is not None],
            deletes=[change.part for change in changes if change.row is None],
            dependants=await read_dependants(connection, list(plans), fresh),
            applied=_newest(changes),
        )
        refused = await write_rows(graph, turns, writing)
        dead = await _settle(connection, changes, refused)
    return Applied(sum(len(change.outbox_ids) for change in changes), dead, perf_counter() - began)


async def _claim(connection: Connection, limit: int) -> list[_Change]:
    """The oldest entries by part, a part after those that hold it."""
    found: dict[Part, _Change] = {}
    for row in await fetch_all(connection, sql("claim"), {"limit": limit}):
        part = Part(Kind(row["entity"]), str(row["entity_id"]))
        change = found.setdefault(part, _Change(part, str(row["masterplan_id"]), row["tenant_id"], []))
        change.outbox_ids.append(row["outbox_id"])
        change.reborn |= row["operation"] == "delete"
        change.fresh |= row["row_version"] == 1
    return sorted(found.values(), key=lambda change: (_ORDER[change.part.kind], change.outbox_ids[0]))


def _newest(changes: Iterable[_Change]) -> dict[str, int]:
    newest: dict[str, int] = defaultdict(int)
    for change in changes:
        newest[change.plan_id] = max(newest[change.plan_id], *change.outbox_ids)
    return newest


async def _settle(connection: Connection, changes: Sequence[_Change], refused: dict[Part, str]) -> int:
    """Empty the outbox of the changes; how many entries of it went to the dead letters."""
    dead = 0
    for change in changes:
        if change.part in refused:
            dead += len(change.outbox_ids)
            values = {"outbox_ids": change.outbox_ids, "reason": refused[change.part]}
            await execute(connection, sql("bury"), values)
    applied = [change.part for change in changes if change.part not in refused]
    await forget_dead_letters(connection, applied)
    done = [outbox_id for change in changes for outbox_id in change.outbox_ids]
    await execute(connection, sql("finish"), {"outbox_ids": done})
    return dead


async def forget_dead_letters(connection: Connection, applied: Sequence[Part]) -> None:
    """Take away the dead letters of parts that are in the graph now as they are in Postgres."""
    values = {"kinds": [str(part.kind) for part in applied], "ids": [part.id for part in applied]}
    await execute(connection, sql("unbury"), values)

"""Parts of masterplans as Postgres has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.graph.mirror import Needs
from app.model.mirrored import Kind, MirroredRow, Part
from app.postgres.connect import Connection
from app.postgres.rows import Row, fetch_all
from app.sync.statements import sql


@dataclass(frozen=True, slots=True)
class PlanRows:
    """The rows of a plan, and the parts of which changes are in the outbox, in one snapshot."""

    rows: tuple[MirroredRow, ...]
    pending: frozenset[Part]


async def read_plan(connection: Connection, plan_id: str) -> PlanRows:
    """All rows of a plan; none where it is gone."""
    found = await fetch_all(connection, sql("rows"), {"plans": [plan_id], **_by_kind(())})
    return PlanRows(
        tuple(_mirrored(row) for row in found if row["properties"] is not None),
        frozenset(_part(row) for row in found if row["pending"]),
    )


async def read_parts(connection: Connection, parts: Iterable[Part]) -> dict[Part, MirroredRow]:
    """The rows of those parts that are there."""
    found = await fetch_all(connection, sql("rows"), {"plans": [], **_by_kind(parts)})
    return {row.part: row for row in map(_mirrored, found)}


async def read_dependants(
    connection: Connection, plan_ids: Sequence[str], parts: Iterable[Part]
) -> tuple[Needs, ...]:
    """The tasks and milestones of these plans that depend on one of the parts, each with all that it needs."""
    ids = [part.id for part in parts if part.kind in (Kind.TASK, Kind.MILESTONE)]
    if not ids:
        return ()
    found = await fetch_all(connection, sql("dependants"), {"plans": list(plan_ids), "ids": ids})
    return tuple(Needs(_part(row), tuple(map(str, row["needs"]))) for row in found)


def _by_kind(parts: Iterable[Part]) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {f"{kind}_parts": [] for kind in Kind}
    for part in parts:
        given[f"{part.kind}_parts"].append(part.id)
    return given


def _part(row: Row) -> Part:
    return Part(Kind(row["kind"]), str(row["id"]))


def _mirrored(row: Row) -> MirroredRow:
    return MirroredRow(
        part=_part(row),
        plan_id=str(row["masterplan_id"]),
        tenant_id=row["tenant_id"],
        parent_id="" if row["parent_id"] is None else str(row["parent_id"]),
        needs=tuple(str(needed) for needed in row["needs"] if needed is not None),
        properties=row["properties"],
    )

"""Writing rows to the graph so that one that Neo4j refuses stops no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.errors import InputError
from app.graph.connect import Graph
from app.graph.mirror import Changes, Needs, Removals, Turn, Upsert, write_changes
from app.model.mirrored import Kind, Part

_DEPENDING: Final = (Kind.MILESTONE, Kind.TASK)
_NONE: Final = Removals()


@dataclass(frozen=True, slots=True)
class Writing:
    """What to write. ``dependants``: what depends on rows that are new to the graph.

    ``applied``: the newest outbox row of each plan that is written with it.
    """

    upserts: Sequence[Upsert]
    deletes: Sequence[Part] = ()
    removals: Removals = _NONE
    dependants: Sequence[Needs] = ()
    applied: Mapping[str, int] | None = None


async def write_rows(graph: Graph, turns: Sequence[Turn], writing: Writing) -> dict[Part, str]:
    """Write it in one transaction; where Neo4j refuses a row, in several, without that row. The refused, and why.

    Raises `StoreDown`, and `Conflict` where another process took over.
    """
    applied = writing.applied or {}
    try:
        await write_changes(
            graph,
            turns,
            applied,
            Changes(writing.removals, writing.deletes, writing.upserts, _needs(writing, writing.upserts)),
        )
    except InputError:
        await write_changes(graph, turns, {}, Changes(writing.removals, writing.deletes))
        refused = await _write_halves(graph, turns, writing, writing.upserts)
        await write_changes(graph, turns, applied, Changes())
        return refused
    return {}


async def _write_halves(
    graph: Graph, turns: Sequence[Turn], writing: Writing, upserts: Sequence[Upsert]
) -> dict[Part, str]:
    refused: dict[Part, str] = {}
    middle = len(upserts) // 2
    for half in filter(None, (upserts[:middle], upserts[middle:])):
        try:
            await write_changes(graph, turns, {}, Changes(upserts=half, needs=_needs(writing, half)))
        except InputError as error:
            if len(half) == 1:
                refused[half[0].row.part] = str(error)
            else:
                refused |= await _write_halves(graph, turns, writing, half)
    return refused


def _needs(writing: Writing, upserts: Sequence[Upsert]) -> list[Needs]:
    """What the rows depend on, and what depends on them: the graph has both ends only now."""
    rows = [upsert.row for upsert in upserts if upsert.row.part.kind in _DEPENDING]
    needs = {row.part: Needs(row.part, row.needs) for row in rows}
    for each in writing.dependants:
        if each.part not in needs and any(Part(each.part.kind, needed) in needs for needed in each.needs):
            needs[each.part] = each
    return list(needs.values())

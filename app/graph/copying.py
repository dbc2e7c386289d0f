"""A plan copied from one database into another one, every node and relationship as it is."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any, Final

from neo4j import AsyncManagedTransaction

from app.errors import StoreDown
from app.graph.connect import Graph, run, write
from app.graph.queries import query
from app.graph.read import of_one_build

_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy of a plan holds."""

    build_id: str
    nodes: int
    relationships: int


async def copy_plan(source: Graph, target: Graph, plan_id: str, tenant_id: str) -> Copied:
    """Copy one build of a plan into a migrated database that does not have it.

    What was read waits on disk, so memory holds a batch and the ids of the nodes. Raises `NotFound` where the tenant has
    no such plan, `StoreDown`.
    """
    with TemporaryFile() as nodes, TemporaryFile() as relationships:

        async def spool(transaction: AsyncManagedTransaction) -> str:
            for into, name in ((nodes, "copy/nodes"), (relationships, "copy/relationships")):
                into.seek(0)
                into.truncate()
                result = await transaction.run(query(name).text, {"plan_id": plan_id})
                async for record in result:
                    pickle.dump(tuple(record.values()), into)
            shown = await run(transaction, "plans/show", plan_id=plan_id)
            return str(shown[0]["plan"]["build_id"])

        build_id = await of_one_build(source, plan_id, tenant_id, spool)
        ids: dict[str, str] = {}
        for batch in _batches(nodes):
            rows = await write(
                target, "copy/write_nodes", rows=[[labels, properties] for _, labels, properties in batch]
            )
            ids.update(zip((node[0] for node in batch), rows[0]["ids"], strict=True))
        written = 0
        for batch in _batches(relationships):
            found = [[ids[start], ids[end], kind, properties] for start, end, kind, properties in batch]
            rows = await write(target, "copy/write_relationships", rows=found)
            if rows[0]["written"] != len(batch):
                raise StoreDown("the copy lost a relationship on the way", hint="begin again")
            written += len(batch)
    return Copied(build_id, len(ids), written)


def _batches(spooled: IO[bytes]) -> Iterator[list[tuple[Any, ...]]]:
    """What was spooled by this process, some rows at a time."""
    spooled.seek(0)
    batch: list[tuple[Any, ...]] = []
    with suppress(EOFError):
        while True:
            batch.append(pickle.load(spooled))  # noqa: S301 - a file without a name, written above
            if len(batch) == _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch

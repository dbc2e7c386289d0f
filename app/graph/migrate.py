"""Bringing the graph's constraints and indexes up to date from ``graph_migrations/``.

Files, checksums, the record chain and the lock node are those of the neo4j-migrations tool, so its command
line can take over. What is ours: a lock whose owner died is taken over when its lease ran out, by the
database's clock; and a migration that was killed half-way is run again, so every statement is idempotent.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final
from uuid import uuid4
from zlib import crc32

from neo4j.exceptions import Neo4jError

from app.errors import Conflict, MigrationError
from app.graph.connect import Graph, read, store_errors, write
from app.model.migration import Applied, MigrationStatus, count_applied

MIGRATIONS_FOLDER: Final = Path(__file__).resolve().parents[2] / "graph_migrations"

_FILE_NAME = re.compile(r"V(\d+(?:_\d+)*)__([\w ]+)\.cypher", re.ASCII)
_LEASE_SECONDS: Final = 300
_LOCK_CONSTRAINTS: Final = ("migrations/lock_id", "migrations/lock_name", "migrations/one_version")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. ``checksum`` is CRC-32 over the statements, in decimal, as neo4j-migrations computes it."""

    version: str
    description: str
    source: str
    checksum: str
    statements: tuple[str, ...]


def list_migrations(folder: Path = MIGRATIONS_FOLDER) -> tuple[Migration, ...]:
    """The migrations in order; `MigrationError` for a name out of form or a version given twice."""
    found: dict[tuple[int, ...], Migration] = {}
    for path in sorted(folder.glob("*.cypher")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(
                f"{path.name} is no name of a migration", hint="name it like V003__Add_module.cypher"
            )
        order = tuple(int(part) for part in match[1].split("_"))
        if order in found:
            raise MigrationError(
                f"{path.name} and {found[order].source} have the same version", hint="renumber one"
            )
        statements = _statements(path.read_text(encoding="utf-8"))
        found[order] = Migration(
            version=match[1].replace("_", "."),
            description=match[2].replace("_", " "),
            source=path.name,
            checksum=str(crc32("".join(statements).encode())),
            statements=statements,
        )
    return tuple(found[order] for order in sorted(found))


async def status(graph: Graph, migrations: Sequence[Migration]) -> tuple[MigrationStatus, ...]:
    """Each migration and its state; `MigrationError` where the database has one that was edited or is missing."""
    applied = await _applied(graph, migrations)
    return tuple(
        MigrationStatus(m.version, m.description, m.source, "applied" if i < applied else "pending")
        for i, m in enumerate(migrations)
    )


async def up(graph: Graph, migrations: Sequence[Migration]) -> tuple[MigrationStatus, ...]:
    """Apply what is pending, in order, and return what was applied now.

    Raises `Conflict` where another migrator is at work, `MigrationError` where an applied migration was
    edited or is missing, or where one fails; those before it stay applied.
    """
    if await _applied(graph, migrations) == len(migrations):
        return ()
    done = []
    async with _lock(graph) as owner:
        for number in range(await _applied(graph, migrations), len(migrations)):
            await _apply(
                graph, owner, migrations[number], migrations[number - 1].version if number else "BASELINE"
            )
            m = migrations[number]
            done.append(MigrationStatus(m.version, m.description, m.source, "applied"))
        await read(graph, "migrations/await_indexes", seconds=_LEASE_SECONDS)
    return tuple(done)


def _statements(text: str) -> tuple[str, ...]:
    parts = (part.strip().removesuffix(";").strip() for part in re.split(r";(?:\r?\n|\r)", text))
    return tuple(part for part in parts if part)


async def _applied(graph: Graph, migrations: Sequence[Migration]) -> int:
    rows = await read(graph, "migrations/applied")
    return count_applied(
        [Applied(row["version"], row["version"], row["checksum"]) for row in rows], migrations
    )


@asynccontextmanager
async def _lock(graph: Graph) -> AsyncIterator[str]:
    for name in _LOCK_CONSTRAINTS:
        await write(graph, name)
    owner = str(uuid4())
    taken = await write(graph, "migrations/lock", owner=owner, lease_seconds=_LEASE_SECONDS)
    if taken[0]["owner"] != owner:
        raise Conflict(
            "another migrator is at work on this database",
            hint=f"try again; a migrator that died is overtaken after {_LEASE_SECONDS // 60} minutes. A lock of "
            "the neo4j-migrations tool has no lease: delete its __Neo4jMigrationsLock node if that tool is dead",
        )
    try:
        yield owner
    finally:
        await write(graph, "migrations/unlock", owner=owner)


async def _apply(graph: Graph, owner: str, migration: Migration, previous: str) -> None:
    began = perf_counter()
    for statement in migration.statements:
        if not await write(graph, "migrations/renew", owner=owner):
            raise Conflict("another migrator took over", hint="run the migration again")
        try:
            await _run_statement(graph, statement)
        except Neo4jError as error:
            raise MigrationError(
                f"{migration.source} failed: {error.message}",
                hint="what ran before it stays; correct it and run again",
            ) from error
    recorded = await write(
        graph,
        "migrations/record",
        owner=owner,
        previous=previous,
        version=migration.version,
        description=migration.description,
        source=migration.source,
        checksum=migration.checksum,
        milliseconds=round((perf_counter() - began) * 1000),
    )
    if not recorded:
        raise Conflict("another migrator took over", hint="run the migration again")


async def _run_statement(graph: Graph, statement: str) -> None:
    with store_errors():
        async with graph.driver.session(database=graph.database) as session:
            result = await session.run(statement)
            await result.consume()

"""Bringing Postgres up to date from ``sql_migrations/``, and taking migrations back.

``V003__Add_reviews.sql`` goes forward and ``V003__Add_reviews.down.sql`` back. Each migration and its
record are one transaction, so one that fails or is killed leaves nothing; an advisory lock makes migrators
take turns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Final, Literal

from psycopg import DatabaseError, OperationalError
from psycopg.errors import LockNotAvailable

from app.errors import Conflict, InputError, MigrationError
from app.model.migration import Applied, MigrationStatus, count_applied
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.queries import statements_beside

MIGRATIONS_FOLDER: Final = Path(__file__).resolve().parents[2] / "sql_migrations"

sql: Final = statements_beside(__file__)

_FILE_NAME = re.compile(r"V(\d+)__([\w ]+)(\.down)?\.sql", re.ASCII)
_LOCK_WAIT: Final = "60s"


@dataclass(frozen=True, slots=True)
class Migration:
    """A version's statements, forward and back. ``checksum`` is SHA-256 of the forward file, in hex."""

    version: int
    description: str
    source: str
    checksum: str
    forward: bytes
    back: bytes


def list_migrations(folder: Path = MIGRATIONS_FOLDER) -> tuple[Migration, ...]:
    """The migrations in order.

    Raises `MigrationError` for a name out of form, a version given twice, and one that has no way back.
    """
    forward: dict[int, Path] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(
                f"{path.name} is no name of a migration", hint="name it like V003__Add_reviews.sql"
            )
        version = int(match[1])
        if match[3]:
            continue
        if version in forward:
            raise MigrationError(
                f"{path.name} and {forward[version].name} have the same version", hint="renumber one"
            )
        forward[version] = path
    return tuple(_read(version, path) for version, path in sorted(forward.items()))


def _read(version: int, path: Path) -> Migration:
    down = path.with_suffix(".down.sql")
    if not down.exists():
        raise MigrationError(f"{path.name} has no way back", hint=f"write {down.name}")
    text = path.read_bytes()
    return Migration(
        version=version,
        description=path.stem.partition("__")[2].replace("_", " "),
        source=path.name,
        checksum=sha256(text).hexdigest(),
        forward=text,
        back=down.read_bytes(),
    )


async def status(pool: Pool, migrations: Sequence[Migration]) -> tuple[MigrationStatus, ...]:
    """Each migration and its state; `MigrationError` where the database has one that was edited or is missing."""
    async with transaction(pool) as connection:
        applied = await _applied(connection, migrations)
    return tuple(
        _status(migration, "applied" if number < applied else "pending")
        for number, migration in enumerate(migrations)
    )


async def up(pool: Pool, migrations: Sequence[Migration]) -> tuple[MigrationStatus, ...]:
    """Apply what is pending, in order, and return what was applied now.

    Raises `Conflict` where another migrator is at work for long, `MigrationError` where an applied migration
    was edited or is missing, or where one fails; those before it stay applied.
    """
    async with transaction(pool) as connection:
        if await _applied(connection, migrations) == len(migrations):
            return ()
    done: list[MigrationStatus] = []
    while True:
        async with transaction(pool) as connection:
            await _lock(connection)
            await connection.execute(sql("create_migrations_table"))
            applied = await _applied(connection, migrations)
            if applied == len(migrations):
                return tuple(done)
            migration = migrations[applied]
            began = perf_counter()
            await _run(connection, migration.source, migration.forward)
            await connection.execute(
                sql("record_migration"),
                {
                    "version": migration.version,
                    "source": migration.source,
                    "checksum": migration.checksum,
                    "milliseconds": round((perf_counter() - began) * 1000),
                },
            )
        done.append(_status(migration, "applied"))


async def down_to(pool: Pool, migrations: Sequence[Migration], version: int) -> tuple[MigrationStatus, ...]:
    """Take back every migration after ``version`` (0: all), the last first, and return those taken back.

    Raises as `up` does, and `InputError` for a version that does not exist.
    """
    versions = [0, *(migration.version for migration in migrations)]
    if version not in versions:
        raise InputError(
            f"there is no migration {version}",
            hint=f"one of: {', '.join(map(str, versions))}",
            field="version",
        )
    keep = versions.index(version)
    done: list[MigrationStatus] = []
    while True:
        async with transaction(pool) as connection:
            await _lock(connection)
            applied = await _applied(connection, migrations)
            if applied <= keep:
                return tuple(done)
            migration = migrations[applied - 1]
            await _run(connection, f"the way back from {migration.source}", migration.back)
            await connection.execute(sql("forget_migration"), {"version": migration.version})
        done.append(_status(migration, "pending"))


async def _lock(connection: Connection) -> None:
    await connection.execute(sql("limit_lock_wait"), {"timeout": _LOCK_WAIT})
    try:
        await connection.execute(sql("lock_migrations"))
    except LockNotAvailable as error:
        raise Conflict(
            "another migrator is at work on this database",
            hint="wait until it is done, and try again",
        ) from error


async def _run(connection: Connection, source: str, statements: bytes) -> None:
    try:
        await connection.execute(statements)
    except OperationalError:
        raise
    except DatabaseError as error:
        raise MigrationError(
            f"{source} failed: {error.diag.message_primary}",
            hint="nothing of it stays; correct it and run again",
        ) from error


async def _applied(connection: Connection, migrations: Sequence[Migration]) -> int:
    found = await (await connection.execute(sql("find_migrations_table"))).fetchone()
    if found is None or not found["exists"]:
        return 0
    rows = await (await connection.execute(sql("list_migrations"))).fetchall()
    return count_applied(
        [Applied(row["version"], row["source"], row["checksum"]) for row in rows], migrations
    )


def _status(migration: Migration, state: Literal["applied", "pending"]) -> MigrationStatus:
    return MigrationStatus(migration.version, migration.description, migration.source, state)

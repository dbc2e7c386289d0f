"""Running a statement and getting its rows, for packages that do not import the driver themselves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TypeAlias

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from app.postgres.connect import Connection, Pool, store_errors, transaction

Row: TypeAlias = DictRow
Values: TypeAlias = Mapping[str, object]


def as_jsonb(value: object) -> object:
    """A value as the driver sends it to a ``jsonb`` column."""
    return Jsonb(value)


async def fetch_one(connection: Connection, statement: bytes, values: Values | None = None) -> Row | None:
    """The first row of a statement in the connection's transaction; None where there is none."""
    return await (await connection.execute(statement, values)).fetchone()


async def fetch_all(connection: Connection, statement: bytes, values: Values | None = None) -> list[Row]:
    """All rows of a statement in the connection's transaction."""
    return await (await connection.execute(statement, values)).fetchall()


async def execute(connection: Connection, statement: bytes, values: Values | None = None) -> int:
    """Run a statement in the connection's transaction; the number of rows that it changed."""
    return (await connection.execute(statement, values)).rowcount


async def execute_many(connection: Connection, statement: bytes, rows: Sequence[Values]) -> None:
    """Run a statement once for each set of values, in one round trip."""
    async with connection.cursor() as cursor:
        await cursor.executemany(statement, rows)


@asynccontextmanager
async def listen(pool: Pool, channel: bytes) -> AsyncIterator[AsyncIterator[str]]:
    """The payloads of a channel's notifications, on a connection of its own; ``channel`` is a ``LISTEN`` statement.

    The iterator also yields an empty text each second, so that a reader can look by itself. Raises `StoreDown`.
    """
    with store_errors():
        async with pool.connection() as connection:
            await connection.set_autocommit(True)
            try:
                await connection.execute(channel)
                # Closed before anything else is sent: the driver's generator holds the connection until then.
                async with aclosing(_payloads(connection)) as payloads:
                    yield payloads
            finally:
                await connection.execute(b"UNLISTEN *")
                await connection.set_autocommit(False)


async def _payloads(connection: Connection) -> AsyncGenerator[str, None]:
    while True:
        async with aclosing(connection.notifies(timeout=1.0)) as notices:
            async for notice in notices:
                yield notice.payload
        yield ""


async def query_one(pool: Pool, statement: bytes, values: Values | None = None) -> Row | None:
    """The first row of a statement in a transaction of its own; `StoreDown`."""
    async with transaction(pool) as connection:
        return await fetch_one(connection, statement, values)


async def query_all(pool: Pool, statement: bytes, values: Values | None = None) -> list[Row]:
    """All rows of a statement in a transaction of its own; `StoreDown`."""
    async with transaction(pool) as connection:
        return await fetch_all(connection, statement, values)

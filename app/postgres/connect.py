"""The one place where Postgres is opened, and where its driver's failures become ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeAlias

from psycopg import AsyncConnection, InterfaceError, OperationalError, ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import IdleInTransactionSessionTimeout
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from app.errors import InputError, StoreDown
from app.postgres.queries import statements_beside

Connection: TypeAlias = AsyncConnection[DictRow]
Pool: TypeAlias = AsyncConnectionPool[Connection]

sql: Final = statements_beside(__file__)
_CONNECT_SECONDS = 5
_CONNECTIONS = 20


@asynccontextmanager
async def connect(database_url: str) -> AsyncIterator[Pool]:
    """Connections to a Postgres that is known to answer.

    Raises `StoreDown` where it does not, `InputError` for a bad address. Connections that break later are
    replaced, and ``connection`` then waits a few seconds at most.
    """
    try:
        given = conninfo_to_dict(database_url)
    except ProgrammingError as error:
        raise InputError(
            "the address of Postgres cannot be read",
            hint="give one such as postgresql://user:password@localhost:5432/mge",
            field="DATABASE_URL",
        ) from error
    pool: Pool = AsyncConnectionPool(
        database_url,
        connection_class=AsyncConnection[DictRow],
        kwargs={
            "row_factory": dict_row,
            "connect_timeout": given.get("connect_timeout", _CONNECT_SECONDS),
            "application_name": given.get("application_name", "mge"),
        },
        min_size=1,
        max_size=_CONNECTIONS,
        timeout=_CONNECT_SECONDS,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
    # The pool would keep trying without saying why: one connection of our own tells the reason.
    with store_errors():
        async with await AsyncConnection.connect(database_url, connect_timeout=_CONNECT_SECONDS):
            pass
    async with pool:
        yield pool


@contextmanager
def store_errors() -> Iterator[None]:
    """Raise the driver's connection failures as `StoreDown`."""
    try:
        yield
    except (
        PoolTimeout,
        PoolClosed,
        OperationalError,
        InterfaceError,
        IdleInTransactionSessionTimeout,
    ) as error:
        raise StoreDown(
            "PostgreSQL does not answer", hint="start it with `mge up`, or check DATABASE_URL"
        ) from error


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One transaction: committed where the block ends well, rolled back otherwise; `StoreDown`."""
    with store_errors():
        async with pool.connection() as connection:
            yield connection


async def server_version(pool: Pool) -> str:
    """The version of the server that answers; `StoreDown`."""
    async with transaction(pool) as connection:
        cursor = await connection.execute(sql("server_version"))
        row = await cursor.fetchone()
        assert row is not None
        return str(row["version"]).partition(" ")[0]

"""One writer of the mirror at a time, whichever process it is in."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

from app.errors import Conflict
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.rows import fetch_one
from app.sync.statements import sql

_LONGEST_WAIT_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.05
_LEASE: Final = "10min"  # to read or write the largest plan


async def try_mirror(connection: Connection, lease: str) -> bool:
    """Be the one writer of the mirror until the transaction ends; False where somebody else is.

    Where this process is stopped for as long as the lease (such as ``60s``), or waits for the graph so long,
    Postgres ends the transaction, and others go on.
    """
    row = await fetch_one(connection, sql("lock_mirror"), {"lease": lease})
    assert row is not None
    return bool(row["locked"])


@asynccontextmanager
async def hold_mirror(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction in which nobody else writes the mirror; the applier goes on after it.

    Raises `Conflict` where somebody else is at it for a minute, `StoreDown`.
    """
    until = monotonic() + _LONGEST_WAIT_SECONDS
    while True:
        async with transaction(pool) as connection:
            if await try_mirror(connection, _LEASE):
                yield connection
                return
        if monotonic() > until:
            raise Conflict(
                "the mirror is being written all the time", hint="`mge sync status` tells how far it is"
            )
        await sleep(_PAUSE_SECONDS)

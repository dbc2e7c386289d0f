from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.postgres.connect import Pool, connect
from app.postgres.migrate import list_migrations, up


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[Pool]:
    """A database that was never migrated."""
    async with connect(database_url) as pool:
        yield pool


@pytest.fixture
async def pool(empty: Pool) -> Pool:
    """A database that is up to date."""
    await up(empty, list_migrations())
    return empty

"""How far the graph's copy of plans is behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.postgres.connect import Pool, transaction
from app.postgres.rows import fetch_all, fetch_one
from app.sync.statements import sql

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A change that Neo4j refuses, and why."""

    outbox_id: int
    masterplan_id: UUID
    entity: str
    entity_id: UUID
    operation: str
    row_version: int
    reason: str
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """Changes of a tenant's that the graph does not know yet: rows, of how many plans, and the oldest one's age in seconds."""

    rows: int
    plans: int
    seconds: float
    dead_letters: tuple[DeadLetter, ...]


async def sync_status(pool: Pool, tenant_id: str) -> SyncStatus:
    """How far the graph is behind, with the newest changes that were put aside; `StoreDown`."""
    async with transaction(pool) as connection:
        lag = await fetch_one(connection, sql("lag"), {"tenant_id": tenant_id})
        dead = await fetch_all(connection, sql("dead_letters"), {"tenant_id": tenant_id, "limit": _SHOWN})
    assert lag is not None
    return SyncStatus(lag["rows"], lag["plans"], lag["seconds"], tuple(DeadLetter(**row) for row in dead))

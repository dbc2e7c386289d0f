from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.postgres.connect import Pool

TENANT = "default"


@dataclass(frozen=True)
class Ledger:
    """What Postgres says of plans and requests."""

    pool: Pool

    async def plan(self, budget: str | None = None, tenant: str = TENANT) -> UUID:
        """A plan with nothing in it."""
        masterplan_id = uuid4()
        await self.run(
            "INSERT INTO masterplans (masterplan_id, tenant_id, session_id, user_id, project_name, budget_usd)"
            " VALUES (%(id)s, %(tenant)s, %(other)s, %(other)s, 'p', %(budget)s)",
            {"id": masterplan_id, "tenant": tenant, "other": uuid4(), "budget": budget},
        )
        return masterplan_id

    async def spent(self, masterplan_id: UUID) -> tuple[Decimal, Decimal, int]:
        """What a plan spent on its execution and its generation, and the tokens of that."""
        (row,) = await self.rows(
            "SELECT actual_cost_usd, generation_cost_usd, generation_tokens FROM masterplans"
            " WHERE masterplan_id = %(id)s",
            {"id": masterplan_id},
        )
        return row["actual_cost_usd"], row["generation_cost_usd"], row["generation_tokens"]

    async def outcomes(self) -> list[tuple[str, int]]:
        """The outcome and status of every request, in order."""
        rows = await self.rows("SELECT outcome, status_code FROM llm_requests ORDER BY request_id")
        return [(row["outcome"], row["status_code"] or 0) for row in rows]

    async def count(self, table: str) -> int:
        (row,) = await self.rows(f"SELECT count(*) AS n FROM {table}")
        return int(row["n"])

    async def rows(self, statement: str, values: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(statement.encode(), values)).fetchall()

    async def run(self, statement: str, values: Mapping[str, object] | None = None) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(statement.encode(), values)


@pytest.fixture
def ledger(pool: Pool) -> Ledger:
    return Ledger(pool)

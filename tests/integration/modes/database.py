from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

from app.main import mode_environment
from app.postgres.connect import Pool, transaction
from app.postgres.rows import execute
from app.settings import Settings

ENVIRONMENT = mode_environment(Settings(mge_home=Path("home")))
_INSERT = b"""
INSERT INTO masterplans (masterplan_id, tenant_id, session_id, user_id, project_name)
VALUES (%(masterplan_id)s, %(tenant_id)s, %(masterplan_id)s, %(user_id)s, 'test')
"""


async def new_plan(pool: Pool, tenant_id: str, user_id: UUID) -> UUID:
    """A tenant's plan that belongs to the user."""
    masterplan_id = uuid4()
    values = {"masterplan_id": masterplan_id, "tenant_id": tenant_id, "user_id": user_id}
    async with transaction(pool) as connection:
        await execute(connection, _INSERT, values)
    return masterplan_id


async def run_sql(pool: Pool, statement: bytes, **values: object) -> int:
    """Run a statement as a person would in psql; the rows that it changed."""
    async with transaction(pool) as connection:
        return await execute(connection, statement, values)

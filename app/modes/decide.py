"""Deciding the mode of a run: the overrides from Postgres, the rest from the settings that the process holds."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.errors import NotFound
from app.model.plan import ExecutionMode
from app.modes.choose import IMPLEMENTED, BucketId, Choice, choose
from app.modes.config import ModeConfig
from app.postgres.connect import Pool
from app.postgres.queries import statements_beside
from app.postgres.rows import query_one

sql: Final = statements_beside(__file__)


@dataclass(frozen=True, slots=True)
class ModeQuestion:
    """Whose run of which plan it is, and what mode was asked for.

    ``user_id`` is None where nobody logged in: the override is then that of the plan's user, the bucket the plan's own.
    """

    tenant_id: str
    user_id: UUID | None = None
    masterplan_id: UUID | None = None
    requested: ExecutionMode | None = None


async def decide(
    pool: Pool, config: ModeConfig, question: ModeQuestion, *, implemented: Set[ExecutionMode] = IMPLEMENTED
) -> Choice:
    """The mode of a run and why; raises as `choose` does, and `NotFound` for the plan, `StoreDown`."""
    row = await query_one(
        pool,
        sql("find_overrides"),
        {
            "tenant_id": question.tenant_id,
            "user_id": question.user_id,
            "masterplan_id": question.masterplan_id,
        },
    )
    assert row is not None
    if question.masterplan_id is not None and not row["plan_exists"]:
        raise NotFound(f"there is no plan {question.masterplan_id}", hint="`mge plan list` lists the plans")
    return choose(
        question.requested,
        _mode(row["plan_mode"]),
        _mode(row["user_mode"]),
        config.rollout_percent,
        config.default_mode,
        config.flags,
        _bucket_id(question),
        implemented=implemented,
    )


def _bucket_id(question: ModeQuestion) -> BucketId | None:
    if question.user_id is not None:
        return BucketId("user", question.user_id)
    if question.masterplan_id is not None:
        return BucketId("plan", question.masterplan_id)
    return None


def _mode(text: str | None) -> ExecutionMode | None:
    return None if text is None else ExecutionMode(text)

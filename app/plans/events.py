"""A plan's history: what happened, in order, for people and for live progress."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from app.plans.statements import sql
from app.postgres.connect import Connection
from app.postgres.rows import as_jsonb, execute


class EventType(StrEnum):
    """What a plan's history tells of."""

    PLAN_CREATED = "plan_created"
    PLAN_EDITED = "plan_edited"
    PLAN_APPROVED = "plan_approved"
    PLAN_REJECTED = "plan_rejected"
    PLAN_STARTED = "plan_started"
    PLAN_RESUMED = "plan_resumed"
    PLAN_PAUSED = "plan_paused"
    PLAN_CANCELLED = "plan_cancelled"
    PLAN_COMPLETED = "plan_completed"
    PLAN_FAILED = "plan_failed"
    MODE_CHOSEN = "mode_chosen"
    BUDGET_CHANGED = "budget_changed"
    BUDGET_USED = "budget_used"
    TASK_STARTED = "task_started"
    SUBTASK_WRITTEN = "subtask_written"
    TASK_VALIDATING = "task_validating"
    TASK_COMPLETED = "task_completed"
    TASK_RETRIED = "task_retried"
    TASK_FAILED = "task_failed"
    TASK_BLOCKED = "task_blocked"
    TASK_REQUEUED = "task_requeued"
    TESTS_RUN = "tests_run"


async def note_event(
    connection: Connection,
    masterplan_id: UUID,
    tenant_id: str,
    event: EventType,
    data: Mapping[str, object],
    *,
    actor: str,
    task_id: UUID | None = None,
) -> None:
    """Add an event in the connection's transaction; the plan's other writers wait until it ends."""
    await execute(
        connection,
        sql("insert_event"),
        {
            "masterplan_id": masterplan_id,
            "tenant_id": tenant_id,
            "task_id": task_id,
            "event_type": event.value,
            "event_data": as_jsonb(dict(data)),
            "actor": actor,
        },
    )

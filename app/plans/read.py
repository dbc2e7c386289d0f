"""Reading plans, tasks and their history; every read is bounded by a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.errors import InputError, NotFound
from app.model.plan import FullPlan, MasterPlan, PlanEvent, Subtask, Task
from app.plans.document import PlanDocument, document_of
from app.plans.rows import event_of, milestone_of, phase_of, plan_of, subtask_of, task_of
from app.plans.statements import sql
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.rows import Row, fetch_all, fetch_one, query_all, query_one

_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """A version of a plan, without its document."""

    version_number: int
    change_description: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PlanUsage:
    """What a plan's answers were and cost; ``input_tokens`` leaves out what a cache gave or took."""

    completions: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: Decimal
    seconds: Decimal
    simulated: bool


async def find_plan(pool: Pool, tenant_id: str, plan: str) -> UUID:
    """The plan that a person names by its id, the start of it, or its project's name; the newest of that name.

    Raises `NotFound`, `InputError` for an empty name, and `StoreDown`.
    """
    if not plan.strip() or "\0" in plan:
        raise InputError("no plan is named", hint="`mge plan list` lists the plans", field="plan")
    rows = await query_all(pool, sql("find_plans"), {"tenant_id": tenant_id, "plan": plan})
    if not rows:
        raise NotFound(f"there is no plan {plan!r}", hint="`mge plan list` lists the plans")
    found: UUID = rows[0]["masterplan_id"]
    return found


async def show_plan(pool: Pool, masterplan_id: UUID, tenant_id: str) -> MasterPlan:
    """A plan's own row; `NotFound`, `StoreDown`."""
    async with transaction(pool) as connection:
        return await plan_row(connection, masterplan_id, tenant_id)


async def plan_row(connection: Connection, masterplan_id: UUID, tenant_id: str) -> MasterPlan:
    """A plan's own row in the connection's transaction; `NotFound`."""
    return plan_of(
        _there(await fetch_one(connection, sql("show_plan"), _key(masterplan_id, tenant_id)), masterplan_id)
    )


async def lock_plan(connection: Connection, masterplan_id: UUID, tenant_id: str) -> MasterPlan:
    """A plan's own row, locked against its other writers until the transaction ends; `NotFound`."""
    return plan_of(
        _there(await fetch_one(connection, sql("lock_plan"), _key(masterplan_id, tenant_id)), masterplan_id)
    )


async def show_full_plan(pool: Pool, masterplan_id: UUID, tenant_id: str) -> FullPlan:
    """A plan with all its parts as of one moment; `NotFound`, `StoreDown`."""
    async with transaction(pool) as connection:
        return await full_plan(connection, masterplan_id, tenant_id)


async def full_plan(connection: Connection, masterplan_id: UUID, tenant_id: str) -> FullPlan:
    """A plan with all its parts in the connection's transaction; `NotFound`."""
    key = _key(masterplan_id, tenant_id)
    plan = await plan_row(connection, masterplan_id, tenant_id)
    phases = await fetch_all(connection, sql("phases_of"), key)
    milestones = await fetch_all(connection, sql("milestones_of"), key)
    tasks = await fetch_all(connection, sql("tasks_of"), key)
    subtasks: dict[UUID, list[Subtask]] = {}
    for row in await fetch_all(connection, sql("subtasks_of"), key):
        subtasks.setdefault(row["task_id"], []).append(subtask_of(row))
    return FullPlan(
        plan,
        tuple(map(phase_of, phases)),
        tuple(map(milestone_of, milestones)),
        tuple(task_of(row, tuple(subtasks.get(row["task_id"], ()))) for row in tasks),
    )


async def list_plans(
    pool: Pool, tenant_id: str, after: UUID = _FIRST, limit: int = 50
) -> tuple[MasterPlan, ...]:
    """A page of a tenant's plans, by id; `StoreDown`."""
    rows = await query_all(pool, sql("list_plans"), {"tenant_id": tenant_id, "after": after, "limit": limit})
    return tuple(map(plan_of, rows))


async def show_task(pool: Pool, task_id: UUID, tenant_id: str) -> tuple[Row, Task]:
    """A task with its subtasks: the whole row, with prompt, answer and logs, and the value; `NotFound`, `StoreDown`."""
    key = {"task_id": task_id, "tenant_id": tenant_id}
    async with transaction(pool) as connection:
        row = await fetch_one(connection, sql("show_task"), key)
        if row is None:
            raise NotFound(
                f"there is no task {task_id}", hint="GET /api/v1/masterplan/{id} lists a plan's tasks"
            )
        subtasks = await fetch_all(connection, sql("subtasks_of_task"), key)
    return row, task_of(row, tuple(map(subtask_of, subtasks)))


async def show_discovery(pool: Pool, discovery_id: UUID, tenant_id: str) -> Row:
    """A discovery document's row; `NotFound`, `StoreDown`."""
    row = await query_one(pool, sql("show_discovery"), {"discovery_id": discovery_id, "tenant_id": tenant_id})
    if row is None:
        raise NotFound(
            f"there is no discovery document {discovery_id}",
            hint="POST /api/v1/discovery/start makes one, and its answer has the id",
        )
    return row


async def request_of(pool: Pool, discovery_id: UUID | None, tenant_id: str) -> str:
    """The request in words that a plan was made of; empty where it was made of something else. Raises `StoreDown`."""
    if discovery_id is None:
        return ""
    return str((await show_discovery(pool, discovery_id, tenant_id))["user_request"])


async def events_after(
    pool: Pool, masterplan_id: UUID, tenant_id: str, after: int, limit: int = 500
) -> tuple[PlanEvent, ...]:
    """A plan's history after a sequence number; `StoreDown`."""
    values = {**_key(masterplan_id, tenant_id), "after": after, "limit": limit}
    return tuple(map(event_of, await query_all(pool, sql("events_after"), values)))


async def last_sequence(pool: Pool, masterplan_id: UUID, tenant_id: str) -> int:
    """The sequence number of a plan's newest event, 0 where it has none; `StoreDown`."""
    row = await query_one(pool, sql("last_sequence"), _key(masterplan_id, tenant_id))
    return int(row["sequence"]) if row else 0


async def list_versions(pool: Pool, masterplan_id: UUID, tenant_id: str) -> tuple[PlanVersion, ...]:
    """The versions of a plan, the first first; `StoreDown`."""
    rows = await query_all(pool, sql("list_versions"), _key(masterplan_id, tenant_id))
    return tuple(PlanVersion(**row) for row in rows)


async def show_version(
    pool: Pool, masterplan_id: UUID, tenant_id: str, version_number: int | None = None
) -> PlanDocument:
    """A version of a plan as a document, the newest where none is named; `NotFound`, `StoreDown`."""
    async with transaction(pool) as connection:
        if version_number is None:
            version_number = (await plan_row(connection, masterplan_id, tenant_id)).version
        values = {**_key(masterplan_id, tenant_id), "version_number": version_number}
        row = await fetch_one(connection, sql("show_version"), values)
    if row is None:
        raise NotFound(
            f"the plan has no version {version_number}", hint="`mge plan show PLAN` lists its versions"
        )
    return document_of(row["snapshot"])


async def recorded_answers(pool: Pool, masterplan_id: UUID, tenant_id: str) -> dict[tuple[str, int], str]:
    """The answers that a plan brought along, by label and attempt; `StoreDown`."""
    rows = await query_all(pool, sql("recorded_answers"), _key(masterplan_id, tenant_id))
    return {(row["label"], row["attempt"]): row["response"] for row in rows}


async def plan_usage(pool: Pool, masterplan_id: UUID, tenant_id: str) -> PlanUsage:
    """What a plan's answers were and cost; `StoreDown`."""
    row = await query_one(pool, sql("usage_of_plan"), _key(masterplan_id, tenant_id))
    assert row is not None
    return PlanUsage(**row)


def _key(masterplan_id: UUID, tenant_id: str) -> dict[str, object]:
    return {"masterplan_id": masterplan_id, "tenant_id": tenant_id}


def _there(row: Row | None, masterplan_id: UUID) -> Row:
    if row is None:
        raise NotFound(f"there is no plan {masterplan_id}", hint="`mge plan list` lists the plans")
    return row

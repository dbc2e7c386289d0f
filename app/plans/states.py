"""The states of plans and tasks: each change is one transaction with its event in the plan's history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID

from app.errors import Conflict, InputError
from app.model.plan import MasterPlan, PlanStatus
from app.plans.events import EventType, note_event
from app.plans.read import lock_plan
from app.plans.statements import sql
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.rows import execute


@dataclass(frozen=True, slots=True)
class _Move:
    """A change of a plan's status: what it may come from, and how the history tells of it."""

    before: frozenset[PlanStatus]
    after: PlanStatus
    event: EventType
    hint: str


_S: Final = PlanStatus


class PlanMove(Enum):
    """What can be done with a plan."""

    APPROVE = _Move(
        frozenset({_S.DRAFT, _S.REJECTED}),
        _S.APPROVED,
        EventType.PLAN_APPROVED,
        "only a draft or a rejected plan is approved",
    )
    REJECT = _Move(
        frozenset({_S.DRAFT, _S.APPROVED}),
        _S.REJECTED,
        EventType.PLAN_REJECTED,
        "only a plan that has not begun to run is rejected",
    )
    START = _Move(
        frozenset({_S.APPROVED}),
        _S.IN_PROGRESS,
        EventType.PLAN_STARTED,
        "approve the plan first: `mge plan approve PLAN`, or POST /api/v1/masterplan/{id}/approve",
    )
    RESUME = _Move(
        frozenset({_S.PAUSED, _S.FAILED, _S.CANCELLED, _S.COMPLETED}),
        _S.IN_PROGRESS,
        EventType.PLAN_RESUMED,
        "only a plan that was started before is resumed",
    )
    PAUSE = _Move(
        frozenset({_S.IN_PROGRESS}), _S.PAUSED, EventType.PLAN_PAUSED, "only a running plan is paused"
    )
    CANCEL = _Move(
        frozenset({_S.APPROVED, _S.IN_PROGRESS, _S.PAUSED, _S.FAILED}),
        _S.CANCELLED,
        EventType.PLAN_CANCELLED,
        "only an approved, running, paused or failed plan is cancelled",
    )
    COMPLETE = _Move(
        frozenset({_S.IN_PROGRESS}), _S.COMPLETED, EventType.PLAN_COMPLETED, "only a running plan ends"
    )
    FAIL = _Move(frozenset({_S.IN_PROGRESS}), _S.FAILED, EventType.PLAN_FAILED, "only a running plan ends")


async def move_plan(
    pool: Pool,
    masterplan_id: UUID,
    tenant_id: str,
    move: PlanMove,
    *,
    actor: str,
    data: Mapping[str, object] | None = None,
) -> MasterPlan:
    """Move a plan to another status; the plan as it was before.

    Raises `Conflict` where its status does not allow that, `NotFound`, `StoreDown`.
    """
    async with transaction(pool) as connection:
        return await move_locked(connection, masterplan_id, tenant_id, move, actor=actor, data=data)


async def move_locked(
    connection: Connection,
    masterplan_id: UUID,
    tenant_id: str,
    move: PlanMove,
    *,
    actor: str,
    data: Mapping[str, object] | None = None,
) -> MasterPlan:
    """As `move_plan`, in the connection's transaction."""
    plan = await lock_plan(connection, masterplan_id, tenant_id)
    rule = move.value
    if plan.status not in rule.before:
        raise Conflict(f"the plan {plan.project_name!r} is {plan.status}", hint=rule.hint)
    await execute(
        connection,
        sql("set_plan_status"),
        {"masterplan_id": masterplan_id, "tenant_id": tenant_id, "status": rule.after.value},
    )
    await note_event(connection, masterplan_id, tenant_id, rule.event, data or {}, actor=actor)
    return plan


async def set_budget(
    pool: Pool, masterplan_id: UUID, tenant_id: str, budget_usd: Decimal | None, *, actor: str
) -> None:
    """Give a plan another budget, none for no limit; `InputError` for a negative one, `NotFound`, `StoreDown`."""
    if budget_usd is not None and not (budget_usd.is_finite() and 0 <= budget_usd < 1_000_000):
        raise InputError("a budget is 0 to 999,999 USD", hint="give one such as 2.50", field="budget_usd")
    async with transaction(pool) as connection:
        plan = await lock_plan(connection, masterplan_id, tenant_id)
        await execute(
            connection,
            sql("set_budget"),
            {"masterplan_id": masterplan_id, "tenant_id": tenant_id, "budget_usd": budget_usd},
        )
        await note_event(
            connection,
            masterplan_id,
            tenant_id,
            EventType.BUDGET_CHANGED,
            {
                "before_usd": None if plan.budget_usd is None else str(plan.budget_usd),
                "after_usd": None if budget_usd is None else str(budget_usd),
            },
            actor=actor,
        )

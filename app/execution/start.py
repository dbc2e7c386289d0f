"""Beginning a run: the plan's status and the job change in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.errors import Conflict
from app.jobs.records import unfinished_job
from app.jobs.requests import ExecuteRequest
from app.model.plan import MasterPlan, PlanStatus
from app.modes.choose import Choice
from app.plans.events import EventType, note_event
from app.plans.read import lock_plan
from app.plans.states import PlanMove, move_locked
from app.postgres.connect import Connection


def start_run(
    plan: MasterPlan, choice: Choice, provider: str, *, actor: str
) -> tuple[ExecuteRequest, Callable[[Connection], Awaitable[None]]]:
    """The job that executes a plan, and what is to be done in the transaction that records it.

    That raises `Conflict` where the plan runs already, or has not been approved.
    """
    request = ExecuteRequest(str(plan.masterplan_id), choice.mode.value, provider)

    async def before(connection: Connection) -> None:
        now = await lock_plan(connection, plan.masterplan_id, plan.tenant_id)
        if now.status is PlanStatus.IN_PROGRESS:
            lock = request.subject(plan.tenant_id).path
            running = await unfinished_job(connection, plan.tenant_id, request.masterplan_id)
            if running is not None:
                raise Conflict(
                    f"the plan {plan.project_name!r} is running already",
                    hint=f"GET /api/v2/jobs/{running} or {lock} follows it; pause it to start it in another way",
                )
        else:
            move = PlanMove.RESUME if now.started_at is not None else PlanMove.START
            await move_locked(connection, plan.masterplan_id, plan.tenant_id, move, actor=actor)
        await note_event(
            connection,
            plan.masterplan_id,
            plan.tenant_id,
            EventType.MODE_CHOSEN,
            {"mode": choice.mode.value, "reason": choice.reason.text},
            actor=actor,
        )

    return request, before

"""The MVP's plans: from a request to a discovery document, a masterplan, and its execution."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Response

from app.api import cursor as cursors
from app.api.jobs import IdempotencyHeader, submit
from app.api.plan_schemas import (
    DiscoveryModel,
    DiscoveryStart,
    EventModel,
    EventPage,
    MasterplanExecute,
    MasterplanGenerate,
    MasterplanModel,
    MasterplanPage,
    MasterplanSummary,
    PlanEdit,
    Reason,
    TaskDetail,
    TaskModel,
)
from app.api.schemas import JobModel
from app.api.service import Tenant, ThePool, TheQueue, TheService
from app.errors import InputError
from app.execution.start import start_run
from app.jobs.requests import DiscoverRequest, GenerateRequest
from app.model.plan import ExecutionMode, FullPlan, MasterPlan, PlanSource
from app.model.tenant import LOCAL_USER
from app.modes.decide import ModeQuestion, decide
from app.planning.generate import check_request
from app.plans import read
from app.plans.document import PlanDocument, document_of
from app.plans.states import PlanMove, move_plan
from app.plans.tasks import retry_task
from app.plans.write import Origin, Owner, create_plan, delete_plan, replace_plan
from app.postgres.connect import Pool
from app.workspace.repository import remove_workspace

router = APIRouter(tags=["masterplans"])

_ACTOR = "user:local"


@router.post("/api/v1/discovery/start", status_code=202)
async def start_discovery(
    body: DiscoveryStart,
    response: Response,
    pool: ThePool,
    queue: TheQueue,
    tenant: Tenant,
    idempotency_key: IdempotencyHeader = None,
) -> JobModel:
    """Find out what a request is about; the job's result has the `discovery_id`."""
    wanted = DiscoverRequest(
        user_request=check_request(body.user_request),
        provider=body.provider,
        session_id=str(body.session_id or uuid4()),
        user_id=str(LOCAL_USER),
    )
    job, _ = await submit(pool, queue, tenant, wanted, key=idempotency_key, content="", response=response)
    return job


@router.get("/api/v1/discovery/{discovery_id}")
async def show_discovery(discovery_id: UUID, pool: ThePool, tenant: Tenant) -> DiscoveryModel:
    """A discovery document."""
    return DiscoveryModel.model_validate(await read.show_discovery(pool, discovery_id, tenant))


@router.post("/api/v1/masterplan/generate", status_code=202)
async def generate_masterplan(
    body: MasterplanGenerate,
    response: Response,
    pool: ThePool,
    queue: TheQueue,
    tenant: Tenant,
    idempotency_key: IdempotencyHeader = None,
) -> JobModel:
    """Make a masterplan of a discovery document; the job's result has the `masterplan_id`. It is a draft until approved."""
    found = await read.show_discovery(pool, body.discovery_id, tenant)
    wanted = GenerateRequest(
        discovery_id=str(body.discovery_id),
        provider=body.provider,
        session_id=str(found["session_id"]),
        user_id=str(LOCAL_USER),
        budget_usd=None if body.budget_usd is None else str(body.budget_usd),
    )
    job, _ = await submit(pool, queue, tenant, wanted, key=idempotency_key, content="", response=response)
    return job


@router.post("/api/v1/masterplan/execute", status_code=202)
async def execute_masterplan(
    body: MasterplanExecute,
    response: Response,
    service: TheService,
    pool: ThePool,
    queue: TheQueue,
    tenant: Tenant,
    idempotency_key: IdempotencyHeader = None,
) -> JobModel:
    """Execute an approved plan, or go on with one that was paused, failed or cancelled."""
    return await _execute(body, response, service, pool, queue, tenant, idempotency_key)


@router.post("/api/masterplan/execute", status_code=202)
async def execute_in_mode(
    body: MasterplanExecute,
    response: Response,
    service: TheService,
    pool: ThePool,
    queue: TheQueue,
    tenant: Tenant,
    mode: Annotated[ExecutionMode | None, Query(description="overrides what the body says")] = None,
    idempotency_key: IdempotencyHeader = None,
) -> JobModel:
    """Execute a plan in a mode; the rules of `POST /api/v2/mode` decide where none is given."""
    wanted = body if mode is None else body.model_copy(update={"mode": mode})
    return await _execute(wanted, response, service, pool, queue, tenant, idempotency_key)


@router.get("/api/v1/masterplans")
async def masterplans(
    pool: ThePool,
    tenant: Tenant,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: str | None = None,
) -> MasterplanPage:
    """The plans, by id."""
    found = await read.list_plans(pool, tenant, _after(cursor), limit + 1)
    shown = [_summary(plan) for plan in found[:limit]]
    following = cursors.encode(str(shown[-1].masterplan_id)) if len(found) > limit else None
    return MasterplanPage(items=shown, next_cursor=following)


@router.post("/api/v1/masterplan/import", status_code=201)
async def import_masterplan(body: PlanEdit, pool: ThePool, tenant: Tenant) -> MasterplanModel:
    """Keep a plan that was written elsewhere, as a draft."""
    document = document_of(body.document)
    masterplan_id = await create_plan(pool, document, _owner(tenant), Origin(PlanSource.IMPORTED))
    return await _shown(pool, masterplan_id, tenant)


@router.get("/api/v1/masterplan/{masterplan_id}")
async def show_masterplan(masterplan_id: UUID, pool: ThePool, tenant: Tenant) -> MasterplanModel:
    """A plan with its phases, milestones, tasks and subtasks."""
    return await _shown(pool, masterplan_id, tenant)


@router.put("/api/v1/masterplan/{masterplan_id}")
async def edit_masterplan(
    masterplan_id: UUID, body: PlanEdit, pool: ThePool, tenant: Tenant
) -> MasterplanModel:
    """Make a document the next version of a plan that has not begun to run; it is a draft again."""
    await replace_plan(pool, masterplan_id, document_of(body.document), _owner(tenant), body.change)
    return await _shown(pool, masterplan_id, tenant)


@router.delete("/api/v1/masterplan/{masterplan_id}", status_code=204)
async def delete_masterplan(masterplan_id: UUID, service: TheService, pool: ThePool, tenant: Tenant) -> None:
    """Delete a plan that is not running, with its history and its workspace."""
    workspace = await delete_plan(pool, masterplan_id, tenant)
    if workspace:
        remove_workspace(service.rules.workspaces / workspace)


@router.get("/api/v1/masterplan/{masterplan_id}/export")
async def export_masterplan(
    masterplan_id: UUID,
    pool: ThePool,
    tenant: Tenant,
    version: Annotated[int | None, Query(ge=1, le=100_000, description="the newest if left out")] = None,
) -> PlanDocument:
    """A version of a plan as a document that can be imported again."""
    return await read.show_version(pool, masterplan_id, tenant, version)


@router.get("/api/v1/masterplan/{masterplan_id}/history")
async def masterplan_history(
    masterplan_id: UUID,
    pool: ThePool,
    tenant: Tenant,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: str | None = None,
) -> EventPage:
    """What happened to a plan, in order."""
    await read.show_plan(pool, masterplan_id, tenant)
    found = await read.events_after(pool, masterplan_id, tenant, cursors.decode_number(cursor), limit + 1)
    shown = [EventModel.model_validate(asdict(event)) for event in found[:limit]]
    following = cursors.encode(shown[-1].sequence) if len(found) > limit else None
    return EventPage(items=shown, next_cursor=following)


@router.post("/api/v1/masterplan/{masterplan_id}/approve")
async def approve(masterplan_id: UUID, body: Reason, pool: ThePool, tenant: Tenant) -> MasterplanSummary:
    """Approve a draft, so that it can be executed."""
    return await _moved(pool, masterplan_id, tenant, PlanMove.APPROVE, body)


@router.post("/api/v1/masterplan/{masterplan_id}/reject")
async def reject(masterplan_id: UUID, body: Reason, pool: ThePool, tenant: Tenant) -> MasterplanSummary:
    """Reject a plan that has not begun to run."""
    return await _moved(pool, masterplan_id, tenant, PlanMove.REJECT, body)


@router.post("/api/v1/masterplan/{masterplan_id}/pause")
async def pause(masterplan_id: UUID, body: Reason, pool: ThePool, tenant: Tenant) -> MasterplanSummary:
    """Pause a running plan: no further subtask begins, and what was written stays."""
    return await _moved(pool, masterplan_id, tenant, PlanMove.PAUSE, body)


@router.post("/api/v1/masterplan/{masterplan_id}/cancel")
async def cancel(masterplan_id: UUID, body: Reason, pool: ThePool, tenant: Tenant) -> MasterplanSummary:
    """Stop a plan; what was written stays, and executing it again goes on from there."""
    return await _moved(pool, masterplan_id, tenant, PlanMove.CANCEL, body)


@router.get("/api/v1/task/{task_id}")
async def show_task(task_id: UUID, pool: ThePool, tenant: Tenant) -> TaskDetail:
    """A task whole, with its last prompt and answer and the logs of its checks."""
    row, task = await read.show_task(pool, task_id, tenant)
    told = ("masterplan_id", "llm_prompt", "llm_response", "validation_logs")
    return TaskDetail.model_validate({**asdict(task), **{name: row[name] for name in told}})


@router.post("/api/v1/task/{task_id}/retry")
async def retry(task_id: UUID, pool: ThePool, tenant: Tenant) -> TaskModel:
    """Let a task that is over be done again when its plan is executed next; the task as it was."""
    task = await retry_task(pool, tenant, task_id, actor=_ACTOR)
    return TaskModel.model_validate(asdict(task))


async def _execute(
    body: MasterplanExecute,
    response: Response,
    service: TheService,
    pool: Pool,
    queue: TheQueue,
    tenant: str,
    key: str | None,
) -> JobModel:
    plan = await read.show_plan(pool, body.masterplan_id, tenant)
    question = ModeQuestion(tenant, None, plan.masterplan_id, body.mode)
    choice = await decide(pool, service.modes.current(tenant), question)
    wanted, before = start_run(plan, choice, body.provider, actor=_ACTOR)
    job, _ = await submit(pool, queue, tenant, wanted, key=key, content="", response=response, before=before)
    return job


async def _moved(
    pool: Pool, masterplan_id: UUID, tenant: str, move: PlanMove, body: Reason
) -> MasterplanSummary:
    data = {"reason": body.reason} if body.reason else {}
    await move_plan(pool, masterplan_id, tenant, move, actor=_ACTOR, data=data)
    return _summary(await read.show_plan(pool, masterplan_id, tenant))


async def _shown(pool: Pool, masterplan_id: UUID, tenant: str) -> MasterplanModel:
    full: FullPlan = await read.show_full_plan(pool, masterplan_id, tenant)
    return MasterplanModel.model_validate(asdict(full))


def _summary(plan: MasterPlan) -> MasterplanSummary:
    return MasterplanSummary.model_validate(asdict(plan))


def _owner(tenant: str) -> Owner:
    return Owner(tenant, LOCAL_USER, uuid4(), _ACTOR)


def _after(cursor: str | None) -> UUID:
    text = cursors.decode_text(cursor)
    try:
        return UUID(text) if text else UUID(int=0)
    except ValueError as error:
        raise InputError(
            "the cursor is not one of this listing",
            hint="give next_cursor of the page before, or none for the first page",
            field="cursor",
        ) from error

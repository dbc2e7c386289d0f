"""How each kind of job is done: the one registry of handlers."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from app.errors import Conflict
from app.execution.execute import Execution, execute_plan
from app.execution.run import RunOptions
from app.graph.publish import rebuild
from app.jobs import records
from app.jobs.records import Job, Json
from app.jobs.requests import BuildRequest, DiscoverRequest, ExecuteRequest, GenerateRequest, ImportRequest
from app.model.plan import ExecutionMode
from app.pipeline.importing import import_source
from app.planning.usecases import generate_masterplan, start_discovery
from app.plans.read import recorded_answers
from app.plans.states import PlanMove, move_plan
from app.plans.tasks import PlanKey
from app.plans.write import Owner
from app.postgres.connect import Pool
from app.sources import open_source
from app.uploads.paths import below_root
from app.uploads.store import remove_upload, upload_path
from app.worker.context import Stages, WorkerContext

_LISTED: Final = 1_000
_ACTOR: Final = "worker"

Result = Mapping[str, Json]
Work = Callable[[WorkerContext, Job, Stages], Awaitable[Result]]
End = Callable[[WorkerContext, Job, str], Awaitable[None]]


async def _nothing(context: WorkerContext, job: Job, error: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Handler:
    """How a kind of job is done, how often it is begun at most, and what is to do once it is over.

    ``end`` is given what went wrong, empty where nothing did.
    """

    work: Work
    max_attempts: int = 8
    end: End = _nothing


async def import_code(context: WorkerContext, job: Job, stages: Stages) -> Result:
    """Import a code base as a plan of the graph."""
    request = job.request
    assert isinstance(request, ImportRequest)
    rules = replace(context.rules, include=request.include, exclude=request.exclude)
    location = (
        upload_path(context.uploads, request.upload)
        if request.upload
        else below_root(context.import_root, request.path)
    )
    stages("read", 0, -1)
    with (
        tempfile.TemporaryDirectory(prefix="mge-source-", ignore_cleanup_errors=True) as workdir,
        await asyncio.to_thread(open_source, str(location), rules, Path(workdir)) as source,
    ):
        stages("read", len(source.entries), len(source.entries))
        result = await import_source(
            context.graph(),
            replace(source, name=request.root) if request.upload else source,
            name=request.name,
            tenant_id=job.tenant_id,
            workers=context.parsers,
            progress=stages,
            permit=partial(_settle, context.pool, job),
            indexers=context.indexers,
            memory=context.memory,
        )
    figures = asdict(result)
    for listed in ("reasons", "skipped", "warnings"):
        figures[f"total_{listed}"] = len(figures[listed])
        figures[listed] = figures[listed][:_LISTED]
    return figures


async def build_graph(context: WorkerContext, job: Job, stages: Stages) -> Result:
    """Find a plan's cycles and waves again."""
    request = job.request
    assert isinstance(request, BuildRequest)
    permit = partial(_settle, context.pool, job)
    built = await rebuild(
        context.graph(), request.plan_id, job.tenant_id, str(uuid4()), version("mge"), permit
    )
    return {"plan_id": request.plan_id, **asdict(built)}


async def discover(context: WorkerContext, job: Job, stages: Stages) -> Result:
    """Make a discovery document of a request in words."""
    request = job.request
    assert isinstance(request, DiscoverRequest)
    provider = context.open_provider(request.provider, {})
    owner = _owner(job, request.user_id, request.session_id)
    found = await start_discovery(context.pool, provider, request.user_request, owner, _holder(job))
    return {"discovery_id": str(found)}


async def generate(context: WorkerContext, job: Job, stages: Stages) -> Result:
    """Make a masterplan of a discovery document."""
    request = job.request
    assert isinstance(request, GenerateRequest)
    provider = context.open_provider(request.provider, {})
    made = await generate_masterplan(
        context.pool,
        provider,
        UUID(request.discovery_id),
        _owner(job, request.user_id, request.session_id),
        _holder(job),
        budget_usd=None if request.budget_usd is None else Decimal(request.budget_usd),
    )
    return {
        "masterplan_id": str(made.masterplan_id),
        "attempts": made.attempts,
        "mended": list(made.mended),
    }


async def execute(context: WorkerContext, job: Job, stages: Stages) -> Result:
    """Execute a plan, from where an earlier attempt stopped."""
    request = job.request
    assert isinstance(request, ExecuteRequest)
    masterplan_id = UUID(request.masterplan_id)
    answers = await recorded_answers(context.pool, masterplan_id, job.tenant_id)
    execution = Execution(
        PlanKey(masterplan_id, job.tenant_id, _ACTOR),
        ExecutionMode(request.mode),
        _holder(job),
        context.workspaces,
        RunOptions(parallel_tasks=context.parallel_tasks(job.tenant_id)),
    )
    result = await execute_plan(context.pool, context.open_provider(request.provider, answers), execution)
    return {
        "masterplan_id": request.masterplan_id,
        "status": result.status.value,
        "completed": result.completed,
        "failed": result.failed,
        "blocked": result.blocked,
        "retried": result.retried,
    }


async def forget_upload(context: WorkerContext, job: Job, error: str) -> None:
    """Delete the upload that an import read."""
    assert isinstance(job.request, ImportRequest)
    if job.request.upload:
        remove_upload(context.uploads, job.request.upload)


async def leave_paused(context: WorkerContext, job: Job, error: str) -> None:
    """Leave a plan whose job failed paused with the reason, so that it can be executed again."""
    assert isinstance(job.request, ExecuteRequest)
    if not error:
        return
    try:
        await move_plan(
            context.pool,
            UUID(job.request.masterplan_id),
            job.tenant_id,
            PlanMove.PAUSE,
            actor=_ACTOR,
            data={"reason": error},
        )
    except Conflict:
        return  # it is over or paused already


HANDLERS: Final[Mapping[str, Handler]] = {
    ImportRequest.kind_name: Handler(import_code, end=forget_upload),
    BuildRequest.kind_name: Handler(build_graph),
    DiscoverRequest.kind_name: Handler(discover),
    GenerateRequest.kind_name: Handler(generate),
    # Every attempt at a run gets further, so a run may be interrupted more often than a job that begins afresh.
    ExecuteRequest.kind_name: Handler(execute, max_attempts=200, end=leave_paused),
}


async def _settle(pool: Pool, job: Job) -> None:
    if not await records.settle(pool, job):
        raise Conflict(
            f"the job {job.job_id} was cancelled", hint="start a new one if it is wanted after all"
        )


def _owner(job: Job, user_id: str, session_id: str) -> Owner:
    return Owner(job.tenant_id, UUID(user_id), UUID(session_id), f"user:{user_id}")


def _holder(job: Job) -> str:
    return f"job {job.job_id} attempt {job.attempt}"

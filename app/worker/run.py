"""What a worker does with a job: one attempt at it, reported while it lasts and recorded when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final
from uuid import UUID, uuid4

import structlog

from app.errors import InputError, MgeError, StoreDown
from app.graph import staging
from app.jobs import records as jobs
from app.jobs.queue import WorkAgain
from app.jobs.records import Job, Json
from app.model.problem import problem_of, unexpected
from app.postgres.connect import Pool
from app.uploads.store import sweep_uploads
from app.worker.context import Stages, WorkerContext
from app.worker.kinds import HANDLERS

_REPORT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 60

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def run_job(context: WorkerContext, job_id: UUID) -> None:
    """Make an attempt at a job and record how it ended; nothing where the job is over already.

    Raises `WorkAgain` where a store was down and the job is to be tried again, `StoreDown` where Postgres
    is, and CancelledError, the job being queued again, where the worker stops.
    """
    job = await jobs.start(context.pool, job_id)
    if job is None:
        return
    logged = log.bind(job_id=str(job_id), kind=job.kind, attempt=job.attempt)
    logged.info("job started")
    stages = Stages()
    failure = ""
    work = asyncio.create_task(_work(context, job, stages))
    outdated = asyncio.create_task(_report(context.pool, job, stages))
    try:
        await asyncio.wait({work, outdated}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            outdated.result()
            logged.info("job cancelled or taken over")
            if (await jobs.show(context.pool, job_id, job.tenant_id)).status != "cancelled":
                return
            failure = "its job was cancelled"
            result = None
        else:
            result = work.result()
    except asyncio.CancelledError:
        await _end(work, outdated)
        await jobs.requeue(context.pool, job)
        raise
    except StoreDown as error:
        if job.attempt < HANDLERS[job.kind].max_attempts:
            wait = min(2**job.attempt, _LONGEST_WAIT_SECONDS)
            logged.warning("store down, job will be tried again", reason=str(error), seconds=wait)
            await jobs.requeue(context.pool, job)
            raise WorkAgain(wait) from error
        failure = str(error)
        await jobs.fail(context.pool, job, asdict(problem_of(error)))
    except MgeError as error:
        logged.info("job failed", reason=str(error))
        failure = str(error)
        await jobs.fail(context.pool, job, asdict(problem_of(error)))
    except Exception:
        incident = uuid4().hex
        logged.exception("job failed", incident=incident)
        failure = f"internal error, incident {incident}"
        await jobs.fail(context.pool, job, asdict(unexpected(incident)))
    else:
        if result is not None:
            logged.info("job succeeded")
            await jobs.succeed(context.pool, job, stages.list(), result)
    finally:
        await _end(work, outdated)
    await HANDLERS[job.kind].end(context, job, failure)


async def sweep(context: WorkerContext) -> None:
    """Delete what no job needs: uploads, and what killed imports left in the graph; `StoreDown`."""
    removed = sweep_uploads(context.uploads, await jobs.needed_uploads(context.pool))
    if removed:
        log.info("uploads deleted that no job needs", uploads=removed)
    graph = context.current_graph()
    if graph is not None:
        await staging.sweep(graph)


async def _report(pool: Pool, job: Job, stages: Stages) -> None:
    """Write the progress until this attempt no longer counts."""
    while True:
        await asyncio.sleep(_REPORT_SECONDS)
        try:
            if not await jobs.report(pool, job, stages.list()):
                return
        except StoreDown:
            # The work may be over before Postgres is back, or wait for it.
            continue


async def _end(*tasks: asyncio.Task[None] | asyncio.Task[Mapping[str, Json]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _work(context: WorkerContext, job: Job, stages: Stages) -> Mapping[str, Json]:
    handler = HANDLERS[job.kind]
    if job.attempt > handler.max_attempts:
        raise InputError(
            f"the job was begun {handler.max_attempts} times, and the worker ended each time before it was done",
            hint="the worker's log may tell why; perhaps it needs more memory for this source",
        )
    return await handler.work(context, job, stages)

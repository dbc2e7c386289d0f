"""Executing a plan from the command line: the job is the service's, and is followed; without a worker it is done here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from app.cli import output
from app.cli.person import ACTOR, tenant
from app.cli.run_progress import RunProgress
from app.errors import InputError
from app.execution.start import start_run
from app.jobs import records
from app.jobs.queue import STALLED_SECONDS, enqueue, open_queue, work
from app.jobs.records import Job
from app.jobs.requests import JobRequest
from app.main import mode_environment
from app.model.plan import ExecutionMode
from app.model.problem import error_of
from app.modes.decide import ModeQuestion, decide
from app.modes.watch import ModeHolder, refresh
from app.plans import read
from app.postgres.connect import Connection, Pool
from app.serve import worker_context
from app.settings import Settings
from app.worker.run import run_job, sweep

_LOOK_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class RunChoice:
    """Which model answers, and in which mode the plan is executed; the mode is empty where the rules decide."""

    provider: str
    mode: str


async def run_plan(
    settings: Settings, pool: Pool, masterplan_id: UUID, choice: RunChoice, *, shown: bool
) -> Job:
    """Execute a plan and follow it to its end; the job as it is then.

    Raises what the job ended with where it failed, `Conflict` where the plan cannot run, `InputError` for the mode.
    """
    plan = await read.show_plan(pool, masterplan_id, tenant())
    modes = ModeHolder(mode_environment(settings))
    await refresh(pool, modes)
    question = ModeQuestion(tenant(), None, masterplan_id, _mode(choice.mode))
    chosen = await decide(pool, modes.current(tenant()), question)
    after = await read.last_sequence(pool, masterplan_id, tenant())
    request, before = start_run(plan, chosen, choice.provider, actor=ACTOR)
    async with open_queue(pool) as queue:

        async def put(connection: Connection, job_id: UUID, request: JobRequest, tenant: str) -> None:
            await before(connection)
            await enqueue(queue, connection, job_id, request.subject(tenant).lock)

        job = await records.submit(pool, uuid4(), tenant(), request, None, put)
    done = plan.completed_tasks + plan.failed_tasks
    async with _worker(settings, pool, modes):
        with RunProgress(plan.total_tasks, done, shown=shown) as progress:
            while True:
                for event in await read.events_after(pool, masterplan_id, tenant(), after):
                    after = event.sequence
                    progress(event)
                job = await records.show(pool, job.job_id, tenant())
                if job.status in ("succeeded", "failed", "cancelled"):
                    break
                await asyncio.sleep(_LOOK_SECONDS)
            for event in await read.events_after(pool, masterplan_id, tenant(), after):
                progress(event)
    if job.error is not None:
        raise error_of(job.error)
    return job


@asynccontextmanager
async def _worker(settings: Settings, pool: Pool, modes: ModeHolder) -> AsyncIterator[None]:
    """A worker in this process for as long as the block lasts, where no other one answers."""
    if await records.count_workers(pool, STALLED_SECONDS):
        yield
        return
    output.say("no worker answers, so this command executes the plan itself")
    context = worker_context(settings, pool, lambda: None, modes)
    working = asyncio.create_task(work(pool, partial(run_job, context), partial(sweep, context)))
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def _mode(text: str) -> ExecutionMode | None:
    if not text:
        return None
    try:
        return ExecutionMode(text)
    except ValueError as error:
        raise InputError(
            f"there is no mode {text!r}", hint=f"one of: {', '.join(ExecutionMode)}", field="mode"
        ) from error

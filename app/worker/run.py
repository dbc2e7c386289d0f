"""What a worker does with a job: one attempt at it, reported while it lasts and recorded when it ends."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import structlog

from app.errors import Conflict, InputError, MgeError, StoreDown
from app.graph import staging
from app.graph.connect import Graph
from app.graph.publish import rebuild
from app.indexes.port import Indexer
from app.jobs import records as jobs
from app.jobs.queue import WorkAgain
from app.jobs.records import BuildRequest, ImportRequest, Job, Json, StageProgress
from app.model.problem import problem_of, unexpected
from app.pipeline.importing import import_source
from app.postgres.connect import Pool
from app.sources import ReadRules, open_source
from app.uploads.paths import below_root
from app.uploads.store import remove_upload, sweep_uploads, upload_path

_ATTEMPTS: Final = 8
_REPORT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 60
_LISTED: Final = 1_000

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a worker works with. ``parsers`` is the number of parser processes of an import,
    ``indexers`` are asked by it, ``memory`` keeps what it found for the next one."""

    graph: Graph
    pool: Pool
    rules: ReadRules
    uploads: Path
    import_root: Path | None
    parsers: int
    indexers: tuple[Indexer, ...]
    memory: Path


@dataclass(slots=True)
class _Stages:
    """How far each stage is, in the order in which they began."""

    reached: dict[str, StageProgress] = field(default_factory=dict)

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.reached[stage] = StageProgress(stage, done, total)

    def list(self) -> tuple[StageProgress, ...]:
        return tuple(self.reached.values())


async def run_job(place: Workplace, job_id: UUID) -> None:
    """Make an attempt at a job and record how it ended; nothing where the job is over already.

    Raises `WorkAgain` where a store was down and the job is to be tried again, `StoreDown` where Postgres
    is, and CancelledError, the job being queued again, where the worker stops.
    """
    job = await jobs.start(place.pool, job_id)
    if job is None:
        return
    logged = log.bind(job_id=str(job_id), kind=job.kind, attempt=job.attempt)
    logged.info("job started")
    stages = _Stages()
    work = asyncio.create_task(_work(place, job, stages))
    outdated = asyncio.create_task(_report(place.pool, job, stages))
    try:
        await asyncio.wait({work, outdated}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            outdated.result()
            logged.info("job cancelled or taken over")
            return
        result = work.result()
    except asyncio.CancelledError:
        await _end(work, outdated)
        await jobs.requeue(place.pool, job)
        raise
    except StoreDown as error:
        if job.attempt < _ATTEMPTS:
            wait = min(2**job.attempt, _LONGEST_WAIT_SECONDS)
            logged.warning("store down, job will be tried again", reason=str(error), seconds=wait)
            await jobs.requeue(place.pool, job)
            raise WorkAgain(wait) from error
        await jobs.fail(place.pool, job, asdict(problem_of(error)))
    except MgeError as error:
        logged.info("job failed", reason=str(error))
        await jobs.fail(place.pool, job, asdict(problem_of(error)))
    except Exception:
        incident = uuid4().hex
        logged.exception("job failed", incident=incident)
        await jobs.fail(place.pool, job, asdict(unexpected(incident)))
    else:
        logged.info("job succeeded")
        await jobs.succeed(place.pool, job, stages.list(), result)
    finally:
        await _end(work, outdated)
    if isinstance(job.request, ImportRequest) and job.request.upload:
        remove_upload(place.uploads, job.request.upload)


async def sweep(place: Workplace) -> None:
    """Delete what no job needs: uploads, and what killed imports left in the graph; `StoreDown`."""
    removed = sweep_uploads(place.uploads, await jobs.needed_uploads(place.pool))
    if removed:
        log.info("uploads deleted that no job needs", uploads=removed)
    await staging.sweep(place.graph)


async def _report(pool: Pool, job: Job, stages: _Stages) -> None:
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


async def _work(place: Workplace, job: Job, stages: _Stages) -> Mapping[str, Json]:
    if job.attempt > _ATTEMPTS:
        raise InputError(
            f"the job was begun {_ATTEMPTS} times, and the worker ended each time before it was done",
            hint="the worker's log may tell why; perhaps it needs more memory for this source",
        )
    match job.request:
        case ImportRequest():
            return await _import(place, job, job.request, stages)
        case BuildRequest():
            built = await rebuild(
                place.graph,
                job.request.plan_id,
                job.tenant_id,
                str(uuid4()),
                version("mge"),
                partial(_settle, place.pool, job),
            )
            return {"plan_id": job.request.plan_id, **asdict(built)}


async def _settle(pool: Pool, job: Job) -> None:
    if not await jobs.settle(pool, job):
        raise Conflict(
            f"the job {job.job_id} was cancelled", hint="start a new one if it is wanted after all"
        )


async def _import(place: Workplace, job: Job, request: ImportRequest, stages: _Stages) -> Mapping[str, Json]:
    rules = replace(place.rules, include=request.include, exclude=request.exclude)
    location = (
        upload_path(place.uploads, request.upload)
        if request.upload
        else below_root(place.import_root, request.path)
    )
    stages("read", 0, -1)
    with (
        tempfile.TemporaryDirectory(prefix="mge-source-", ignore_cleanup_errors=True) as workdir,
        await asyncio.to_thread(open_source, str(location), rules, Path(workdir)) as source,
    ):
        stages("read", len(source.entries), len(source.entries))
        result = await import_source(
            place.graph,
            replace(source, name=request.root) if request.upload else source,
            name=request.name,
            tenant_id=job.tenant_id,
            workers=place.parsers,
            progress=stages,
            permit=partial(_settle, place.pool, job),
            indexers=place.indexers,
            memory=place.memory,
        )
    figures = asdict(result)
    for listed in ("reasons", "skipped", "warnings"):
        figures[f"total_{listed}"] = len(figures[listed])
        figures[listed] = figures[listed][:_LISTED]
    return figures

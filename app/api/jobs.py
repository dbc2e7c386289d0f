"""Jobs: long work that was asked for, its progress and its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from hashlib import sha256
from json import dumps
from typing import Annotated, TypeAlias
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, Response

from app.api.schemas import JobLinks, JobModel, StageModel
from app.api.service import Tenant, ThePool
from app.errors import InputError
from app.jobs import records as jobs
from app.jobs.queue import Queue, enqueue
from app.jobs.records import IdempotencyKey, Job
from app.jobs.requests import JobRequest
from app.postgres.connect import Connection, Pool

router = APIRouter(prefix="/api/v2/jobs", tags=["jobs"])

IdempotencyHeader: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="the same key with the same request gives the same job; with another request it is refused",
        examples=["0e9f1c2a-6a2b-4b55-a6a0-3d7c1d2b8f10"],
    ),
]


@router.get("/{job_id}")
async def show_job(job_id: UUID, pool: ThePool, tenant: Tenant) -> JobModel:
    """How far a job is, and how it ended."""
    return job_model(await jobs.show(pool, job_id, tenant))


@router.post("/{job_id}/cancel")
async def cancel_job(job_id: UUID, pool: ThePool, tenant: Tenant) -> JobModel:
    """Stop a job that is not over: nothing of it stays."""
    return job_model(await jobs.cancel(pool, job_id, tenant))


async def submit(
    pool: Pool,
    queue: Queue,
    tenant: str,
    request: JobRequest,
    *,
    key: str | None,
    content: str,
    response: Response,
    before: Callable[[Connection], Awaitable[None]] | None = None,
) -> tuple[JobModel, bool]:
    """Start a job, or find the one that the key belongs to; and whether it is new.

    ``content`` is a digest of what came with the request beside its values. ``before`` is done in the transaction that
    records a new job. Raises `InputError` for a key that cannot be one or came with another request, `StoreDown`, and what
    ``before`` raises.
    """

    async def put(connection: Connection, job_id: UUID, request: JobRequest, tenant: str) -> None:
        if before is not None:
            await before(connection)
        await enqueue(queue, connection, job_id, request.subject(tenant).lock)

    job_id = uuid4()
    job = await jobs.submit(pool, job_id, tenant, request, _key(key, request, content), put)
    model = job_model(job)
    response.headers["Location"] = model.links.self
    return model, job.job_id == job_id


def job_model(job: Job) -> JobModel:
    """A job as it is shown."""
    here = f"/api/v2/jobs/{job.job_id}"
    return JobModel(
        job_id=job.job_id,
        kind=job.kind,
        status=job.status,
        attempt=job.attempt,
        progress=[StageModel(**asdict(stage)) for stage in job.progress],
        result=None if job.result is None else {**job.result},
        error=None if job.error is None else {**job.error},
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        links=JobLinks(
            self=here, cancel=f"{here}/cancel", plan=job.request.subject(job.tenant_id).path or None
        ),
    )


def _key(key: str | None, request: JobRequest, content: str) -> IdempotencyKey | None:
    if key is None:
        return None
    if not 0 < len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise InputError(
            "the Idempotency-Key is not 1 to 255 printable ASCII characters",
            hint="a random UUID is a good one",
            field="Idempotency-Key",
        )
    # An upload gets a new id each time it is sent; its content says whether it is the same.
    asked = {**asdict(request), "upload": bool(getattr(request, "upload", "")), "content": content}
    return IdempotencyKey(key, sha256(dumps(asked, sort_keys=True).encode()).hexdigest())

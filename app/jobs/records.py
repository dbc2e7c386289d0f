"""Jobs: long work that was asked for over REST, kept until it is over and after.

A job is recorded and enqueued in one transaction. Every start is a new attempt, and only the newest
attempt can write to the job: whoever still works on an older one is told so by `report`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from app.errors import Conflict, InputError, NotFound
from app.jobs.requests import REQUEST, JobRequest
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.queries import statements_beside

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
sql: Final = statements_beside(__file__)

JobStatus: TypeAlias = Literal["queued", "running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class StageProgress:
    """How far a stage of a job is; ``total`` is -1 where it is not known."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now. ``result`` is there once it succeeded, ``error`` once it failed."""

    job_id: UUID
    tenant_id: str
    kind: str
    status: JobStatus
    attempt: int
    request: JobRequest
    progress: tuple[StageProgress, ...]
    result: Mapping[str, Json] | None
    error: Mapping[str, Json] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key that a client gave, and a digest of what it asked for with it."""

    key: str
    request_digest: str


Enqueue: TypeAlias = Callable[[Connection, UUID, JobRequest, str], Awaitable[None]]
"""Puts a job (its id, request and tenant) into the queue, on the connection and in its transaction."""


async def submit(
    pool: Pool,
    job_id: UUID,
    tenant_id: str,
    request: JobRequest,
    key: IdempotencyKey | None,
    enqueue: Enqueue,
) -> Job:
    """Record and enqueue a job, or find the one that the key was used for.

    The job found has another id than ``job_id``. Raises `InputError` where the key came with another
    request before, `StoreDown`.
    """
    async with transaction(pool) as connection:
        inserted = await connection.execute(
            sql("insert_job"),
            {
                "job_id": job_id,
                "tenant_id": tenant_id,
                "kind": request.kind,
                "request": Jsonb(asdict(request)),
                "idempotency_key": key.key if key else None,
                "request_digest": key.request_digest if key else None,
            },
        )
        row = await inserted.fetchone()
        if row is not None:
            await enqueue(connection, job_id, request, tenant_id)
            return _job(row)
        assert key is not None
        found = await connection.execute(
            sql("job_of_key"), {"tenant_id": tenant_id, "idempotency_key": key.key}
        )
        row = await found.fetchone()
        assert row is not None
        if row["request_digest"] != key.request_digest:
            raise InputError(
                "this Idempotency-Key was used for another request",
                hint="give each request a key of its own, such as a random UUID",
                field="Idempotency-Key",
            )
        return _job(row)


async def show(pool: Pool, job_id: UUID, tenant_id: str) -> Job:
    """A tenant's job; `NotFound`, `StoreDown`."""
    row = await _one(pool, "show_job", {"job_id": job_id, "tenant_id": tenant_id})
    if row is None:
        raise NotFound(
            f"there is no job {job_id}", hint="the answer to the request that started it has its id"
        )
    return _job(row)


async def cancel(pool: Pool, job_id: UUID, tenant_id: str) -> Job:
    """Cancel a job; `NotFound`, `Conflict` where it is over or about to be, `StoreDown`."""
    row = await _one(pool, "cancel_job", {"job_id": job_id, "tenant_id": tenant_id})
    if row is not None:
        return _job(row)
    over = await show(pool, job_id, tenant_id)
    if over.status == "running":
        raise Conflict(
            f"the job {job_id} is at its last step, which is not given up any more",
            hint="wait for it to end; what it wrote can be deleted then",
        )
    raise Conflict(
        f"the job {job_id} is over: {over.status}", hint="only a queued or running job can be cancelled"
    )


async def start(pool: Pool, job_id: UUID) -> Job | None:
    """Begin a new attempt; None where the job is over already. Raises `StoreDown`."""
    row = await _one(pool, "start_job", {"job_id": job_id})
    return None if row is None else _job(row)


async def report(pool: Pool, job: Job, progress: Sequence[StageProgress]) -> bool:
    """Say how far this attempt is; False where it no longer counts and has to stop. Raises `StoreDown`."""
    return await _one(pool, "report_job", {**_attempt(job), "progress": _stages(progress)}) is not None


async def settle(pool: Pool, job: Job) -> bool:
    """Ask before a commit; False where the job was cancelled, or the attempt no longer counts. `StoreDown`."""
    return await _one(pool, "settle_job", _attempt(job)) is not None


async def requeue(pool: Pool, job: Job) -> None:
    """Give this attempt up: the queue will bring another. Raises `StoreDown`."""
    await _write(pool, "requeue_job", _attempt(job))


async def succeed(
    pool: Pool, job: Job, progress: Sequence[StageProgress], result: Mapping[str, Json]
) -> None:
    """End the job with its result, where this attempt still counts. Raises `StoreDown`."""
    values = {**_attempt(job), "progress": _stages(progress), "result": Jsonb(result)}
    await _write(pool, "succeed_job", values)


async def fail(pool: Pool, job: Job, error: Mapping[str, Json]) -> None:
    """End the job with a problem (RFC 9457), where this attempt still counts. Raises `StoreDown`."""
    await _write(pool, "fail_job", {**_attempt(job), "error": Jsonb(error)})


async def needed_uploads(pool: Pool) -> frozenset[str]:
    """The ids of the uploads that unfinished jobs read; `StoreDown`."""
    async with transaction(pool) as connection:
        rows = await (await connection.execute(sql("needed_uploads"))).fetchall()
    return frozenset(row["upload"] for row in rows)


async def unfinished_job(connection: Connection, tenant_id: str, masterplan_id: str) -> UUID | None:
    """The job that executes a plan and is not over, in the connection's transaction."""
    values = {"tenant_id": tenant_id, "masterplan_id": masterplan_id}
    row = await (await connection.execute(sql("unfinished_run"), values)).fetchone()
    return None if row is None else row["job_id"]


async def count_workers(pool: Pool, seconds: float) -> int:
    """How many workers gave a sign of life within so many seconds; `StoreDown`."""
    row = await _one(pool, "count_workers", {"seconds": seconds})
    assert row is not None
    return int(row["workers"])


async def _one(pool: Pool, name: str, values: Mapping[str, object]) -> DictRow | None:
    async with transaction(pool) as connection:
        return await (await connection.execute(sql(name), values)).fetchone()


async def _write(pool: Pool, name: str, values: Mapping[str, object]) -> None:
    async with transaction(pool) as connection:
        await connection.execute(sql(name), values)


def _attempt(job: Job) -> dict[str, object]:
    return {"job_id": job.job_id, "attempt": job.attempt}


def _stages(progress: Sequence[StageProgress]) -> Jsonb:
    return Jsonb([asdict(stage) for stage in progress])


def _job(row: DictRow) -> Job:
    return Job(
        job_id=row["job_id"],
        tenant_id=row["tenant_id"],
        kind=row["kind"],
        status=row["status"],
        attempt=row["attempt"],
        request=REQUEST.validate_python(row["request"]),
        progress=tuple(StageProgress(**stage) for stage in row["progress"]),
        result=row["result"],
        error=row["error"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from psycopg.errors import CheckViolation

from app.errors import Conflict, InputError, NotFound, StoreDown
from app.jobs import records as jobs
from app.jobs.records import IdempotencyKey, Job, StageProgress
from app.jobs.requests import BuildRequest, ImportRequest, JobRequest
from app.postgres.connect import Connection, Pool, connect, transaction

REQUEST = ImportRequest(name="shop", upload="a.zip", root="shop", include=("*.py",))


async def nowhere(connection: Connection, job_id: UUID, request: JobRequest, tenant: str) -> None:
    pass


async def submitted(pool: Pool, request: JobRequest = REQUEST, key: IdempotencyKey | None = None) -> Job:
    return await jobs.submit(pool, uuid4(), "default", request, key, nowhere)


async def started(pool: Pool) -> Job:
    job = await jobs.start(pool, (await submitted(pool)).job_id)
    assert job is not None
    return job


@pytest.mark.parametrize("request_", [REQUEST, BuildRequest("p1")])
async def test_a_job_comes_back_as_it_was_asked_for(pool: Pool, request_: JobRequest) -> None:
    job = await submitted(pool, request_)
    assert job.request == request_
    assert (job.status, job.attempt, job.progress, job.finished_at) == ("queued", 0, (), None)
    assert await jobs.show(pool, job.job_id, "default") == job


async def test_another_tenants_job_is_not_there(pool: Pool) -> None:
    job = await submitted(pool)
    with pytest.raises(NotFound):
        await jobs.show(pool, job.job_id, "other")
    with pytest.raises(NotFound):
        await jobs.cancel(pool, job.job_id, "other")


async def test_one_key_is_one_job_however_many_ask_at_once(pool: Pool) -> None:
    key = IdempotencyKey("k", "digest")
    found = await asyncio.gather(*(submitted(pool, key=key) for _ in range(8)))
    assert len({job.job_id for job in found}) == 1
    with pytest.raises(InputError) as refused:
        await submitted(pool, key=IdempotencyKey("k", "other digest"))
    assert refused.value.field == "Idempotency-Key"
    other = await jobs.submit(pool, uuid4(), "other", REQUEST, key, nowhere)
    assert other.job_id != found[0].job_id


async def test_a_job_that_cannot_be_queued_is_not_recorded(pool: Pool) -> None:
    job_id = uuid4()

    async def broken(connection: Connection, job_id: UUID, request: JobRequest, tenant: str) -> None:
        raise Conflict("no queue")

    with pytest.raises(Conflict):
        await jobs.submit(pool, job_id, "default", REQUEST, None, broken)
    with pytest.raises(NotFound):
        await jobs.show(pool, job_id, "default")


async def test_the_newest_attempt_alone_can_write(pool: Pool) -> None:
    first = await started(pool)
    second = await jobs.start(pool, first.job_id)
    assert second is not None
    assert second.attempt == 2
    stages = [StageProgress("files", 3, 10)]
    assert not await jobs.report(pool, first, stages)
    await jobs.succeed(pool, first, stages, {"atoms": 1})
    await jobs.fail(pool, first, {"detail": "old"})
    assert (await jobs.show(pool, first.job_id, "default")).status == "running"
    assert await jobs.report(pool, second, stages)
    await jobs.succeed(pool, second, stages, {"atoms": 2})
    over = await jobs.show(pool, first.job_id, "default")
    assert (over.status, over.result, over.progress) == ("succeeded", {"atoms": 2}, tuple(stages))
    assert over.finished_at is not None
    assert await jobs.start(pool, first.job_id) is None


async def test_a_job_at_its_last_step_is_not_cancelled_and_a_cancelled_one_does_not_get_there(
    pool: Pool,
) -> None:
    job = await started(pool)
    assert await jobs.settle(pool, job)
    with pytest.raises(Conflict, match="last step"):
        await jobs.cancel(pool, job.job_id, "default")
    await jobs.requeue(pool, job)
    assert (await jobs.cancel(pool, job.job_id, "default")).status == "cancelled"
    assert not await jobs.settle(pool, job)


async def test_a_cancelled_job_stays_cancelled(pool: Pool) -> None:
    job = await started(pool)
    assert (await jobs.cancel(pool, job.job_id, "default")).status == "cancelled"
    assert not await jobs.report(pool, job, [])
    await jobs.succeed(pool, job, [], {"atoms": 1})
    await jobs.requeue(pool, job)
    assert await jobs.start(pool, job.job_id) is None
    with pytest.raises(Conflict, match="cancelled"):
        await jobs.cancel(pool, job.job_id, "default")


async def test_uploads_are_needed_until_the_job_is_over(pool: Pool) -> None:
    job = await started(pool)
    await submitted(pool, BuildRequest("p1"))
    await submitted(pool, ImportRequest(name="by path", path="shop"))
    assert await jobs.needed_uploads(pool) == {"a.zip"}
    await jobs.requeue(pool, job)
    assert await jobs.needed_uploads(pool) == {"a.zip"}
    again = await jobs.start(pool, job.job_id)
    assert again is not None
    await jobs.fail(pool, again, {"detail": "broken"})
    assert await jobs.needed_uploads(pool) == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        b"UPDATE jobs SET status = 'done'",
        b"UPDATE jobs SET status = 'succeeded', finished_at = now()",
        b"UPDATE jobs SET status = 'failed', error = '{}'",
        b"UPDATE jobs SET finished_at = now()",
        b"UPDATE jobs SET idempotency_key = 'k'",
        b"UPDATE jobs SET kind = ''",
    ],
)
async def test_the_database_refuses_a_state_that_cannot_be(pool: Pool, change: bytes) -> None:
    await submitted(pool)
    with pytest.raises(CheckViolation):
        async with transaction(pool) as connection:
            await connection.execute(change)


async def test_where_nobody_answers_the_store_is_down() -> None:
    with pytest.raises(StoreDown):
        async with connect("postgresql://127.0.0.1:1/nothing"):
            pass
    with pytest.raises(InputError):
        async with connect("not an address"):
            pass

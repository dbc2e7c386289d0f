"""The queue and the worker on a real Postgres; what is worked at is played, and no Neo4j answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from neo4j import AsyncGraphDatabase

from app.errors import StoreDown
from app.graph.connect import Graph, Login
from app.jobs import records as jobs
from app.jobs.queue import Work, WorkAgain, enqueue, open_queue, work
from app.jobs.records import Job
from app.jobs.requests import BuildRequest, ImportRequest, JobRequest
from app.llm.recorded import RecordedProvider
from app.main import read_rules
from app.postgres.connect import Connection, Pool, transaction
from app.settings import Settings
from app.uploads.store import new_upload, upload_path
from app.worker.context import WorkerContext
from app.worker.run import run_job


async def submitted(pool: Pool, request: JobRequest, lock: str = "plan p1") -> Job:
    async with open_queue(pool) as queue:

        async def put(connection: Connection, job_id: UUID, request: JobRequest, tenant: str) -> None:
            await enqueue(queue, connection, job_id, lock)

        return await jobs.submit(pool, uuid4(), "default", request, None, put)


async def waiting(pool: Pool) -> int:
    async with transaction(pool) as connection:
        row = await (await connection.execute("SELECT count(*) AS n FROM procrastinate_jobs")).fetchone()
    assert row is not None
    return int(row["n"])


async def nothing() -> None:
    pass


@asynccontextmanager
async def working(pool: Pool, run: Work) -> AsyncIterator[None]:
    task = asyncio.create_task(work(pool, run, nothing))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def drained(pool: Pool) -> None:
    for _ in range(600):
        if await waiting(pool) == 0:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the queue is not empty after half a minute")


async def test_jobs_of_one_plan_never_run_at_once_and_leave_no_entry(pool: Pool) -> None:
    running: set[str] = set()
    ran: list[UUID] = []

    async def run(job_id: UUID) -> None:
        assert not running
        running.add("p1")
        await asyncio.sleep(0.05)
        running.clear()
        ran.append(job_id)

    asked = [(await submitted(pool, BuildRequest("p1"))).job_id for _ in range(3)]
    async with working(pool, run), working(pool, run):
        await drained(pool)
    assert ran == asked


async def test_a_job_that_asks_for_it_is_run_again(pool: Pool) -> None:
    tries = 0

    async def run(job_id: UUID) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise WorkAgain(0)

    await submitted(pool, BuildRequest("p1"))
    async with working(pool, run):
        await drained(pool)
    assert tries == 3


async def test_a_worker_that_stops_gives_its_job_to_the_next(pool: Pool) -> None:
    begun = asyncio.Event()

    async def slow(job_id: UUID) -> None:
        begun.set()
        await asyncio.sleep(60)

    async def quick(job_id: UUID) -> None:
        pass

    await submitted(pool, BuildRequest("p1"))
    async with working(pool, slow):
        await begun.wait()
    assert await waiting(pool) == 1
    async with working(pool, quick):
        await drained(pool)


async def test_a_dead_workers_job_is_run_by_another(pool: Pool) -> None:
    await submitted(pool, BuildRequest("p1"))
    async with transaction(pool) as connection:
        await connection.execute(
            "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) "
            "VALUES (now() - interval '1 minute') RETURNING id) "
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead)"
        )

    async def run(job_id: UUID) -> None:
        pass

    async with working(pool, run), working(pool, run):
        await drained(pool)


async def test_a_worker_that_loses_its_connections_says_so_or_goes_on(pool: Pool) -> None:
    async def run(job_id: UUID) -> None:
        pass

    task = asyncio.create_task(work(pool, run, nothing))
    await asyncio.sleep(0.5)
    async with transaction(pool) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await submitted(pool, BuildRequest("p1"))
    while await waiting(pool):
        if task.done():
            with pytest.raises(StoreDown):
                task.result()
            task = asyncio.create_task(work(pool, run, nothing))
        await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def place(pool: Pool, tmp_path: Path) -> AsyncIterator[WorkerContext]:
    """A worker's place, with a Neo4j that does not answer."""
    async with AsyncGraphDatabase.driver(
        "bolt://127.0.0.1:1", auth=("neo4j", "x"), max_transaction_retry_time=0.1
    ) as driver:
        yield WorkerContext(
            lambda: Graph(driver, Login("bolt://127.0.0.1:1", "neo4j", "x", "neo4j")),
            pool,
            read_rules(Settings()),
            tmp_path / "uploads",
            None,
            1,
            (),
            tmp_path / "memory",
            tmp_path / "workspaces",
            lambda tenant_id: 3,
            lambda name, answers: RecordedProvider(answers),
        )


async def test_a_job_waits_for_a_store_and_gives_up_in_the_end(place: WorkerContext, pool: Pool) -> None:
    job = await submitted(pool, BuildRequest("p1"))
    with pytest.raises(WorkAgain) as again:
        await run_job(place, job.job_id)
    assert again.value.seconds > 0
    assert (await jobs.show(pool, job.job_id, "default")).status == "queued"
    async with transaction(pool) as connection:
        await connection.execute("UPDATE jobs SET attempt = 7")
    await run_job(place, job.job_id)
    over = await jobs.show(pool, job.job_id, "default")
    assert over.status == "failed"
    assert over.error is not None
    assert over.error["type"] == "urn:mge:problem:store-down"
    await run_job(place, job.job_id)
    assert (await jobs.show(pool, job.job_id, "default")).attempt == 8


async def test_a_job_that_always_kills_its_worker_fails(place: WorkerContext, pool: Pool) -> None:
    job = await submitted(pool, BuildRequest("p1"))
    async with transaction(pool) as connection:
        await connection.execute("UPDATE jobs SET attempt = 8, status = 'running'")
    await run_job(place, job.job_id)
    over = await jobs.show(pool, job.job_id, "default")
    assert over.status == "failed"
    assert over.error is not None
    assert "8 times" in str(over.error["detail"])


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", b"\x1f\x8b broken"])
async def test_an_upload_goes_when_its_job_is_over(place: WorkerContext, pool: Pool, content: bytes) -> None:
    upload = new_upload(place.uploads, ".zip")
    kept = upload_path(place.uploads, upload)
    kept.write_bytes(content)
    job = await submitted(pool, ImportRequest(name="shop", upload=upload, root="shop"))
    await run_job(place, job.job_id)
    over = await jobs.show(pool, job.job_id, "default")
    assert over.status == "failed"
    assert over.error is not None
    assert over.error["type"] == "urn:mge:problem:source-refused"
    assert not kept.exists()


async def test_a_path_is_looked_at_again_when_its_turn_comes(place: WorkerContext, pool: Pool) -> None:
    job = await submitted(pool, ImportRequest(name="etc", path="/etc"))
    await run_job(place, job.job_id)
    over = await jobs.show(pool, job.job_id, "default")
    assert over.error is not None
    assert over.error["field"] == "path"

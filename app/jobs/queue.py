"""The queue of jobs in Postgres: what a worker should look at, and the workers that look.

A queued entry names a job and nothing else; it goes when the work ends, however it ends. An entry whose worker
gave no sign of life for a while is queued again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from app.errors import StoreDown

HEARTBEAT_SECONDS: Final = 3.0
STALLED_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 1.0  # a new job announces itself, one that is queued again does not
_GRACE_SECONDS: Final = 2.0
_CONCURRENCY: Final = 4  # a run waits for a model most of its time; it must not keep imports waiting
_TASK: Final = "run_job"
_TIDY: Final = "tidy"
_QUEUE: Final = "jobs"
_DAILY: Final = "17 3 * * *"
_AFTER_FAILURE_SECONDS: Final = 5

Tidy: TypeAlias = Callable[[], Awaitable[None]]

Work: TypeAlias = Callable[[UUID], Awaitable[None]]
"""Runs the job of that id. Raises `WorkAgain` where it has to be run once more."""


class WorkAgain(Exception):
    """The job was given up for now; it is to be run again after some seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue, reached through a pool of connections."""

    app: App


@asynccontextmanager
async def open_queue(pool: object) -> AsyncIterator[Queue]:
    """The queue that lives in the pool's database; the pool is the driver's and stays the caller's."""
    app = App(connector=PsycopgConnector())
    async with app.open_async(pool):
        yield Queue(app)


async def enqueue(queue: Queue, connection: object, job_id: UUID, lock: str) -> None:
    """Queue a job in the transaction of the driver's connection; no two jobs of one lock run at a time."""
    entry = queue.app.configure_task(_TASK, queue=_QUEUE, lock=lock, connection=connection)
    await entry.defer_async(job_id=str(job_id))


async def work(pool: object, run: Work, tidy: Tidy) -> None:
    """Run jobs, a few at a time, until cancelled; those under way are then given up and queued again.

    ``tidy`` is run now and once a day. Raises `StoreDown` where the queue cannot be reached any more.
    """

    async def run_job(job_id: str) -> None:
        await run(UUID(job_id))

    async def run_tidy(timestamp: int) -> None:
        await tidy()

    await tidy()
    async with open_queue(pool) as queue:
        queue.app.task(name=_TASK, queue=_QUEUE, retry=_Again())(run_job)
        # Also for procrastinate's sake: without a periodic task, its worker does not notice that
        # its heartbeat ended (3.10).
        daily = queue.app.task(name=_TIDY, queue=_QUEUE)(run_tidy)
        queue.app.periodic(cron=_DAILY)(daily)
        worker = asyncio.create_task(
            queue.app.run_worker_async(
                queues=[_QUEUE],
                install_signal_handlers=False,
                fetch_job_polling_interval=_POLL_SECONDS,
                shutdown_graceful_timeout=_GRACE_SECONDS,
                concurrency=_CONCURRENCY,
                delete_jobs="always",
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
            )
        )
        stalled = asyncio.create_task(_queue_stalled_again(queue))
        try:
            done, _ = await asyncio.wait({worker, stalled}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except ConnectorException as error:
            raise _down() from error
        finally:
            stalled.cancel()
            worker.cancel()
            await asyncio.gather(worker, stalled, return_exceptions=True)
    raise _down()


async def _queue_stalled_again(queue: Queue) -> None:
    while True:
        for job in await queue.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            # Another worker may have done it a moment ago.
            with suppress(ConnectorException):
                await queue.app.job_manager.retry_job(job)
        await asyncio.sleep(_LOOK_SECONDS)


class _Again(BaseRetryStrategy):
    """Every failure brings another attempt: a job that is over ends it, and the job counts its attempts."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        if isinstance(exception, WorkAgain):
            return RetryDecision(retry_in={"seconds": exception.seconds})
        stopping = isinstance(exception, asyncio.CancelledError)
        return RetryDecision(retry_in={"seconds": 0 if stopping else _AFTER_FAILURE_SECONDS})


def _down() -> StoreDown:
    return StoreDown("the queue in PostgreSQL does not answer", hint="check DATABASE_URL, and `mge status`")

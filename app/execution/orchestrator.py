"""Executes a plan unit by unit: what is ready starts, a few at once, until all is over or the run is stopped.

Every step is in the tables before the next one begins, so a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from app.errors import BudgetExceeded, MgeError, ModelError
from app.execution.mvp import Stopped
from app.execution.run import PlanRun
from app.execution.strategy import ExecutionStrategy, Verdict
from app.execution.testing import TestRun, test_findings
from app.model.plan import PlanStatus, SubtaskStatus, Task, TaskFinding, TaskStatus
from app.plans import tasks as steps
from app.plans.events import EventType
from app.plans.read import show_plan
from app.plans.search import index_files
from app.workspace.repository import commit, committed_tasks, restore, write_files

_LOOK_SECONDS: Final = 0.5
_OVER: Final = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.SKIPPED)


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended: tasks by status, and the tests at its end (None where it did not come to them)."""

    status: PlanStatus
    completed: int
    failed: int
    blocked: int
    retried: int
    tests: TestRun | None
    reason: str = ""


class ExecutionOrchestrator:
    """Executes one run's units by a strategy."""

    def __init__(self, run: PlanRun, strategy: ExecutionStrategy) -> None:
        self.run = run
        self.strategy = strategy
        self._trouble: MgeError | None = None

    async def execute(self) -> RunResult:
        """Execute what is not done; how it ended.

        Raises `ModelError` where the model's server does not answer and `StoreDown` where Postgres does not; what was done
        stays, and another run goes on from there.
        """
        run = self.run
        await self._reconcile()
        watcher = asyncio.create_task(self._watch())
        try:
            await self._execute_ready()
            tests = None
            if not run.stopping and self._trouble is None:
                tests = await self._final_tests()
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
        if self._trouble is not None:
            raise self._trouble
        return self._result(tests)

    async def _reconcile(self) -> None:
        """Make workspace and tables agree: a completed task whose commit is missing is written again."""
        run = self.run
        await steps.requeue_unfinished(run.pool, run.key)
        for task in run.ordered():
            if task.status not in _OVER:
                run.set_status(task.task_id, TaskStatus.PENDING)
        committed = await committed_tasks(run.workspace)
        for task in run.ordered():
            if task.status is TaskStatus.COMPLETED and task.task_id not in committed:
                await self._write_and_commit(run.tasks[task.task_id])

    async def _execute_ready(self) -> None:
        run = self.run
        running: dict[asyncio.Task[None], UUID] = {}
        try:
            while True:
                if not run.stopping and self._trouble is None:
                    for task_id in await steps.mark_ready(run.pool, run.key):
                        run.set_status(task_id, TaskStatus.READY)
                    ready = [t for t in run.ordered() if t.status is TaskStatus.READY]
                    for task in ready[: run.options.parallel_tasks - len(running)]:
                        run.set_status(task.task_id, TaskStatus.IN_PROGRESS)
                        running[asyncio.create_task(self._execute_task(task.task_id))] = task.task_id
                if not running:
                    return
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    self._settle(each, running.pop(each))
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _settle(self, ended: asyncio.Task[None], task_id: UUID) -> None:
        """Take up how a task's execution ended; the first trouble that concerns the whole run stops it."""
        error = ended.exception()
        if error is None:
            return
        if not isinstance(error, MgeError):
            raise error
        self._trouble = self._trouble or error
        self.run.stopping = True
        self.run.set_status(task_id, TaskStatus.PENDING)

    async def _execute_task(self, task_id: UUID) -> None:
        run = self.run
        await steps.start_task(run.pool, run.key, run.tasks[task_id])
        try:
            while not await self._try_task(task_id):
                pass
        except (Stopped, BudgetExceeded, ModelError) as stopped:
            await steps.requeue_task(run.pool, run.key, run.tasks[task_id])
            run.set_status(task_id, TaskStatus.PENDING)
            if not isinstance(stopped, Stopped):
                raise

    async def _try_task(self, task_id: UUID) -> bool:
        """One attempt at a task; whether the task is over."""
        run = self.run
        task = run.tasks[task_id]
        findings = tuple(await self.strategy.execute_unit(task))
        if findings:
            return await self._decide(task_id, Verdict(findings, ()))
        async with run.applying:
            await steps.start_validation(run.pool, run.key, run.tasks[task_id])
            verdict = await self.strategy.validate_unit(run.tasks[task_id])
            if verdict.passed:
                await self._complete(task_id, verdict)
                return True
            await restore(run.workspace)
        return await self._decide(task_id, verdict)

    async def _complete(self, task_id: UUID, verdict: Verdict) -> None:
        run = self.run
        task = run.tasks[task_id]
        made = await commit(run.workspace, f"{task.task_number}. {task.name}", task_id)
        await steps.complete_task(run.pool, run.key, task, verdict.files, made, verdict.logs)
        run.tasks[task_id] = replace(
            task, status=TaskStatus.COMPLETED, validation_errors=(), modified_files=verdict.files
        )
        if not run.verbatim:
            await index_files(run.pool, run.key, {path: run.file(path).text for path in verdict.files})

    async def _decide(self, task_id: UUID, verdict: Verdict) -> bool:
        """Let the parts that a verdict blames be written again, or fail the task; whether the task is over."""
        run = self.run
        task = run.tasks[task_id]
        owners = self._owners(verdict.findings)
        if any(run.tasks[owner].retry_count >= run.tasks[owner].max_retries for owner in owners):
            blocked = await steps.fail_task(run.pool, run.key, task, verdict.findings, verdict.logs)
            run.tasks[task_id] = replace(task, status=TaskStatus.FAILED, validation_errors=verdict.findings)
            for each in blocked:
                run.set_status(each, TaskStatus.BLOCKED)
            return True
        await self._reopen(task, verdict.findings, owners, verdict.logs)
        return False

    async def _reopen(
        self,
        task: Task,
        findings: Sequence[TaskFinding],
        owners: Sequence[UUID],
        logs: str,
        *,
        requeue: bool = False,
    ) -> None:
        run = self.run
        await steps.retry_parts(run.pool, run.key, task, findings, owners, logs, requeue=requeue)
        run.tasks[task.task_id] = replace(run.tasks[task.task_id], validation_errors=tuple(findings))
        for owner in owners:
            run.tasks[owner] = replace(run.tasks[owner], retry_count=run.tasks[owner].retry_count + 1)
        blamed = {finding.subtask_id for finding in findings}
        for owner in owners:
            for part in run.tasks[owner].subtasks:
                if part.subtask_id in blamed:
                    run.replace_subtask(owner, part.subtask_id, SubtaskStatus.PENDING, part.code)

    def _owners(self, findings: Sequence[TaskFinding]) -> list[UUID]:
        owner_of = {
            part.subtask_id: task.task_id for task in self.run.tasks.values() for part in task.subtasks
        }
        return list(dict.fromkeys(owner_of[finding.subtask_id] for finding in findings))

    async def _write_and_commit(self, task: Task) -> None:
        run = self.run
        paths = dict.fromkeys(part.target_file for part in task.subtasks if part.target_file)
        files = {path: run.file(path).text.encode("utf-8", errors="surrogatepass") for path in paths}
        await asyncio.to_thread(write_files, run.workspace, files)
        await commit(run.workspace, f"{task.task_number}. {task.name}", task.task_id)

    async def _final_tests(self) -> TestRun:
        """Run all tests; what they blame is written again, as long as there are retries left."""
        run = self.run
        while True:
            async with run.applying:
                tests = await test_findings(
                    run.workspace.root,
                    run.options.test_paths,
                    run.options.test_limits,
                    run.options.known_failures,
                )
            await steps.note_plan_event(run.pool, run.key, EventType.TESTS_RUN, tests.as_event())
            blamed = self._blamed(tests)
            if run.stopping or not blamed:
                return tests
            for owner, findings in blamed.items():
                await self._reopen(run.tasks[owner], findings, [owner], tests.logs, requeue=True)
                run.set_status(owner, TaskStatus.PENDING)
            await self._execute_ready()
            if self._trouble is not None:
                return tests

    def _blamed(self, tests: TestRun) -> dict[UUID, list[TaskFinding]]:
        """The completed tasks that failing tests lead to and that may be tried again, with what was found."""
        run = self.run
        blamed: dict[UUID, list[TaskFinding]] = {}
        for found in tests.findings:
            owner = run.file(found.path).owner_of(found.line) if run.writers_of(found.path) else None
            if owner is None:
                continue
            task = run.tasks[owner.task_id]
            if task.status is TaskStatus.COMPLETED and task.retry_count < task.max_retries:
                finding = TaskFinding(
                    owner.subtask_id, found.kind.value, found.path, found.line, found.message
                )
                blamed.setdefault(owner.task_id, []).append(finding)
        return blamed

    async def _watch(self) -> None:
        """Stop the run when the plan is paused or cancelled, by whoever."""
        run = self.run
        while not run.stopping:
            await asyncio.sleep(_LOOK_SECONDS)
            with suppress(MgeError):
                plan = await show_plan(run.pool, run.key.masterplan_id, run.key.tenant_id)
                if plan.status is not PlanStatus.IN_PROGRESS:
                    run.stopping = True

    def _result(self, tests: TestRun | None) -> RunResult:
        run = self.run
        statuses = [task.status for task in run.tasks.values()]
        done = all(status in (TaskStatus.COMPLETED, TaskStatus.SKIPPED) for status in statuses)
        passed = tests is not None and not tests.failed
        status = PlanStatus.COMPLETED if done and passed else PlanStatus.FAILED
        return RunResult(
            PlanStatus.PAUSED if run.stopping else status,
            statuses.count(TaskStatus.COMPLETED),
            statuses.count(TaskStatus.FAILED),
            statuses.count(TaskStatus.BLOCKED),
            sum(task.retry_count for task in run.tasks.values()),
            tests,
        )

"""What a run does to tasks: each step is one transaction, with its event in the plan's history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from app.errors import Conflict, NotFound
from app.model.plan import ExecutionMode, PlanStatus, Subtask, Task, TaskFinding, TaskStatus
from app.model.prompt import Completion, Prompt
from app.plans.events import EventType, note_event
from app.plans.read import lock_plan
from app.plans.rows import subtask_of, task_of
from app.plans.statements import sql
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.rows import as_jsonb, execute, fetch_all, fetch_one

_RUNNABLE = (TaskStatus.PENDING, TaskStatus.READY)
_OPEN = (TaskStatus.PENDING, TaskStatus.READY, TaskStatus.IN_PROGRESS, TaskStatus.VALIDATING)
_SHOWN_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class PlanKey:
    """A tenant's plan, and who works at it."""

    masterplan_id: UUID
    tenant_id: str
    actor: str

    def values(self) -> dict[str, object]:
        """The parameters that bound a statement to the plan."""
        return {"masterplan_id": self.masterplan_id, "tenant_id": self.tenant_id}


@dataclass(frozen=True, slots=True)
class RunFacts:
    """How a plan is executed: ``workspace_path`` is relative to the folder of workspaces."""

    execution_mode: ExecutionMode
    provider: str
    llm_model: str
    simulated: bool
    workspace_path: str


async def note_run(pool: Pool, key: PlanKey, run: RunFacts) -> None:
    """Note how a plan is executed from now on; `StoreDown`."""
    async with transaction(pool) as connection:
        await execute(connection, sql("set_run"), {**key.values(), **asdict(run)})


async def requeue_unfinished(pool: Pool, key: PlanKey) -> None:
    """Let tasks that an earlier run left unfinished or blocked wait again; `StoreDown`."""
    async with transaction(pool) as connection:
        await execute(connection, sql("requeue_tasks"), key.values())


async def mark_ready(pool: Pool, key: PlanKey) -> tuple[UUID, ...]:
    """Mark waiting tasks whose dependencies are all completed as ready, and return them; `StoreDown`."""
    async with transaction(pool) as connection:
        rows = await fetch_all(connection, sql("mark_ready"), key.values())
    return tuple(row["task_id"] for row in rows)


async def start_task(pool: Pool, key: PlanKey, task: Task) -> None:
    """Begin a task; `Conflict` where somebody else did, `StoreDown`."""
    async with transaction(pool) as connection:
        await lock_plan(connection, key.masterplan_id, key.tenant_id)
        await _move(connection, key, task.task_id, TaskStatus.IN_PROGRESS, _RUNNABLE)
        await _note(connection, key, task, EventType.TASK_STARTED, {"attempt": task.retry_count + 1})


async def keep_part(
    pool: Pool, key: PlanKey, task: Task, subtask: Subtask, code: str, prompt: Prompt, completion: Completion
) -> None:
    """Keep what a subtask wrote, and what its answer was and cost; `StoreDown`."""
    async with transaction(pool) as connection:
        await lock_plan(connection, key.masterplan_id, key.tenant_id)
        await execute(
            connection,
            sql("set_subtask_code"),
            {"subtask_id": subtask.subtask_id, "tenant_id": key.tenant_id, "code": code},
        )
        await note_answer(connection, key, task, prompt, completion)
        await _note(
            connection,
            key,
            task,
            EventType.SUBTASK_WRITTEN,
            {
                "subtask_number": subtask.subtask_number,
                "attempt": prompt.attempt,
                "tokens_input": completion.usage.input + completion.usage.cache_read,
                "tokens_output": completion.usage.output,
                "seconds": round(completion.seconds, 2),
                "cost_usd": str(completion.cost_usd),
                "reused": completion.reused,
                "simulated": completion.simulated,
            },
        )


async def note_answer(
    connection: Connection, key: PlanKey, task: Task, prompt: Prompt, completion: Completion
) -> None:
    """Add an answer to its task in the connection's transaction."""
    await execute(
        connection,
        sql("note_answer"),
        {
            "task_id": task.task_id,
            "tenant_id": key.tenant_id,
            "llm_model": completion.model,
            "llm_prompt": f"{prompt.system}\n\n{prompt.user}",
            "llm_response": completion.text,
        },
    )


async def start_validation(pool: Pool, key: PlanKey, task: Task) -> None:
    """Note that a task's files are being checked; `StoreDown`."""
    async with transaction(pool) as connection:
        await lock_plan(connection, key.masterplan_id, key.tenant_id)
        await _move(connection, key, task.task_id, TaskStatus.VALIDATING, _OPEN)


async def complete_task(
    pool: Pool, key: PlanKey, task: Task, files: Sequence[str], commit: str, logs: str
) -> None:
    """End a task whose files passed their checks and are committed; `StoreDown`."""
    async with transaction(pool) as connection:
        await lock_plan(connection, key.masterplan_id, key.tenant_id)
        await _note_validation(connection, key, task, True, (), files, logs)
        await _move(connection, key, task.task_id, TaskStatus.COMPLETED, _OPEN)
        await _note(connection, key, task, EventType.TASK_COMPLETED, {"commit": commit, "files": list(files)})


async def retry_parts(
    pool: Pool,
    key: PlanKey,
    task: Task,
    findings: Sequence[TaskFinding],
    owners: Collection[UUID],
    logs: str,
    *,
    requeue: bool = False,
) -> None:
    """Let the parts that findings name be written again: a retry of each of their tasks.

    ``requeue``: the task is over, and waits again. Raises `StoreDown`.
    """
    async with transaction(pool) as connection:
        await lock_plan(connection, key.masterplan_id, key.tenant_id)
        await _note_validation(connection, key, task, False, findings, (), logs)
        for owner in owners:
            await execute(connection, sql("count_retry"), {"task_id": owner, "tenant_id": key.tenant_id})
        guilty = list({finding.subtask_id for finding in findings})
        await execute(connection, sql("reset_subtasks"), {"subtask_ids": guilty, "tenant_id": key.tenant_id})
        if requeue:
            await _move(connection, key, task.task_id, TaskStatus.PENDING, (TaskStatus.COMPLETED,))
        await _note(
            connection,
            key,
            task,
            EventType.TASK_RETRIED,
            {"findings": _shown(findings), "blamed": _blamed(findings)},
        )


async def fail_task(
    pool: Pool, key: PlanKey, task: Task, findings: Sequence[TaskFinding], logs: str
) -> tuple[UUID, ...]:
    """End a task that did not pass, and block what depends on it; the blocked tasks. Raises `StoreDown`."""
    async with transaction(pool) as connection:
        await lock_plan(connection, key.masterplan_id, key.tenant_id)
        await _note_validation(connection, key, task, False, findings, (), logs)
        await _move(connection, key, task.task_id, TaskStatus.FAILED, (*_OPEN, TaskStatus.COMPLETED))
        rows = await fetch_all(
            connection, sql("block_dependents"), {"task_id": task.task_id, "tenant_id": key.tenant_id}
        )
        blocked = tuple(row["task_id"] for row in rows)
        await _note(
            connection,
            key,
            task,
            EventType.TASK_FAILED,
            {
                "findings": _shown(findings),
                "blamed": _blamed(findings),
                "blocked": [str(each) for each in blocked],
            },
        )
    return blocked


async def requeue_task(pool: Pool, key: PlanKey, task: Task) -> None:
    """Give a task up for now: it waits again, and keeps what its subtasks wrote; `StoreDown`."""
    async with transaction(pool) as connection:
        await lock_plan(connection, key.masterplan_id, key.tenant_id)
        await _move(connection, key, task.task_id, TaskStatus.PENDING, _OPEN)


async def note_plan_event(pool: Pool, key: PlanKey, event: EventType, data: dict[str, object]) -> None:
    """Add an event about the whole plan; `StoreDown`."""
    async with transaction(pool) as connection:
        await note_event(connection, key.masterplan_id, key.tenant_id, event, data, actor=key.actor)


async def retry_task(pool: Pool, tenant_id: str, task_id: UUID, *, actor: str) -> Task:
    """Let a failed or completed task be done again: all its subtasks are written again in the plan's next run.

    Raises `Conflict` where the plan is running or the task is not over, `NotFound`, `StoreDown`.
    """
    values = {"task_id": task_id, "tenant_id": tenant_id}
    async with transaction(pool) as connection:
        row = await fetch_one(connection, sql("show_task"), values)
        if row is None:
            raise NotFound(
                f"there is no task {task_id}", hint="GET /api/v1/masterplan/{id} lists a plan's tasks"
            )
        plan = await lock_plan(connection, row["masterplan_id"], tenant_id)
        if plan.status is PlanStatus.IN_PROGRESS:
            raise Conflict("the plan is running", hint="pause it, retry the task, and run it again")
        subtasks = tuple(map(subtask_of, await fetch_all(connection, sql("subtasks_of_task"), values)))
        task = task_of(row, subtasks)
        if task.status not in (
            TaskStatus.FAILED,
            TaskStatus.COMPLETED,
            TaskStatus.BLOCKED,
            TaskStatus.SKIPPED,
        ):
            raise Conflict(f"the task is {task.status}", hint="only a task that is over is retried")
        await execute(connection, sql("grant_retry"), values)
        await execute(connection, sql("count_retry"), values)
        await execute(
            connection,
            sql("reset_subtasks"),
            {"subtask_ids": [each.subtask_id for each in subtasks], "tenant_id": tenant_id},
        )
        key = PlanKey(plan.masterplan_id, tenant_id, actor)
        await _note(connection, key, task, EventType.TASK_REQUEUED, {"was": task.status.value})
    return task


async def _move(
    connection: Connection, key: PlanKey, task_id: UUID, status: TaskStatus, among: Sequence[TaskStatus]
) -> None:
    values = {
        "task_id": task_id,
        "tenant_id": key.tenant_id,
        "status": status.value,
        "among": [each.value for each in among],
    }
    if await fetch_one(connection, sql("set_task_status"), values) is None:
        raise Conflict(
            f"the task {task_id} is no longer as this run left it",
            hint="another run or a person changed it; start the run again",
        )


async def _note(
    connection: Connection, key: PlanKey, task: Task, event: EventType, data: dict[str, object]
) -> None:
    named = {"task_number": task.task_number, "name": task.name, **data}
    await note_event(
        connection, key.masterplan_id, key.tenant_id, event, named, actor=key.actor, task_id=task.task_id
    )


async def _note_validation(
    connection: Connection,
    key: PlanKey,
    task: Task,
    passed: bool,
    findings: Sequence[TaskFinding],
    files: Sequence[str],
    logs: str,
) -> None:
    errors = [{**asdict(each), "subtask_id": str(each.subtask_id)} for each in findings[:_SHOWN_FINDINGS]]
    await execute(
        connection,
        sql("note_validation"),
        {
            "task_id": task.task_id,
            "tenant_id": key.tenant_id,
            "validation_passed": passed,
            "validation_errors": as_jsonb(errors),
            "validation_logs": logs,
            "last_error": "" if passed or not findings else str(findings[0]),
            "modified_files": list(files),
        },
    )


def _shown(findings: Sequence[TaskFinding]) -> list[str]:
    return [str(each) for each in findings[:_SHOWN_FINDINGS]]


def _blamed(findings: Sequence[TaskFinding]) -> dict[str, str]:
    """The subtasks that findings are about, each with the kind of the first."""
    return {str(each.subtask_id): each.kind for each in reversed(findings)}

"""Writing plans: a document becomes rows, as a new plan or as the next version of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from app.errors import Conflict, InputError
from app.model.plan import PlanSource, PlanStatus
from app.plans.document import PlanDocument, TaskDocument
from app.plans.events import EventType, note_event
from app.plans.findings import MAX_TASKS, Finding, find_faults
from app.plans.markdown import as_markdown
from app.plans.read import lock_plan
from app.plans.statements import sql
from app.postgres.connect import Connection, Pool, transaction
from app.postgres.rows import as_jsonb, execute, execute_many, fetch_one

_SHOWN_FAULTS: Final = 10
_EDITABLE: Final = (PlanStatus.DRAFT, PlanStatus.APPROVED, PlanStatus.REJECTED)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose plan it is, and who acts: ``actor`` is how the history names them."""

    tenant_id: str
    user_id: UUID
    session_id: UUID
    actor: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plan comes from, and what making it has cost."""

    source: PlanSource
    discovery_id: UUID | None = None
    derived_from: str | None = None
    llm_model: str = ""
    provider: str = ""
    simulated: bool = False
    generation_cost_usd: Decimal = Decimal(0)
    generation_tokens: int = 0
    budget_usd: Decimal | None = None


async def create_plan(
    pool: Pool, document: PlanDocument, owner: Owner, origin: Origin, masterplan_id: UUID | None = None
) -> UUID:
    """Keep a new plan as a draft, with its first version and the answers it brings; its id.

    Raises `InputError` for a plan with faults, `StoreDown`.
    """
    refuse_faults(document, None if origin.source == PlanSource.DERIVED else MAX_TASKS)
    masterplan_id = masterplan_id or uuid4()
    async with transaction(pool) as connection:
        await execute(
            connection,
            sql("insert_plan"),
            {
                "masterplan_id": masterplan_id,
                "tenant_id": owner.tenant_id,
                "discovery_id": origin.discovery_id,
                "session_id": owner.session_id,
                "user_id": owner.user_id,
                "source": origin.source.value,
                "derived_from": origin.derived_from,
                "estimated_cost_usd": None,
                "estimated_duration_minutes": None,
                "budget_usd": origin.budget_usd,
                "llm_model": origin.llm_model,
                "provider": origin.provider,
                "simulated": origin.simulated,
                "generation_cost_usd": origin.generation_cost_usd,
                "generation_tokens": origin.generation_tokens,
                "workspace_path": None,
                **_content(document),
            },
        )
        await _insert_parts(connection, masterplan_id, owner.tenant_id, document)
        await _keep_version(connection, masterplan_id, owner, document, 1, "first version")
        await note_event(
            connection,
            masterplan_id,
            owner.tenant_id,
            EventType.PLAN_CREATED,
            {"source": origin.source.value, "tasks": len(document.tasks()), "simulated": origin.simulated},
            actor=owner.actor,
        )
    return masterplan_id


async def keep_discovery(
    pool: Pool,
    owner: Owner,
    user_request: str,
    found: Mapping[str, object],
    *,
    llm_model: str,
    llm_cost_usd: Decimal,
    simulated: bool,
) -> UUID:
    """Keep a discovery document, whose domain and lists are ``found``; its id. Raises `StoreDown`."""
    discovery_id = uuid4()
    values = {name: as_jsonb(value) if isinstance(value, list) else value for name, value in found.items()}
    async with transaction(pool) as connection:
        await execute(
            connection,
            sql("insert_discovery"),
            {
                **values,
                "discovery_id": discovery_id,
                "tenant_id": owner.tenant_id,
                "session_id": owner.session_id,
                "user_id": owner.user_id,
                "user_request": user_request,
                "llm_model": llm_model,
                "llm_cost_usd": llm_cost_usd,
                "simulated": simulated,
            },
        )
    return discovery_id


async def replace_plan(
    pool: Pool, masterplan_id: UUID, document: PlanDocument, owner: Owner, change: str
) -> int:
    """Make a document the next version of a plan, which becomes a draft again; the version's number.

    Raises `InputError` for a plan with faults, `Conflict` where it has begun to run, `NotFound`, `StoreDown`.
    """
    async with transaction(pool) as connection:
        plan = await lock_plan(connection, masterplan_id, owner.tenant_id)
        refuse_faults(document, None if plan.source == PlanSource.DERIVED else MAX_TASKS)
        if plan.status not in _EDITABLE:
            raise Conflict(
                f"the plan is {plan.status}, and is not edited any more",
                hint="export it, edit the file, and import it as a new plan",
            )
        key = {"masterplan_id": masterplan_id, "tenant_id": owner.tenant_id}
        row = await fetch_one(connection, sql("update_plan_content"), {**key, **_content(document)})
        assert row is not None
        await execute(connection, sql("delete_parts"), key)
        await execute(connection, sql("delete_recorded_answers"), key)
        await _insert_parts(connection, masterplan_id, owner.tenant_id, document)
        await _keep_version(connection, masterplan_id, owner, document, row["version"], change)
        await note_event(
            connection,
            masterplan_id,
            owner.tenant_id,
            EventType.PLAN_EDITED,
            {"version": row["version"], "change": change},
            actor=owner.actor,
        )
    return int(row["version"])


async def delete_plan(pool: Pool, masterplan_id: UUID, tenant_id: str) -> str | None:
    """Delete a plan with everything in it; the workspace that it had. `NotFound`, `Conflict`, `StoreDown`."""
    async with transaction(pool) as connection:
        plan = await lock_plan(connection, masterplan_id, tenant_id)
        if plan.status == PlanStatus.IN_PROGRESS:
            raise Conflict("the plan is running", hint="`mge plan cancel PLAN` stops it")
        key = {"masterplan_id": masterplan_id, "tenant_id": tenant_id}
        await execute(connection, sql("delete_plan"), key)
    return plan.workspace_path


def refuse_faults(document: PlanDocument, max_tasks: int | None = MAX_TASKS) -> None:
    """Raise `InputError` with the faults of a plan that has some."""
    faults: Sequence[Finding] = find_faults(document, max_tasks=max_tasks)
    if faults:
        more = f" (and {len(faults) - _SHOWN_FAULTS} more)" if len(faults) > _SHOWN_FAULTS else ""
        raise InputError(
            f"the plan cannot be executed: {'; '.join(map(str, faults[:_SHOWN_FAULTS]))}{more}",
            hint="put these right and give it again",
            field="phases",
        )


def _content(document: PlanDocument) -> dict[str, object]:
    tasks = document.tasks()
    return {
        "project_name": document.project_name,
        "description": document.description,
        "tech_stack": as_jsonb(document.tech_stack),
        "architecture_style": document.architecture_style,
        "calculated_task_count": len(tasks),
        "complexity_metrics": as_jsonb(Counter(task.complexity.value for task in tasks)),
        "task_breakdown": as_jsonb(Counter(task.task_type.value for task in tasks)),
        "parallelization_level": _widest_level(tasks),
        "calculation_rationale": document.calculation_rationale,
        "markdown_content": as_markdown(document),
    }


def _widest_level(tasks: Sequence[TaskDocument]) -> int:
    """How many tasks can run at once, if each starts as early as it may."""
    needs = {task.number: task.depends_on for task in tasks}
    level: dict[int, int] = {}
    pending = list(needs)
    while pending:
        ready = [number for number in pending if all(other in level for other in needs[number])]
        for number in ready:
            level[number] = 1 + max((level[other] for other in needs[number]), default=0)
        pending = [number for number in pending if number not in level]
    return max(Counter(level.values()).values(), default=1)


async def _insert_parts(
    connection: Connection, masterplan_id: UUID, tenant_id: str, document: PlanDocument
) -> None:
    shared = {"tenant_id": tenant_id, "masterplan_id": masterplan_id}
    milestone_ids = {milestone.number: uuid4() for milestone in document.milestones()}
    task_ids = {task.number: uuid4() for task in document.tasks()}
    blocks: dict[int, list[str]] = {}
    for task in document.tasks():
        for other in task.depends_on:
            blocks.setdefault(other, []).append(str(task_ids[task.number]))
    phase_rows: list[dict[str, object]] = []
    milestone_rows: list[dict[str, object]] = []
    task_rows: list[dict[str, object]] = []
    subtask_rows: list[dict[str, object]] = []
    for phase_number, phase in enumerate(document.phases, 1):
        phase_id = uuid4()
        phase_rows.append(
            {
                **shared,
                "phase_id": phase_id,
                "phase_type": phase.phase_type.value,
                "phase_number": phase_number,
                "name": phase.name,
                "description": phase.description,
            }
        )
        for milestone in phase.milestones:
            milestone_rows.append(
                {
                    **shared,
                    "milestone_id": milestone_ids[milestone.number],
                    "phase_id": phase_id,
                    "milestone_number": milestone.number,
                    "name": milestone.name,
                    "description": milestone.description,
                    "depends_on_milestones": [milestone_ids[number] for number in milestone.depends_on],
                }
            )
            for task in milestone.tasks:
                task_rows.append(_task_row(task, milestone_ids[milestone.number], task_ids, blocks))
                subtask_rows += _subtask_rows(task, task_ids[task.number])
    await execute_many(connection, sql("insert_phase"), phase_rows)
    await execute_many(connection, sql("insert_milestone"), milestone_rows)
    await execute(connection, sql("insert_tasks"), {**shared, "rows": as_jsonb(task_rows)})
    await execute(connection, sql("insert_subtasks"), {**shared, "rows": as_jsonb(subtask_rows)})
    if document.recorded_answers:
        answers = [answer.model_dump() for answer in document.recorded_answers]
        await execute(connection, sql("insert_recorded_answers"), {**shared, "rows": as_jsonb(answers)})


def _task_row(
    task: TaskDocument, milestone_id: UUID, task_ids: dict[int, UUID], blocks: dict[int, list[str]]
) -> dict[str, object]:
    return {
        "task_id": str(task_ids[task.number]),
        "milestone_id": str(milestone_id),
        "task_number": task.number,
        "name": task.name,
        "description": task.description,
        "complexity": task.complexity.value,
        "task_type": task.task_type.value,
        "depends_on_tasks": [str(task_ids[number]) for number in dict.fromkeys(task.depends_on)],
        "blocks_tasks": blocks.get(task.number, []),
        "target_files": list(dict.fromkeys(task.target_files)),
    }


def _subtask_rows(task: TaskDocument, task_id: UUID) -> list[dict[str, object]]:
    """A task's subtasks; a task without any is one subtask for each file that it writes."""
    given = [(part.name, part.description, part.target_file) for part in task.subtasks]
    given = given or [(task.name, task.description, path) for path in task.target_files]
    first = task.target_files[0] if task.target_files else ""
    return [
        {
            "subtask_id": str(uuid4()),
            "task_id": str(task_id),
            "subtask_number": number,
            "name": name,
            "description": description,
            "target_file": path or first,
        }
        for number, (name, description, path) in enumerate(given, 1)
    ]


async def _keep_version(
    connection: Connection,
    masterplan_id: UUID,
    owner: Owner,
    document: PlanDocument,
    number: int,
    change: str,
) -> None:
    await execute(
        connection,
        sql("insert_version"),
        {
            "version_id": uuid4(),
            "tenant_id": owner.tenant_id,
            "masterplan_id": masterplan_id,
            "version_number": number,
            "change_description": change,
            "snapshot": as_jsonb(document.model_dump(mode="json")),
            "created_by": owner.actor,
        },
    )

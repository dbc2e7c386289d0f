"""Masterplans for tests, put into the tables by plain SQL as a person in psql would."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import LiteralString
from uuid import UUID, uuid4

from app.graph.connect import Graph
from app.postgres.connect import Pool, transaction
from app.sync.applier import apply_batch


@dataclass(slots=True)
class MadePlan:
    """A plan that was put into the tables, with the ids of its parts in their order."""

    tenant_id: str
    masterplan_id: UUID = field(default_factory=uuid4)
    phases: list[UUID] = field(default_factory=list)
    milestones: list[UUID] = field(default_factory=list)
    tasks: list[UUID] = field(default_factory=list)
    subtasks: list[UUID] = field(default_factory=list)

    @property
    def plan_id(self) -> str:
        return str(self.masterplan_id)


async def sql(pool: Pool, statement: LiteralString, *values: object) -> list[dict[str, object]]:
    """Run a statement in a transaction of its own."""
    async with transaction(pool) as connection:
        cursor = await connection.execute(statement, values)
        return await cursor.fetchall() if cursor.description else []


async def make_plan(
    pool: Pool, tenant_id: str, *, tasks: int = 6, subtasks: int = 2, name: str = "shop"
) -> MadePlan:
    """Three phases; a milestone for each three tasks; each task needs the one before and the one three before."""
    plan = MadePlan(tenant_id)
    rows: list[tuple[object, ...]] = []
    async with transaction(pool) as connection:
        await connection.execute(
            "INSERT INTO masterplans (masterplan_id, tenant_id, session_id, user_id, project_name, tech_stack, "
            "estimated_cost_usd, markdown_content) VALUES (%s, %s, %s, %s, %s, '{\"python\": [3, 11]}', 1.25, 'long')",
            (plan.masterplan_id, tenant_id, uuid4(), uuid4(), name),
        )
        for number, phase_type in enumerate(("setup", "core", "polish"), 1):
            plan.phases.append(uuid4())
            await connection.execute(
                "INSERT INTO masterplan_phases (phase_id, tenant_id, masterplan_id, phase_type, phase_number, name) "
                "VALUES (%s, %s, %s, %s, %s, %s)",
                (plan.phases[-1], tenant_id, plan.masterplan_id, phase_type, number, phase_type),
            )
        for number in range(-(-tasks // 3)):
            plan.milestones.append(uuid4())
            await connection.execute(
                "INSERT INTO masterplan_milestones (milestone_id, tenant_id, masterplan_id, phase_id, "
                "milestone_number, name, depends_on_milestones) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (
                    plan.milestones[-1],
                    tenant_id,
                    plan.masterplan_id,
                    plan.phases[number % 3],
                    number + 1,
                    f"milestone {number + 1}",
                    plan.milestones[-2:-1],
                ),
            )
        plan.tasks = [uuid4() for _ in range(tasks)]
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO masterplan_tasks (task_id, tenant_id, masterplan_id, milestone_id, task_number, name, "
                "depends_on_tasks, target_files) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (
                        task,
                        tenant_id,
                        plan.masterplan_id,
                        plan.milestones[number // 3],
                        number + 1,
                        f"task {number + 1}",
                        [plan.tasks[number - back] for back in (1, 3) if number >= back],
                        [f"src/part_{number}.py", "README.md"],
                    )
                    for number, task in enumerate(plan.tasks)
                ],
            )
            for task in plan.tasks:
                for number in range(subtasks):
                    plan.subtasks.append(uuid4())
                    rows.append(
                        (
                            plan.subtasks[-1],
                            tenant_id,
                            plan.masterplan_id,
                            task,
                            number + 1,
                            f"part {number + 1}",
                        )
                    )
            await cursor.executemany(
                "INSERT INTO masterplan_subtasks (subtask_id, tenant_id, masterplan_id, task_id, subtask_number, "
                "name) VALUES (%s, %s, %s, %s, %s, %s)",
                rows,
            )
    return plan


async def drain(pool: Pool, graph: Graph, limit: int = 1_000) -> int:
    """Apply all that there is; how many entries of the outbox that were."""
    rows = 0
    while done := (await apply_batch(pool, graph, limit)).rows:
        rows += done
    return rows

"""Changes that a person could make to either store behind the sync layer's back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Final, LiteralString, TypeAlias
from uuid import UUID, uuid4

from app.graph.connect import Graph
from app.graph.queries import Value
from app.postgres.connect import Pool, transaction
from tests.integration.graph.plans import change
from tests.integration.sync.plans import MadePlan


@dataclass(slots=True)
class Stores:
    """Both stores, two plans that are in both, and where chance comes from."""

    pool: Pool
    graph: Graph
    plan: MadePlan
    other: MadePlan
    random: Random

    def any_part(self) -> UUID:
        """A part below the plan, each kind as likely as any other."""
        plan = self.plan
        return self.random.choice(
            self.random.choice([plan.phases, plan.milestones, plan.tasks, plan.subtasks])
        )

    async def sql(self, statement: LiteralString, *values: object) -> None:
        """Change rows without the triggers, as a restored backup would."""
        async with transaction(self.pool) as connection:
            await connection.execute("SET LOCAL session_replication_role = replica")
            cursor = await connection.execute(statement, values)
            assert cursor.rowcount > 0, statement

    async def cypher(self, statement: LiteralString, **parameters: Value) -> None:
        """Change the graph."""
        await change(self.graph, statement, **parameters)

    async def on_node(self, rest: LiteralString, part: UUID | None = None, **parameters: Value) -> str:
        """Do something with the node ``n`` of a part; the part's id."""
        id_ = str(part or self.any_part())
        await self.cypher(
            "MATCH (n:Plan|Phase|Milestone|Task|Subtask) "
            "WHERE $id IN [n.phase_id, n.milestone_id, n.task_id, n.subtask_id] OR n:Plan AND n.plan_id = $id "
            + rest,
            id=id_,
            **parameters,
        )
        return id_


Change: TypeAlias = Callable[[Stores], Awaitable[str]]
"""Makes a change, and returns the id of a part that must be found to differ."""


async def node_deleted(stores: Stores) -> str:
    return await stores.on_node("DETACH DELETE n")


async def plan_node_deleted(stores: Stores) -> str:
    return await stores.on_node("DETACH DELETE n", stores.plan.masterplan_id)


async def name_changed(stores: Stores) -> str:
    return await stores.on_node("SET n.name = $name", name=f"name {stores.random.random()}")


async def plan_property_changed(stores: Stores) -> str:
    return await stores.on_node("SET n.status = 'completed', n.tenant_id = 'x'", stores.plan.masterplan_id)


async def plan_property_added(stores: Stores) -> str:
    return await stores.on_node("SET n.colour = 'red'", stores.plan.masterplan_id)


async def money_changed(stores: Stores) -> str:
    return await stores.on_node(
        "SET n.llm_cost_usd = n.llm_cost_usd + 0.00000001", stores.random.choice(stores.plan.tasks)
    )


async def number_made_float(stores: Stores) -> str:
    return await stores.on_node("SET n.retry_count = 0.0", stores.random.choice(stores.plan.tasks))


async def time_made_text(stores: Stores) -> str:
    return await stores.on_node("SET n.created_at = toString(n.created_at)")


async def time_moved(stores: Stores) -> str:
    return await stores.on_node("SET n.updated_at = n.updated_at + duration({nanoseconds: 1})")


async def list_changed(stores: Stores) -> str:
    return await stores.on_node(
        "SET n.target_files = [file IN n.target_files WHERE file <> 'README.md'] + ['README.md', 'x']",
        stores.random.choice(stores.plan.tasks),
    )


async def property_removed(stores: Stores) -> str:
    return await stores.on_node("REMOVE n.name")


async def property_added(stores: Stores) -> str:
    return await stores.on_node("SET n.remark = 'by hand'")


async def version_raised(stores: Stores) -> str:
    return await stores.on_node("SET n.row_version = 1000, n.name = 'newer'")


async def moved_to_no_plan(stores: Stores) -> str:
    return await stores.on_node("REMOVE n.plan_id")


async def moved_to_a_foreign_plan(stores: Stores) -> str:
    return await stores.on_node("SET n.plan_id = $plan", plan=stores.other.plan_id)


async def key_changed(stores: Stores) -> str:
    return await stores.on_node(
        "SET n.task_id = $mine", stores.random.choice(stores.plan.tasks), mine=f"mine {uuid4()}"
    )


async def key_removed(stores: Stores) -> str:
    return await stores.on_node("REMOVE n.subtask_id", stores.random.choice(stores.plan.subtasks))


async def label_added(stores: Stores) -> str:
    return await stores.on_node("SET n:Draft")


async def other_kinds_label_added(stores: Stores) -> str:
    return await stores.on_node("SET n:Subtask", stores.random.choice(stores.plan.tasks))


async def label_removed(stores: Stores) -> str:
    return await stores.on_node("REMOVE n:Task", stores.random.choice(stores.plan.tasks))


async def node_added(stores: Stores) -> str:
    id_ = str(uuid4())
    await stores.cypher(
        "CREATE (:Task {task_id: $id, plan_id: $plan, name: 'mine'})", id=id_, plan=stores.plan.plan_id
    )
    return id_


async def node_of_no_plan_added(stores: Stores) -> str:
    id_ = str(uuid4())
    await stores.cypher(
        "CREATE (:Milestone {milestone_id: $id, tenant_id: $tenant})", id=id_, tenant=stores.plan.tenant_id
    )
    return id_


async def node_doubled(stores: Stores) -> str:
    id_ = str(uuid4())
    await stores.on_node(
        "MATCH (parent)-[:HAS_SUBTASK]->(n) CREATE (copy:Subtask) SET copy = n {.*, subtask_id: $copy} "
        "CREATE (parent)-[:HAS_SUBTASK]->(copy)",
        stores.random.choice(stores.plan.subtasks),
        copy=id_,
    )
    return id_


async def parent_lost(stores: Stores) -> str:
    return await stores.on_node(
        "MATCH (n)<-[link:HAS_PHASE|HAS_MILESTONE|HAS_TASK|HAS_SUBTASK]-() DELETE link"
    )


async def link_doubled(stores: Stores) -> str:
    return await stores.on_node(
        "MATCH (n)<-[:HAS_TASK]-(parent) CREATE (parent)-[:HAS_TASK]->(n)",
        stores.random.choice(stores.plan.tasks),
    )


async def link_turned(stores: Stores) -> str:
    return await stores.on_node(
        "MATCH (n)<-[link:HAS_TASK]-(parent) DELETE link CREATE (n)-[:HAS_TASK]->(parent)",
        stores.random.choice(stores.plan.tasks),
    )


async def link_given_a_property(stores: Stores) -> str:
    return await stores.on_node(
        "MATCH (n)<-[link:HAS_SUBTASK]-() SET link.since = 1", stores.random.choice(stores.plan.subtasks)
    )


async def given_to_another_parent(stores: Stores) -> str:
    return await stores.on_node(
        "MATCH (n)<-[link:HAS_SUBTASK]-(parent) DELETE link WITH n, parent "
        "MATCH (other:Task {plan_id: $plan}) WHERE other <> parent WITH n, other ORDER BY other.task_id LIMIT 1 "
        "CREATE (other)-[:HAS_SUBTASK]->(n)",
        stores.random.choice(stores.plan.subtasks),
        plan=stores.plan.plan_id,
    )


async def dependency_lost(stores: Stores) -> str:
    return await stores.on_node(
        "MATCH (n)-[link:DEPENDS_ON]->() DELETE link",
        stores.plan.tasks[1],  # which no other change takes them from
    )


async def dependency_added(stores: Stores) -> str:
    return await stores.on_node(
        "MATCH (last:Task {task_id: $last}) CREATE (n)-[:DEPENDS_ON]->(last)",
        stores.random.choice(stores.plan.tasks[:-1]),
        last=str(stores.plan.tasks[-1]),
    )


async def dependency_on_a_foreign_task(stores: Stores) -> str:
    return await stores.on_node(
        "MATCH (theirs:Task {task_id: $theirs}) CREATE (n)-[:DEPENDS_ON]->(theirs)",
        stores.random.choice(stores.plan.tasks),
        theirs=str(stores.other.tasks[0]),
    )


async def half_of_the_tasks_deleted(stores: Stores) -> str:
    half = [str(task) for task in stores.plan.tasks[::2]]
    await stores.cypher("MATCH (n:Task) WHERE n.task_id IN $half DETACH DELETE n", half=half)
    return half[0]


async def row_renamed(stores: Stores) -> str:
    task = stores.random.choice(stores.plan.tasks)
    await stores.sql(
        "UPDATE masterplan_tasks SET name = %s WHERE task_id = %s", f"row {stores.random.random()}", task
    )
    return str(task)


async def row_charged(stores: Stores) -> str:
    task = stores.random.choice(stores.plan.tasks)
    await stores.sql(
        "UPDATE masterplan_tasks SET llm_cost_usd = llm_cost_usd + 0.00000001 WHERE task_id = %s", task
    )
    return str(task)


async def row_set_back(stores: Stores) -> str:
    phase = stores.random.choice(stores.plan.phases)
    await stores.sql(
        "UPDATE masterplan_phases SET row_version = row_version - 1, name = name || '<' WHERE phase_id = %s",
        phase,
    )
    return str(phase)


async def plan_row_changed(stores: Stores) -> str:
    await stores.sql(
        "UPDATE masterplans SET tech_stack = '{\"go\": [1]}', budget_usd = %s WHERE masterplan_id = %s",
        stores.random.randrange(1_000_000),
        stores.plan.masterplan_id,
    )
    return stores.plan.plan_id


async def row_added(stores: Stores) -> str:
    subtask = uuid4()
    await stores.sql(
        "INSERT INTO masterplan_subtasks (subtask_id, tenant_id, masterplan_id, task_id, subtask_number, name) "
        "SELECT %s, tenant_id, masterplan_id, task_id, max(subtask_number) + 1, 'mine' FROM masterplan_subtasks "
        "WHERE task_id = %s GROUP BY tenant_id, masterplan_id, task_id",
        subtask,
        stores.random.choice(stores.plan.tasks),
    )
    return str(subtask)


async def row_deleted(stores: Stores) -> str:
    subtask = stores.plan.subtasks.pop(stores.random.randrange(len(stores.plan.subtasks)))
    await stores.sql("DELETE FROM masterplan_subtasks WHERE subtask_id = %s", subtask)
    return str(subtask)


async def row_moved(stores: Stores) -> str:
    task = stores.random.choice(stores.plan.tasks)
    await stores.sql(
        "UPDATE masterplan_tasks t SET milestone_id = m.milestone_id FROM masterplan_milestones m "
        "WHERE task_id = %s AND m.masterplan_id = t.masterplan_id AND m.milestone_id = (SELECT min(milestone_id::text)::uuid "
        "FROM masterplan_milestones WHERE masterplan_id = t.masterplan_id AND milestone_id <> t.milestone_id)",
        task,
    )
    return str(task)


async def dependencies_of_row_changed(stores: Stores) -> str:
    number = stores.random.randrange(2, len(stores.plan.tasks))
    await stores.sql(
        "UPDATE masterplan_tasks SET depends_on_tasks = CASE WHEN depends_on_tasks = %s THEN '{}' ELSE %s END "
        "WHERE task_id = %s",
        stores.plan.tasks[:2],
        stores.plan.tasks[:2],
        stores.plan.tasks[number],
    )
    return str(stores.plan.tasks[number])


CHANGES: Final[tuple[Change, ...]] = (
    node_deleted,
    plan_node_deleted,
    name_changed,
    plan_property_changed,
    plan_property_added,
    money_changed,
    number_made_float,
    time_made_text,
    time_moved,
    list_changed,
    property_removed,
    property_added,
    version_raised,
    moved_to_no_plan,
    moved_to_a_foreign_plan,
    key_changed,
    key_removed,
    label_added,
    other_kinds_label_added,
    label_removed,
    node_added,
    node_of_no_plan_added,
    node_doubled,
    parent_lost,
    link_doubled,
    link_turned,
    link_given_a_property,
    given_to_another_parent,
    dependency_lost,
    dependency_added,
    dependency_on_a_foreign_task,
    half_of_the_tasks_deleted,
    row_renamed,
    row_charged,
    row_set_back,
    plan_row_changed,
    row_added,
    row_deleted,
    row_moved,
    dependencies_of_row_changed,
)

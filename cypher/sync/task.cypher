// answers: Nothing; brings tasks to the state that Postgres has, each in its milestone, unless the graph has a newer one.
// param rows: list = [{"id": "3f2b…", "plan_id": "9c1e…", "tenant_id": "default", "parent_id": "9c1e…", "row_version": 2, "force": false, "properties": {"name": "core"}}] — rows of masterplan_tasks; force: whatever version the graph has
// returns: nothing
// cost: grows with the rows given
// access: write
// audience: service
UNWIND $rows AS row
MERGE (task:Task {task_id: row.id})
WITH task, row
WHERE row.force OR coalesce(task.row_version, 0) < row.row_version
SET task += row.properties,
    task.created_at = datetime(row.properties.created_at), task.updated_at = datetime(row.properties.updated_at),
    task.started_at = datetime(row.properties.started_at), task.completed_at = datetime(row.properties.completed_at)
MERGE (milestone:Milestone {milestone_id: row.parent_id})
  ON CREATE SET milestone.plan_id = row.plan_id, milestone.tenant_id = row.tenant_id
MERGE (milestone)-[:HAS_TASK]->(task)
WITH milestone, task
MATCH (task)<-[old:HAS_TASK]-(other)
WHERE other <> milestone
DELETE old

// answers: Nothing; brings subtasks to the state that Postgres has, each in its task, unless the graph has a newer one.
// param rows: list = [{"id": "3f2b…", "plan_id": "9c1e…", "tenant_id": "default", "parent_id": "9c1e…", "row_version": 2, "force": false, "properties": {"name": "core"}}] — rows of masterplan_subtasks; force: whatever version the graph has
// returns: nothing
// cost: grows with the rows given
// access: write
// audience: service
UNWIND $rows AS row
MERGE (subtask:Subtask {subtask_id: row.id})
WITH subtask, row
WHERE row.force OR coalesce(subtask.row_version, 0) < row.row_version
SET subtask += row.properties,
    subtask.created_at = datetime(row.properties.created_at), subtask.updated_at = datetime(row.properties.updated_at),
    subtask.started_at = datetime(row.properties.started_at), subtask.completed_at = datetime(row.properties.completed_at)
MERGE (task:Task {task_id: row.parent_id})
  ON CREATE SET task.plan_id = row.plan_id, task.tenant_id = row.tenant_id
MERGE (task)-[:HAS_SUBTASK]->(subtask)
WITH task, subtask
MATCH (subtask)<-[old:HAS_SUBTASK]-(other)
WHERE other <> task
DELETE old

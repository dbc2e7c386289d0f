// answers: Nothing; lets tasks depend on those that they depend on in Postgres, as far as these are there, and on no others.
// param rows: list = [{"id": "3f2b…", "needs": ["77aa…"]}] — each task with all that it depends on
// returns: nothing
// cost: grows with the rows given and their dependencies
// access: write
// audience: service
UNWIND $rows AS row
MATCH (task:Task {task_id: row.id})
CALL (task, row) {
  MATCH (task)-[old:DEPENDS_ON]->(other)
  WHERE NOT coalesce(other.task_id, '') IN row.needs
  DELETE old
}
CALL (task, row) {
  UNWIND row.needs AS needed
  MATCH (other:Task {task_id: needed})
  WHERE other.plan_id = task.plan_id
  MERGE (task)-[:DEPENDS_ON]->(other)
}

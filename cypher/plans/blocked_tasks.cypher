// answers: Which tasks wait, and for what: the tasks that are not done and that they depend on, however far.
// param plan_id: string = "shop" — the plan
// param limit: integer = 50 — rows at most
// returns: task_number, name, status, blockers — numbers of the tasks that it depends on directly and that are not completed, roots — numbers of those behind all of them: failed, or free to start
// cost: grows with the plan's dependencies between tasks that are not completed
// access: read
// audience: public
MATCH (task:Task {plan_id: $plan_id})
WHERE task.status IN ['pending', 'ready', 'blocked']
MATCH (task)-[:DEPENDS_ON]->(blocker:Task)
WHERE blocker.status <> 'completed'
WITH task, collect(blocker.task_number) AS blockers
CALL (task) {
  MATCH (task)-[:DEPENDS_ON*1..]->(root:Task)
  WITH DISTINCT root
  WHERE root.status <> 'completed' AND NOT EXISTS { (root)-[:DEPENDS_ON]->(before:Task) WHERE before.status <> 'completed' }
  RETURN collect(root.task_number) AS roots
}
RETURN task.task_number AS task_number, task.name AS name, task.status AS status, blockers, roots
ORDER BY task_number
LIMIT $limit

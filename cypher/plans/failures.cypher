// answers: Which tasks failed or were tried again, and the last thing that was wrong with them.
// param plan_id: string = "shop" — the plan
// param limit: integer = 50 — rows at most
// returns: task_number, name, status, task_type, retry_count, last_error, blocks — how many tasks wait for it, however far
// cost: grows with the plan's failed tasks and what depends on them
// access: read
// audience: public
MATCH (task:Task {plan_id: $plan_id})
WHERE task.status = 'failed' OR task.retry_count > 0
CALL (task) {
  OPTIONAL MATCH (task)<-[:DEPENDS_ON*1..]-(waiting:Task)
  RETURN count(DISTINCT waiting) AS blocks
}
RETURN task.task_number AS task_number, task.name AS name, task.status AS status, task.task_type AS task_type,
       task.retry_count AS retry_count, task.last_error AS last_error, blocks
ORDER BY status = 'failed' DESC, blocks DESC, task_number
LIMIT $limit

// answers: A picture of the task that most others wait for: its subtasks, what it depends on, and what depends on it.
// param plan_id: string = "shop" — the plan
// returns: task, around — paths to its subtasks and to the tasks next to it
// cost: grows with the plan's tasks
// access: read
// audience: public
MATCH (task:Task {plan_id: $plan_id})
WITH task, COUNT { (task)<-[:DEPENDS_ON]-() } AS waiting
ORDER BY waiting DESC, task.task_number LIMIT 1
OPTIONAL MATCH around = (task)-[:HAS_SUBTASK|DEPENDS_ON]-(:Task|Subtask)
RETURN task, around
LIMIT 60

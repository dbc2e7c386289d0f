// answers: How many tasks of a plan are in each state, by phase.
// param plan_id: string = "shop" — the plan
// returns: phase_number, phase, status, tasks, task_numbers
// cost: grows with the plan's tasks
// access: read
// audience: public
MATCH (:Plan {plan_id: $plan_id})-[:HAS_PHASE]->(phase:Phase)-[:HAS_MILESTONE]->(:Milestone)-[:HAS_TASK]->(task:Task)
WITH phase, task ORDER BY task.task_number
RETURN phase.phase_number AS phase_number, phase.name AS phase, task.status AS status, count(task) AS tasks,
       collect(task.task_number) AS task_numbers
ORDER BY phase_number, status

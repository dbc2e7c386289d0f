// answers: A picture of a plan that is executed: its phases, their milestones, and the tasks in these.
// param plan_id: string = "shop" — the plan
// returns: path
// cost: grows with the plan's tasks
// access: read
// audience: public
MATCH path = (:Plan {plan_id: $plan_id})-[:HAS_PHASE]->(phase)-[:HAS_MILESTONE]->(milestone)-[:HAS_TASK]->(task)
RETURN path
ORDER BY phase.phase_number, milestone.milestone_number, task.task_number
LIMIT 120

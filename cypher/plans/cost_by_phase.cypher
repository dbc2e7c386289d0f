// answers: What each phase and milestone of a plan has cost, in money, tokens and retries.
// param plan_id: string = "shop" — the plan
// returns: phase_number, phase, milestone_number, milestone, tasks, completed, retries, llm_cost_usd, llm_tokens_input, llm_tokens_output
// cost: grows with the plan's tasks
// access: read
// audience: public
MATCH (:Plan {plan_id: $plan_id})-[:HAS_PHASE]->(phase:Phase)-[:HAS_MILESTONE]->(milestone:Milestone)
OPTIONAL MATCH (milestone)-[:HAS_TASK]->(task:Task)
RETURN phase.phase_number AS phase_number, phase.name AS phase, milestone.milestone_number AS milestone_number,
       milestone.name AS milestone, count(task) AS tasks,
       count(CASE WHEN task.status = 'completed' THEN 1 END) AS completed, sum(coalesce(task.retry_count, 0)) AS retries,
       sum(toFloat(coalesce(task.llm_cost_usd, 0))) AS llm_cost_usd,
       sum(coalesce(task.llm_tokens_input, 0)) AS llm_tokens_input,
       sum(coalesce(task.llm_tokens_output, 0)) AS llm_tokens_output
ORDER BY phase_number, milestone_number

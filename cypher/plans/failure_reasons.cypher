// answers: Why tasks failed or were tried again: each reason with how many tasks it hit, the most frequent first.
// param plan_id: string = "shop" — the plan
// returns: reason — first line of what was wrong last, tasks, failed — how many of them failed for good, retries, llm_cost_usd — what those tasks cost, task_numbers
// cost: grows with the plan's tasks
// access: read
// audience: public
MATCH (task:Task {plan_id: $plan_id})
WHERE task.status = 'failed' OR task.retry_count > 0
WITH task, trim(split(coalesce(task.last_error, ''), '\n')[0]) AS line
WITH task, CASE line WHEN '' THEN 'no reason is recorded' ELSE line END AS reason
ORDER BY task.task_number
RETURN reason, count(task) AS tasks, count(CASE WHEN task.status = 'failed' THEN 1 END) AS failed,
       sum(task.retry_count) AS retries, sum(task.llm_cost_usd) AS llm_cost_usd, collect(task.task_number) AS task_numbers
ORDER BY failed DESC, tasks DESC, reason

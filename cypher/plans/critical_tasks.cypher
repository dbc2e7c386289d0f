// answers: The longest chain of tasks that depend on each other: what a run takes at least, however many run at once.
// param plan_id: string = "shop" — the plan
// returns: position — from 1, task_number, name, status, target_files
// cost: grows with the square of the plan's tasks
// access: read
// audience: public
MATCH (task:Task {plan_id: $plan_id})
CALL (task) {
  // A task has more before it than each of those has, so this is an order in which all come after what they need.
  OPTIONAL MATCH (task)-[:DEPENDS_ON*1..]->(before:Task)
  RETURN count(DISTINCT before) AS depth
}
CALL (task) {
  OPTIONAL MATCH (task)-[:DEPENDS_ON]->(need:Task)
  RETURN collect(need.task_number) AS needs
}
WITH task, needs ORDER BY depth, task.task_number
WITH collect({number: task.task_number, needs: needs}) AS entries
WITH reduce(chains = [], entry IN entries | chains + [
       reduce(longest = [], chain IN [chain IN chains WHERE chain[-1] IN entry.needs] |
         CASE WHEN size(chain) > size(longest) THEN chain ELSE longest END
       ) + [entry.number]
     ]) AS chains
WITH reduce(longest = [], chain IN chains | CASE WHEN size(chain) > size(longest) THEN chain ELSE longest END) AS numbers
UNWIND range(0, size(numbers) - 1) AS place
MATCH (task:Task {plan_id: $plan_id, task_number: numbers[place]})
RETURN place + 1 AS position, task.task_number AS task_number, task.name AS name, task.status AS status,
       task.target_files AS target_files
ORDER BY position

// answers: Phases, milestones, tasks and subtasks of a tenant, or of nobody, that are in none of its plans.
// param tenant_id: string = "default" — whose plans
// param plan_ids: list<string> = ["9c1e…"] — all plans that the tenant has
// returns: kind, id, element — elementId, labels, properties
// cost: grows with all phases, milestones, tasks and subtasks of the database
// access: read
// audience: service
CALL () {
  MATCH (n:Phase) RETURN n, 'phase' AS kind, n.phase_id AS id
  UNION ALL
  MATCH (n:Milestone) RETURN n, 'milestone' AS kind, n.milestone_id AS id
  UNION ALL
  MATCH (n:Task) RETURN n, 'task' AS kind, n.task_id AS id
  UNION ALL
  MATCH (n:Subtask) RETURN n, 'subtask' AS kind, n.subtask_id AS id
}
WITH n, kind, id
WHERE coalesce(n.tenant_id, $tenant_id) = $tenant_id AND NOT coalesce(n.plan_id IN $plan_ids, false)
RETURN kind, id, elementId(n) AS element, labels(n) AS labels, properties(n) AS properties

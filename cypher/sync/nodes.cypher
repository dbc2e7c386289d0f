// answers: What the graph has of a plan's mirror: by the plan, and by the ids that Postgres has, wherever a person moved those.
// param plan_id: string = "9c1e…" — the plan
// param phases: list<string> = [] — ids of phases
// param milestones: list<string> = [] — ids of milestones
// param tasks: list<string> = [] — ids of tasks
// param subtasks: list<string> = [] — ids of subtasks
// returns: kind, id, element — elementId, labels, properties
// cost: grows with the plan's parts
// access: read
// audience: service
CALL () {
  MATCH (n:Plan {plan_id: $plan_id}) RETURN n, 'plan' AS kind, n.plan_id AS id
  UNION
  MATCH (n:Phase {plan_id: $plan_id}) RETURN n, 'phase' AS kind, n.phase_id AS id
  UNION
  UNWIND $phases AS given MATCH (n:Phase {phase_id: given}) RETURN n, 'phase' AS kind, n.phase_id AS id
  UNION
  MATCH (n:Milestone {plan_id: $plan_id}) RETURN n, 'milestone' AS kind, n.milestone_id AS id
  UNION
  UNWIND $milestones AS given MATCH (n:Milestone {milestone_id: given}) RETURN n, 'milestone' AS kind, n.milestone_id AS id
  UNION
  MATCH (n:Task {plan_id: $plan_id}) RETURN n, 'task' AS kind, n.task_id AS id
  UNION
  UNWIND $tasks AS given MATCH (n:Task {task_id: given}) RETURN n, 'task' AS kind, n.task_id AS id
  UNION
  MATCH (n:Subtask {plan_id: $plan_id}) RETURN n, 'subtask' AS kind, n.subtask_id AS id
  UNION
  UNWIND $subtasks AS given MATCH (n:Subtask {subtask_id: given}) RETURN n, 'subtask' AS kind, n.subtask_id AS id
}
RETURN kind, id, elementId(n) AS element, labels(n) AS labels, properties(n) AS properties

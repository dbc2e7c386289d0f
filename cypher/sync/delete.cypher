// answers: Nothing; takes away what Postgres has no more, with all relationships. A plan that is no mirror of one in Postgres stays.
// param plans: list<string> = ["9c1e…"] — ids of plans
// param phases: list<string> = [] — ids of phases
// param milestones: list<string> = [] — ids of milestones
// param tasks: list<string> = [] — ids of tasks
// param subtasks: list<string> = [] — ids of subtasks
// returns: nothing
// cost: grows with what is taken away
// access: write
// audience: service
CALL () {
  UNWIND $subtasks AS id MATCH (n:Subtask {subtask_id: id}) RETURN n
  UNION ALL
  UNWIND $tasks AS id MATCH (n:Task {task_id: id}) RETURN n
  UNION ALL
  UNWIND $milestones AS id MATCH (n:Milestone {milestone_id: id}) RETURN n
  UNION ALL
  UNWIND $phases AS id MATCH (n:Phase {phase_id: id}) RETURN n
  UNION ALL
  UNWIND $plans AS id MATCH (n:Plan {plan_id: id}) WHERE n.row_version IS NOT NULL RETURN n
}
DETACH DELETE n

// answers: Nothing; lets milestones depend on those that they depend on in Postgres, as far as these are there, and on no others.
// param rows: list = [{"id": "3f2b…", "needs": ["77aa…"]}] — each milestone with all that it depends on
// returns: nothing
// cost: grows with the rows given and their dependencies
// access: write
// audience: service
UNWIND $rows AS row
MATCH (milestone:Milestone {milestone_id: row.id})
CALL (milestone, row) {
  MATCH (milestone)-[old:DEPENDS_ON]->(other)
  WHERE NOT coalesce(other.milestone_id, '') IN row.needs
  DELETE old
}
CALL (milestone, row) {
  UNWIND row.needs AS needed
  MATCH (other:Milestone {milestone_id: needed})
  WHERE other.plan_id = milestone.plan_id
  MERGE (milestone)-[:DEPENDS_ON]->(other)
}

// answers: Nothing; brings milestones to the state that Postgres has, each in its phase, unless the graph has a newer one.
// param rows: list = [{"id": "3f2b…", "plan_id": "9c1e…", "tenant_id": "default", "parent_id": "9c1e…", "row_version": 2, "force": false, "properties": {"name": "core"}}] — rows of masterplan_milestones; force: whatever version the graph has
// returns: nothing
// cost: grows with the rows given
// access: write
// audience: service
UNWIND $rows AS row
MERGE (milestone:Milestone {milestone_id: row.id})
WITH milestone, row
WHERE row.force OR coalesce(milestone.row_version, 0) < row.row_version
SET milestone += row.properties,
    milestone.created_at = datetime(row.properties.created_at), milestone.updated_at = datetime(row.properties.updated_at)
MERGE (phase:Phase {phase_id: row.parent_id})
  ON CREATE SET phase.plan_id = row.plan_id, phase.tenant_id = row.tenant_id
MERGE (phase)-[:HAS_MILESTONE]->(milestone)
WITH phase, milestone
MATCH (milestone)<-[old:HAS_MILESTONE]-(other)
WHERE other <> phase
DELETE old

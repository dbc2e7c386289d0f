// answers: Nothing; brings phases to the state that Postgres has, each in its plan, unless the graph has a newer one.
// param rows: list = [{"id": "3f2b…", "plan_id": "9c1e…", "tenant_id": "default", "parent_id": "9c1e…", "row_version": 2, "force": false, "properties": {"name": "core"}}] — rows of masterplan_phases; force: whatever version the graph has
// returns: nothing
// cost: grows with the rows given
// access: write
// audience: service
UNWIND $rows AS row
MERGE (phase:Phase {phase_id: row.id})
WITH phase, row
WHERE row.force OR coalesce(phase.row_version, 0) < row.row_version
SET phase += row.properties,
    phase.created_at = datetime(row.properties.created_at), phase.updated_at = datetime(row.properties.updated_at)
MERGE (plan:Plan {plan_id: row.parent_id})
  ON CREATE SET plan.plan_id = row.plan_id, plan.tenant_id = row.tenant_id
MERGE (plan)-[:HAS_PHASE]->(phase)
WITH plan, phase
MATCH (phase)<-[old:HAS_PHASE]-(other)
WHERE other <> plan
DELETE old

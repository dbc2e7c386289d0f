// answers: Nothing; brings plans to the state that Postgres has, unless the graph has a newer one.
// param rows: list = [{"id": "9c1e…", "row_version": 2, "force": false, "properties": {"project_name": "shop", "created_at": "2026-11-01T10:00:00+00:00"}}] — rows of masterplans; force: whatever version the graph has
// returns: nothing
// cost: grows with the rows given
// access: write
// audience: service
UNWIND $rows AS row
MERGE (plan:Plan {plan_id: row.id})
WITH plan, row
WHERE row.force OR coalesce(plan.row_version, 0) < row.row_version
SET plan += row.properties,
    plan.created_at = datetime(row.properties.created_at), plan.updated_at = datetime(row.properties.updated_at),
    plan.started_at = datetime(row.properties.started_at), plan.completed_at = datetime(row.properties.completed_at)

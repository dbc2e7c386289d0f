// answers: Whether a tenant has a plan that is mirrored from Postgres; no row where it has not.
// param plan_id: string = "shop" — the plan
// param tenant_id: string = "default" — whose plan it must be
// returns: row_version
// cost: constant
// access: read
// audience: service
MATCH (plan:Plan {plan_id: $plan_id, tenant_id: $tenant_id})
WHERE plan.row_version IS NOT NULL
RETURN plan.row_version AS row_version

// answers: The plans of a tenant that the graph has a mirror of.
// param tenant_id: string = "default" — whose plans
// returns: plan_id
// cost: grows with the tenant's plans
// access: read
// audience: service
MATCH (plan:Plan {tenant_id: $tenant_id})
WHERE plan.row_version IS NOT NULL
RETURN plan.plan_id AS plan_id
ORDER BY plan_id

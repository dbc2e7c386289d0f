// answers: The build of a plan that readers see; no row where the tenant has no such plan.
// param plan_id: string = "shop" — the plan
// param tenant_id: string = "default" — whose plan it must be
// returns: build_id
// cost: constant
// access: read
// audience: service
MATCH (plan:Plan {plan_id: $plan_id, tenant_id: $tenant_id})
RETURN plan.build_id AS build_id

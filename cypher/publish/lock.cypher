// answers: Locks a plan against other writers, within the caller's transaction; no row where the tenant has no such plan.
// param plan_id: string = "shop" — the plan
// param tenant_id: string = "default" — whose plan it must be
// returns: plan_id
// cost: constant
// access: write
// audience: service
MATCH (plan:Plan {plan_id: $plan_id, tenant_id: $tenant_id})
SET plan.updated_at = datetime()
RETURN plan.plan_id AS plan_id

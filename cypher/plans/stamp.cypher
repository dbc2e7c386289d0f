// answers: Which build of a plan readers see, and whether a commit to the plan is being applied; no row where the tenant has no such plan.
// param plan_id: string = "shop" — the plan
// param tenant_id: string = "default" — whose plan it must be
// param lease_seconds: integer = 5 — an announcement of a commit that is older counts no more
// returns: build_id, changing
// cost: constant
// access: read
// audience: service
OPTIONAL MATCH (commit:PlanCommit {plan_id: $plan_id})
WHERE commit.at > datetime() - duration({seconds: $lease_seconds})
OPTIONAL MATCH (plan:Plan {plan_id: $plan_id, tenant_id: $tenant_id})
WITH plan.build_id AS build_id, commit IS NOT NULL AS changing
WHERE build_id IS NOT NULL OR changing
RETURN build_id, changing

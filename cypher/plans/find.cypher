// answers: Which plan a person means, by id or by name; one that holds code comes before one that is only mirrored, then the one changed last.
// param tenant_id: string = "default" — whose plans
// param plan: string = "networkx" — id or name of the plan
// returns: plan_id, project_name
// cost: grows with the tenant's plans
// access: read
// audience: service
MATCH (plan:Plan {tenant_id: $tenant_id})
WHERE plan.plan_id = $plan OR plan.project_name = $plan
RETURN plan.plan_id AS plan_id, plan.project_name AS project_name
ORDER BY plan.plan_id = $plan DESC, plan.build_id IS NOT NULL DESC, plan.updated_at DESC
LIMIT 1

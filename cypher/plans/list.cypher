// answers: A tenant's plans that hold code, in the order of their ids.
// param tenant_id: string = "default" — whose plans
// param after: string = "" — id of the last plan already seen
// param limit: integer = 100 — rows at most
// returns: plan — the properties of a plan
// cost: grows with the tenant's plans
// access: read
// audience: public
MATCH (plan:Plan {tenant_id: $tenant_id})
WHERE plan.plan_id > $after AND plan.build_id IS NOT NULL
RETURN properties(plan) AS plan
ORDER BY plan.plan_id
LIMIT $limit

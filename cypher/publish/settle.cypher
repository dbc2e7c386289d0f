// answers: Says that no commit to the plan is being applied any more.
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: constant
// access: write
// audience: service
MATCH (commit:PlanCommit {plan_id: $plan_id})
DELETE commit

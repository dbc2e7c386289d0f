// answers: Says that a commit to the plan is being applied, so that readers wait instead of seeing half of it.
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: constant
// access: write
// audience: service
MERGE (commit:PlanCommit {plan_id: $plan_id})
SET commit.at = datetime()

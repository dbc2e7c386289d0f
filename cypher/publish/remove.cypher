// answers: Removes a plan whose contents are retired, within the caller's transaction.
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: constant
// access: write
// audience: service
MATCH (plan:Plan {plan_id: $plan_id})
SET plan:Retired REMOVE plan:Plan

// answers: Locks a plan that is to be changed in place, first step of a patch; no row where readers see another build.
// param plan_id: string = "shop" — the plan
// param build_id: string = "b1" — the build that the patch was made for
// returns: plan_id
// cost: constant
// access: write
// audience: service
MATCH (plan:Plan {plan_id: $plan_id})
SET plan.updated_at = datetime()
WITH plan WHERE plan.build_id = $build_id
RETURN plan.plan_id AS plan_id

// answers: Locks the plan and takes its build, first step of publishing; no row where the build is gone.
// param build_id: string = "b1" — the build to publish
// returns: tenant_id — whose plan it is already; null for a new plan
// cost: constant
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
SET build.seen_at = datetime()
MERGE (plan:Plan {plan_id: build.plan_id})
SET plan.updated_at = datetime()
RETURN plan.tenant_id AS tenant_id

// answers: What a plan is and holds, and how its graph was built.
// param plan_id: string = "shop" — the plan
// returns: plan — its properties, build — the properties of its last build
// cost: constant
// access: read
// audience: public
MATCH (plan:Plan {plan_id: $plan_id})
OPTIONAL MATCH (plan)-[:HAS_BUILD]->(build:GraphBuild {build_id: plan.build_id})
RETURN properties(plan) AS plan, properties(build) AS build

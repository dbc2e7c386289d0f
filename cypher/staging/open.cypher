// answers: Opens a build: the place where an import puts its nodes before readers see them.
// param build_id: string = "b1" — new for every import
// param plan_id: string = "shop" — the plan that the build will replace or create
// returns: build_id
// cost: constant
// access: write
// audience: service
MERGE (build:StagedBuild {build_id: $build_id})
  ON CREATE SET build.plan_id = $plan_id, build.batch = 0, build.opened_at = datetime(), build.seen_at = datetime()
RETURN build.build_id AS build_id

// answers: Stages a batch of what lies outside the plan, once however often it is sent.
// param build_id: string = "b1" — the build
// param plan_id: string = "shop" — its plan
// param batch: integer = 7 — higher than every batch before
// param rows: list = [["pypi", "requests"]] — ecosystem, name
// returns: ids — the nodes' ids, in the order of the rows; empty where the batch was already taken or the build is gone
// cost: grows with the rows
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
WHERE build.batch < $batch
SET build.batch = $batch, build.seen_at = datetime()
WITH build
UNWIND $rows AS row
CREATE (external:StagedExternal {
  build_id: $build_id, plan_id: $plan_id, ecosystem: row[0], name: row[1]
})
RETURN collect(id(external)) AS ids

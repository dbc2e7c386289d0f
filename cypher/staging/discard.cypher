// answers: Gives a build up, so that its importer can write nothing more; its nodes go by staging/sweep.
// param build_id: string = "b1" — the build
// returns: discarded — 1, or 0 where there was no such build
// cost: constant
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
DELETE build
RETURN count(*) AS discarded

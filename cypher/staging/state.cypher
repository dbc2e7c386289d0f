// answers: The last batch that a build took; no row where the build was discarded, swept or published.
// param build_id: string = "b1" — the build
// returns: batch
// cost: constant
// access: read
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
RETURN build.batch AS batch

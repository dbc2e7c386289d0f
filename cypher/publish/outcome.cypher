// answers: What a build that is already published came to; no row where readers do not see that build.
// param build_id: string = "b1" — the build
// returns: total_atoms, total_edges, max_depth, widest_wave, cycles, cut_edges
// cost: constant
// access: read
// audience: service
MATCH (build:GraphBuild {build_id: $build_id})
RETURN build.total_atoms AS total_atoms, build.total_edges AS total_edges, build.max_depth AS max_depth,
       build.widest_wave AS widest_wave, build.cycles AS cycles, build.cut_edges AS cut_edges

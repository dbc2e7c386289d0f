// answers: Records how a plan's graph was built, last step of publishing.
// param plan_id: string = "shop" — the plan
// param build_id: string = "b1" — the build
// param tool_version: string = "0.1.0" — version of MGE
// param stages: list<string> = ["parse", "write"] — names of the stages, in order
// param seconds: list<float> = [1.5, 2.5] — how long each took
// returns: total_atoms, total_edges, max_depth, widest_wave, cycles, cut_edges
// cost: grows with the plan's waves and cycles, and with the dependencies of atoms in cycles
// access: write
// audience: service
MATCH (plan:Plan {plan_id: $plan_id})
CALL () {
  MATCH (wave:Wave {plan_id: $plan_id}) WHERE wave.number IS NOT NULL
  RETURN coalesce(max(wave.number), 0) AS max_depth, coalesce(max(wave.total_atoms), 0) AS widest_wave
}
CALL () {
  MATCH (cycle:Cycle {plan_id: $plan_id})
  RETURN count(cycle) AS cycles, coalesce(sum(cycle.cut_edges), 0) AS cut_edges
}
SET plan.build_id = $build_id
CREATE (plan)-[:HAS_BUILD]->(build:GraphBuild {
  build_id: $build_id,
  plan_id: $plan_id,
  total_atoms: plan.total_atoms,
  total_edges: plan.import_deps + plan.type_deps + plan.control_deps + plan.data_deps,
  max_depth: max_depth,
  widest_wave: widest_wave,
  cycles: cycles,
  cut_edges: cut_edges,
  stages: $stages,
  seconds: $seconds,
  tool_version: $tool_version,
  created_at: datetime()
})
RETURN build.total_atoms AS total_atoms, build.total_edges AS total_edges, max_depth, widest_wave, cycles, cut_edges

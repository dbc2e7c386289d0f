// answers: The waves, cycles and totals of a plan, for a digest of the plan: all that does not depend on when and how it was made.
// param plan_id: string = "shop" — the plan
// returns: line — one JSON-like list a row
// cost: grows with the plan
// access: read
// audience: service
MATCH (wave:Wave {plan_id: $plan_id})
WHERE wave.number IS NOT NULL
RETURN ["wave", wave.number, wave.total_atoms, wave.completed_atoms, wave.failed_atoms, wave.status] AS line
UNION ALL
MATCH (cycle:Cycle {plan_id: $plan_id})
RETURN ["cycle", cycle.cycle_id, cycle.size, cycle.types, cycle.weakest_weight, cycle.cut_edges, cycle.fresh] AS line
UNION ALL
MATCH (plan:Plan {plan_id: $plan_id})
RETURN [
  "plan", plan.project_name, plan.root, plan.total_files, plan.recovered_files, plan.opaque_files, plan.total_bytes,
  plan.total_loc, plan.total_atoms, plan.total_symbols, plan.total_externals, plan.import_deps, plan.type_deps,
  plan.control_deps, plan.data_deps
] AS line
UNION ALL
MATCH (:Plan {plan_id: $plan_id})-[:HAS_BUILD]->(build:GraphBuild)
RETURN ["build", build.total_atoms, build.total_edges, build.max_depth, build.widest_wave, build.cycles, build.cut_edges] AS line

// answers: Writes how much a plan holds, where that is known, and takes its last build's record away.
// param plan_id: string = "shop" — the plan
// param total_files: integer = 1 — as the plan's property
// param recovered_files: integer = 1 — as the plan's property
// param opaque_files: integer = 1 — as the plan's property
// param total_bytes: integer = 1 — as the plan's property
// param total_loc: integer = 1 — as the plan's property
// param total_atoms: integer = 1 — as the plan's property
// param total_symbols: integer = 1 — as the plan's property
// param total_externals: integer = 1 — as the plan's property
// param import_deps: integer = 1 — as the plan's property
// param type_deps: integer = 1 — as the plan's property
// param control_deps: integer = 1 — as the plan's property
// param data_deps: integer = 1 — as the plan's property
// returns: nothing
// cost: constant
// access: write
// audience: service
MATCH (plan:Plan {plan_id: $plan_id})
SET plan.total_files = $total_files,
    plan.recovered_files = $recovered_files,
    plan.opaque_files = $opaque_files,
    plan.total_bytes = $total_bytes,
    plan.total_loc = $total_loc,
    plan.total_atoms = $total_atoms,
    plan.total_symbols = $total_symbols,
    plan.total_externals = $total_externals,
    plan.import_deps = $import_deps,
    plan.type_deps = $type_deps,
    plan.control_deps = $control_deps,
    plan.data_deps = $data_deps,
    plan.updated_at = datetime()
WITH plan
MATCH (plan)-[held:HAS_BUILD]->(build:GraphBuild)
DELETE held
SET build:Retired REMOVE build:GraphBuild

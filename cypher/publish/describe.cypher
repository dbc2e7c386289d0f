// answers: Writes what the plan is and how much it holds, within the caller's transaction.
// param plan_id: string = "shop" — the plan
// param build_id: string = "b1" — the build that readers now see
// param tenant_id: string = "default" — whose plan it is
// param project_name: string = "shop" — its name for people
// param root: string = "shop" — the name of the folder, archive or repository
// returns: files, bytes, loc, atoms, dependencies, symbols, externals
// cost: grows with the plan's files, atoms and dependencies
// access: write
// audience: service
MATCH (plan:Plan {plan_id: $plan_id})
CALL (plan) {
  MATCH (plan)-[:HAS_FILE]->(file:File)
  RETURN count(file) AS files, coalesce(sum(file.bytes), 0) AS bytes, coalesce(sum(file.loc), 0) AS loc,
         count(CASE file.parse_status WHEN 'recovered' THEN 1 END) AS recovered,
         count(CASE file.parse_status WHEN 'opaque' THEN 1 END) AS opaque
}
CALL () {
  MATCH (atom:Atom {plan_id: $plan_id})
  RETURN count(atom) AS atoms,
         coalesce(sum(COUNT { (atom)-[:IMPORT_DEP]->() }), 0) AS import_deps,
         coalesce(sum(COUNT { (atom)-[:TYPE_DEP]->() }), 0) AS type_deps,
         coalesce(sum(COUNT { (atom)-[:CONTROL_DEP]->() }), 0) AS control_deps,
         coalesce(sum(COUNT { (atom)-[:DATA_DEP]->() }), 0) AS data_deps
}
CALL () {
  MATCH (symbol:Symbol {plan_id: $plan_id}) WHERE symbol.qualified_name IS NOT NULL
  RETURN count(symbol) AS symbols
}
CALL () {
  MATCH (external:External {plan_id: $plan_id}) WHERE external.ecosystem IS NOT NULL AND external.name IS NOT NULL
  RETURN count(external) AS externals
}
SET plan.tenant_id = $tenant_id,
    plan.project_name = $project_name,
    plan.root = $root,
    plan.source = 'import',
    plan.status = 'imported',
    plan.execution_mode = 'v2_atoms',
    plan.created_at = coalesce(plan.created_at, datetime()),
    plan.updated_at = datetime(),
    plan.build_id = $build_id,
    plan.total_files = files,
    plan.recovered_files = recovered,
    plan.opaque_files = opaque,
    plan.total_bytes = bytes,
    plan.total_loc = loc,
    plan.total_atoms = atoms,
    plan.total_symbols = symbols,
    plan.total_externals = externals,
    plan.import_deps = import_deps,
    plan.type_deps = type_deps,
    plan.control_deps = control_deps,
    plan.data_deps = data_deps
RETURN files, bytes, loc, atoms, import_deps + type_deps + control_deps + data_deps AS dependencies, symbols, externals

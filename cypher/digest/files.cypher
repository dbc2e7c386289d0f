// answers: The files of a plan, for a digest of the plan: all that does not depend on when and how it was made.
// param plan_id: string = "shop" — the plan
// returns: line — one JSON-like list a row
// cost: grows with the plan
// access: read
// audience: service
MATCH (:Plan {plan_id: $plan_id})-[:HAS_FILE]->(file:File)
RETURN [
  file.path, file.language, file.sha256, file.encoding, file.newline, file.bytes, file.loc, file.atoms,
  file.parse_status, file.reason, file.references_resolved, file.references_external, file.references_builtin,
  file.unresolved_reasons, file.unresolved_counts
] AS line

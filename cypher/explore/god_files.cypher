// answers: Files that do too much: many others need them, they need many others, and they are long.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: path, atoms, loc, needed_by — files that need it, needs — files that it needs
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (file:File {plan_id: $plan_id})
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)
  OPTIONAL MATCH (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
  WHERE other.path <> file.path
  RETURN count(DISTINCT other.path) AS needs
}
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)
  OPTIONAL MATCH (atom)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
  WHERE other.path <> file.path
  RETURN count(DISTINCT other.path) AS needed_by
}
RETURN file.path AS path, file.atoms AS atoms, file.loc AS loc, needed_by, needs
ORDER BY needed_by * needs * loc DESC, path
LIMIT $limit

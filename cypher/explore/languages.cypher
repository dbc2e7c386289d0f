// answers: How much code of each language there is.
// param plan_id: string = "shop" — the plan
// returns: language, files, bytes, loc, atoms, dependencies — that leave its atoms
// cost: grows with the plan's atoms
// access: read
// audience: public
MATCH (file:File {plan_id: $plan_id})
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)
  RETURN sum(COUNT { (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->() }) AS dependencies
}
RETURN file.language AS language, count(file) AS files, sum(file.bytes) AS bytes, sum(file.loc) AS loc,
       sum(file.atoms) AS atoms, sum(dependencies) AS dependencies
ORDER BY loc DESC, language

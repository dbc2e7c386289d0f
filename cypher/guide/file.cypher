// answers: A picture of the file that is needed from most other files: its atoms, what they define, and what follows what.
// param plan_id: string = "shop" — the plan
// returns: file, inside — paths from it to its atoms and their symbols
// cost: grows with the plan's files and dependencies
// access: read
// audience: public
MATCH (file:File {plan_id: $plan_id})
CALL (file) {
  OPTIONAL MATCH (file)-[:CONTAINS]->()<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(needing)
  WHERE needing.path <> file.path
  RETURN count(DISTINCT needing.path) AS files
}
WITH file ORDER BY files DESC, file.path LIMIT 1
MATCH inside = (file)-[:CONTAINS]->(atom)-[:DEFINES*0..1]->()
RETURN file, inside
ORDER BY atom.start_byte
LIMIT 60

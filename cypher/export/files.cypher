// answers: The next files of a plan by path, each with its atoms, what they define, and the dependencies from them.
// param plan_id: string = "shop" — the plan
// param after: string = "" — path of the last file already seen
// param limit: integer = 20 — files at most
// returns: path, language, atoms — list of their properties in order, defines — list of [atom_id, name, qualified_name], edges — list of [type, source atom_id, target atom_id, properties]
// cost: grows with the files returned, their atoms and dependencies
// access: read
// audience: service
MATCH (file:File {plan_id: $plan_id})
WHERE file.path > $after
WITH file ORDER BY file.path LIMIT $limit
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)
  WITH atom ORDER BY atom.atom_number
  RETURN collect(properties(atom)) AS atoms
}
CALL (file) {
  OPTIONAL MATCH (file)-[:CONTAINS]->(atom)-[:DEFINES]->(symbol)
  WITH atom, symbol ORDER BY atom.atom_number, symbol.qualified_name
  RETURN collect([atom.atom_id, symbol.name, symbol.qualified_name]) AS defines
}
CALL (file) {
  OPTIONAL MATCH (file)-[:CONTAINS]->(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(needed)
  WITH atom, need, needed ORDER BY atom.atom_number, type(need), needed.path, needed.atom_number
  RETURN collect([type(need), atom.atom_id, needed.atom_id, properties(need)]) AS edges
}
RETURN file.path AS path, file.language AS language, atoms, defines, edges
ORDER BY path

// answers: The next files of a plan by path, each with its atoms and the dependencies from them, for holding them against an index.
// param plan_id: string = "shop" — the plan
// param after: string = "" — path of the last file already seen
// param limit: integer = 20 — files at most
// returns: path, language, atoms — list of [atom_id, code] in order, edges — list of [type, source atom_id, target atom_id, kinds, symbols, rule, evidence]
// cost: grows with the files returned, their atoms and dependencies
// access: read
MATCH (file:File {plan_id: $plan_id})
WHERE file.path > $after
WITH file ORDER BY file.path LIMIT $limit
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)
  WITH atom ORDER BY atom.atom_number
  RETURN collect([atom.atom_id, atom.code]) AS atoms
}
CALL (file) {
  OPTIONAL MATCH (file)-[:CONTAINS]->(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(needed)
  WITH atom, need, needed ORDER BY atom.atom_number, type(need), needed.path, needed.atom_number
  RETURN collect([type(need), atom.atom_id, needed.atom_id, need.kinds, need.symbols, need.rule, need.evidence]) AS edges
}
RETURN file.path AS path, file.language AS language, atoms, edges
ORDER BY path

// answers: The next files of a plan by path, each with its atoms in order and what they need, cut dependencies left out.
// param plan_id: string = "shop" — the plan
// param after: string = "" — path of the last file already seen
// param limit: integer = 50 — files at most
// returns: path, language, encoding, sha256, atoms — list of [name, kind, node_type, loc, complexity, code, signature, docstring, module_id] in order, needs — list of [atom_number, needed path, needed atom_number, weight, type_only]
// cost: grows with the files returned, their atoms and dependencies
// access: read
// audience: service
MATCH (file:File {plan_id: $plan_id})
WHERE file.path > $after
WITH file ORDER BY file.path LIMIT $limit
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)
  WITH atom ORDER BY atom.atom_number
  RETURN collect([atom.name, atom.kind, atom.node_type, atom.loc, atom.complexity, atom.code, atom.signature, atom.docstring,
                  coalesce(atom.module_id, '')]) AS atoms
}
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(needed)
  WHERE NOT coalesce(need.cut, false)
  WITH atom, need, needed ORDER BY atom.atom_number, needed.path, needed.atom_number, type(need)
  RETURN collect([atom.atom_number, needed.path, needed.atom_number, need.weight * need.confidence, need.type_only]) AS needs
}
RETURN file.path AS path, file.language AS language, file.encoding AS encoding, file.sha256 AS sha256, atoms, needs
ORDER BY path

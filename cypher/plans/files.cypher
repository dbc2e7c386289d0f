// answers: The next files of a plan by path, each with the code of its atoms in order.
// param plan_id: string = "shop" — the plan
// param after: string = "" — path of the last file already seen
// param limit: integer = 100 — files at most
// returns: path, encoding, sha256, code — list of the atoms' code
// cost: grows with the files returned and their atoms
// access: read
// audience: public
MATCH (file:File {plan_id: $plan_id})
WHERE file.path > $after
WITH file ORDER BY file.path LIMIT $limit
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)
  WITH atom ORDER BY atom.atom_number
  RETURN collect(atom.code) AS code
}
RETURN file.path AS path, file.encoding AS encoding, file.sha256 AS sha256, code
ORDER BY path

// answers: The next files of a plan by path, each with the digests of itself and of its atoms.
// param plan_id: string = "shop" — the plan
// param after: string = "" — path of the last file already seen
// param limit: integer = 100 — files at most
// returns: path, encoding, sha256, atoms — list of [atom_id, qualified_name, start_line, start_byte, end_byte, content_hash] in order
// cost: grows with the files returned and their atoms
// access: read
// audience: service
MATCH (file:File {plan_id: $plan_id})
WHERE file.path > $after
WITH file ORDER BY file.path LIMIT $limit
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)
  WITH atom ORDER BY atom.atom_number
  RETURN collect([atom.atom_id, atom.qualified_name, atom.start_line, atom.start_byte, atom.end_byte, atom.content_hash]) AS atoms
}
RETURN file.path AS path, file.encoding AS encoding, file.sha256 AS sha256, atoms
ORDER BY path

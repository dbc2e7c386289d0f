// answers: Stages a batch of atoms inside their files, once however often it is sent.
// param build_id: string = "b1" — the build
// param plan_id: string = "shop" — its plan
// param batch: integer = 2 — higher than every batch before
// param rows: list = [[0, 7, "a1", 1, "f", "m.f", "function", "function_definition", "python", "a.py", 0, 12, 1, 1, 1, 1, true, "def f(): ...", "def f()", "", "9f86d0"]] — number, node id of the file, atom_id, atom_number, name, qualified_name, kind, node_type, language, path, start_byte, end_byte, start_line, end_line, loc, complexity, indivisible, code, signature, docstring, content_hash
// returns: ids — the nodes' ids, in the order of the rows; empty where the batch was already taken or the build is gone
// cost: grows with the rows
// access: write
MATCH (build:StagedBuild {build_id: $build_id})
WHERE build.batch < $batch
SET build.batch = $batch, build.seen_at = datetime()
WITH datetime() AS now
UNWIND $rows AS row
MATCH (file) WHERE id(file) = row[1]
CREATE (file)-[:CONTAINS]->(atom:StagedAtom {
  build_id: $build_id, plan_id: $plan_id, number: row[0],
  atom_id: row[2], atom_number: row[3], name: row[4], qualified_name: row[5], kind: row[6], node_type: row[7],
  language: row[8], path: row[9], start_byte: row[10], end_byte: row[11], start_line: row[12], end_line: row[13],
  loc: row[14], complexity: row[15], indivisible: row[16], code: row[17], signature: row[18], docstring: row[19],
  content_hash: row[20], status: 'imported', created_at: now
})
RETURN collect(id(atom)) AS ids

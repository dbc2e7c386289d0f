// answers: Stages a batch of atoms inside their files, once however often it is sent.
// param build_id: string = "b1" — the build
// param plan_id: string = "shop" — its plan
// param batch: integer = 2 — higher than every batch before
// param rows: list = [[7, "a1", 1, "f", "m.f", "function", "function_definition", "python", "a.py", 0, 12, 1, 1, 1, 1, true, "def f(): ...", "def f()", "", "9f86d0"]] — node id of the file, atom_id, atom_number, name, qualified_name, kind, node_type, language, path, start_byte, end_byte, start_line, end_line, loc, complexity, indivisible, code, signature, docstring, content_hash
// returns: ids — the nodes' ids, in the order of the rows; empty where the batch was already taken or the build is gone
// cost: grows with the rows
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
WHERE build.batch < $batch
SET build.batch = $batch, build.seen_at = datetime()
WITH datetime() AS now
UNWIND $rows AS row
MATCH (file) WHERE id(file) = row[0]
CREATE (file)-[:CONTAINS]->(atom:StagedAtom {
  build_id: $build_id, plan_id: $plan_id,
  atom_id: row[1], atom_number: row[2], name: row[3], qualified_name: row[4], kind: row[5], node_type: row[6],
  language: row[7], path: row[8], start_byte: row[9], end_byte: row[10], start_line: row[11], end_line: row[12],
  loc: row[13], complexity: row[14], indivisible: row[15], code: row[16], signature: row[17], docstring: row[18],
  content_hash: row[19], status: 'imported', created_at: now
})
RETURN collect(id(atom)) AS ids

// answers: Makes new atoms inside their files.
// param plan_id: string = "shop" — the plan
// param rows: list = [[7, "a1", 1, "f", "m.f", "function", "function_definition", "python", "a.py", 0, 12, 1, 1, 1, 1, true, "def f(): ...", "def f()", "", "9f86d0"]] — node id of the file, then as in staging/atoms
// returns: ids — the nodes' ids, in the order of the rows
// cost: grows with the rows
// access: write
// audience: service
UNWIND $rows AS row
MATCH (file) WHERE id(file) = row[0]
CREATE (file)-[:CONTAINS]->(atom:Atom {
  plan_id: $plan_id,
  atom_id: row[1], atom_number: row[2], name: row[3], qualified_name: row[4], kind: row[5], node_type: row[6],
  language: row[7], path: row[8], start_byte: row[9], end_byte: row[10], start_line: row[11], end_line: row[12],
  loc: row[13], complexity: row[14], indivisible: row[15], code: row[16], signature: row[17], docstring: row[18],
  content_hash: row[19], status: 'imported', created_at: datetime()
})
RETURN collect(id(atom)) AS ids

// answers: The nodes of some files and of their atoms, with what a patch compares.
// param plan_id: string = "shop" — the plan
// param paths: list<string> = ["a.py"] — the files
// returns: path, file — node id, atoms — lists of node id, atom_id, atom_number, name, qualified_name, kind, node_type, start_byte, end_byte, start_line, end_line, loc, complexity, indivisible, content_hash
// cost: grows with the atoms of the files
// access: read
// audience: service
UNWIND $paths AS path
MATCH (file:File {plan_id: $plan_id, path: path})
CALL (file) {
  OPTIONAL MATCH (file)-[:CONTAINS]->(atom:Atom)
  WITH atom ORDER BY atom.atom_number
  RETURN collect([
    id(atom), atom.atom_id, atom.atom_number, atom.name, atom.qualified_name, atom.kind, atom.node_type,
    atom.start_byte, atom.end_byte, atom.start_line, atom.end_line, atom.loc, atom.complexity, atom.indivisible,
    atom.content_hash
  ]) AS atoms
}
RETURN path, id(file) AS file, [atom IN atoms WHERE atom[0] IS NOT NULL] AS atoms

// answers: The atoms that define some names, lie in some files or have some ids: where a question about impact starts.
// param plan_id: string = "shop" — the plan
// param names: list<string> = ["Cart"] — names or qualified names of symbols
// param paths: list<string> = ["shop/cart.py"] — paths of files
// param atom_ids: list<string> = ["a1"] — ids of atoms
// returns: atom_id, name, path, start_line
// cost: grows with the plan's symbols
// access: read
// audience: public
CALL () {
  MATCH (symbol:Symbol {plan_id: $plan_id})<-[:DEFINES]-(atom)
  WHERE symbol.name IN $names OR symbol.qualified_name IN $names
  RETURN atom
UNION
  MATCH (file:File {plan_id: $plan_id})-[:CONTAINS]->(atom)
  WHERE file.path IN $paths
  RETURN atom
UNION
  MATCH (atom:Atom {plan_id: $plan_id})
  WHERE atom.atom_id IN $atom_ids
  RETURN atom
}
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line
ORDER BY path, start_line

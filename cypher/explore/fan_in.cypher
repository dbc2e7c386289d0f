// answers: The atoms that most others need: what a change of is felt widest.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: atom_id, name, path, start_line, needed_by — how many atoms need it, files — in how many files they are
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
MATCH (atom)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
WHERE other <> atom
WITH atom, count(DISTINCT other) AS needed_by, count(DISTINCT other.path) AS files
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       needed_by, files
ORDER BY needed_by DESC, path, start_line
LIMIT $limit

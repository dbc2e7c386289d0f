// answers: The longest atoms, and whether they could not be divided.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: atom_id, name, kind, path, start_line, loc, complexity, indivisible
// cost: grows with the plan's atoms
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.kind AS kind, atom.path AS path,
       atom.start_line AS start_line, atom.loc AS loc, atom.complexity AS complexity, atom.indivisible AS indivisible
ORDER BY loc DESC, path, start_line
LIMIT $limit

// answers: The next atoms of a plan by path and place in the file.
// param plan_id: string = "shop" — the plan
// param after_path: string = "" — path of the last atom already seen
// param after_number: integer = 0 — its atom_number
// param limit: integer = 100 — rows at most
// returns: atom — the properties of an atom
// cost: grows with the rows and the atoms of the file that the page begins in
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
WHERE atom.path >= $after_path AND (atom.path > $after_path OR atom.atom_number > $after_number)
RETURN properties(atom) AS atom
ORDER BY atom.path, atom.atom_number
LIMIT $limit

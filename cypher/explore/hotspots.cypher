// answers: Atoms that are complex and that many others need.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: atom_id, name, path, start_line, complexity, loc, needed_by
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
WHERE atom.complexity > 1
WITH atom, COUNT { (atom)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-() } AS needed_by
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       atom.complexity AS complexity, atom.loc AS loc, needed_by
ORDER BY complexity * needed_by DESC, path, start_line
LIMIT $limit

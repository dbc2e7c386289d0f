// answers: Atoms with code that need nothing in the plan and that nothing in it needs.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: atom_id, name, kind, path, start_line, loc
// cost: grows with the plan's atoms
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
WHERE atom.loc > 0 AND NOT EXISTS { (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-() }
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.kind AS kind, atom.path AS path,
       atom.start_line AS start_line, atom.loc AS loc
ORDER BY loc DESC, path, start_line
LIMIT $limit

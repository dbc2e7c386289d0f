// answers: A picture of what the atom that needs most needs, and of what that needs in turn.
// param plan_id: string = "shop" — the plan
// returns: path
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
WITH atom, COUNT { (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->() } AS needs
ORDER BY needs DESC, atom.atom_id LIMIT 1
MATCH path = (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP*1..2]->()
RETURN path
ORDER BY length(path)
LIMIT 60

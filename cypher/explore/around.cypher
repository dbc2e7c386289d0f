// answers: The atoms of a plan that some of its atoms need or are needed by, the most connected to them first.
// param plan_id: string = "shop" — the plan
// param atom_ids: list<string> = ["a1"] — where to start
// param limit: integer = 100 — rows at most
// returns: atom_id
// cost: grows with the dependencies of those atoms
// access: read
// audience: public
UNWIND $atom_ids AS atom_id
MATCH (atom:Atom {atom_id: atom_id})
WHERE atom.plan_id = $plan_id
MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other:Atom)
WHERE NOT other.atom_id IN $atom_ids
RETURN other.atom_id AS atom_id, count(need) AS links
ORDER BY links DESC, atom_id
LIMIT $limit

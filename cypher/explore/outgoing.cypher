// answers: All dependencies of some atoms of a plan.
// param plan_id: string = "shop" — the plan
// param atom_ids: list<string> = ["a1"] — the atoms
// param limit: integer = 1000 — rows at most
// returns: source, target, type, weight, cut, type_only
// cost: grows with what those atoms need
// access: read
// audience: public
UNWIND $atom_ids AS atom_id
MATCH (atom:Atom {atom_id: atom_id})
WHERE atom.plan_id = $plan_id
MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other:Atom)
RETURN atom.atom_id AS source, other.atom_id AS target, type(need) AS type, need.weight AS weight, need.cut AS cut,
       need.type_only AS type_only
ORDER BY source, target, type
LIMIT $limit

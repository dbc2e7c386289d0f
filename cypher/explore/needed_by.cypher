// answers: What needs an atom, and why.
// param plan_id: string = "shop" — the plan
// param atom_id: string = "a1" — the atom
// param limit: integer = 100 — rows at most
// returns: type, atom_id, name, path, start_line, wave, dependency — properties of the dependency with its evidence
// cost: grows with what needs the atom
// access: read
// audience: public
MATCH (:Atom {plan_id: $plan_id, atom_id: $atom_id})<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other:Atom)
RETURN type(need) AS type, other.atom_id AS atom_id, other.name AS name, other.path AS path,
       other.start_line AS start_line, other.wave AS wave, properties(need) AS dependency
ORDER BY path, start_line, type
LIMIT $limit

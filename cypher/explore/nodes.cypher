// answers: What a drawing shows of some atoms of a plan.
// param plan_id: string = "shop" — the plan
// param atom_ids: list<string> = ["a1"] — the atoms
// returns: atom_id, name, qualified_name, kind, language, path, start_line, end_line, wave, cycle_id
// cost: grows with those atoms
// access: read
// audience: public
UNWIND $atom_ids AS atom_id
MATCH (atom:Atom {atom_id: atom_id})
WHERE atom.plan_id = $plan_id
RETURN atom.atom_id AS atom_id, atom.name AS name, atom.qualified_name AS qualified_name, atom.kind AS kind,
       atom.language AS language, atom.path AS path, atom.start_line AS start_line, atom.end_line AS end_line,
       atom.wave AS wave, atom.cycle_id AS cycle_id
ORDER BY path, start_line

// answers: The atoms of a plan without their code, in the order of files, for a drawing.
// param plan_id: string = "shop" — the plan
// returns: id — of the node, atom_id, name, kind, path, start_line, loc, wave, cycle_id, module_id
// cost: grows with the plan's atoms
// access: read
MATCH (atom:Atom {plan_id: $plan_id})
RETURN id(atom) AS id, atom.atom_id AS atom_id, atom.qualified_name AS name, atom.kind AS kind, atom.path AS path,
       atom.start_line AS start_line, atom.loc AS loc, atom.wave AS wave, atom.cycle_id AS cycle_id,
       atom.module_id AS module_id
ORDER BY path, atom.atom_number

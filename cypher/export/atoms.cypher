// answers: The atoms of a plan without their code, a row for each file, for a drawing. (A row for each atom takes the driver six times as long.)
// param plan_id: string = "shop" — the plan
// returns: path, atoms — of each, in order: id of the node, atom_id, qualified_name, kind, start_line, loc, wave, cycle_id, module_id
// cost: grows with the plan's atoms
// access: read
// audience: service
MATCH (atom:Atom {plan_id: $plan_id})
WITH atom ORDER BY atom.path, atom.atom_number
RETURN atom.path AS path,
       collect([id(atom), atom.atom_id, atom.qualified_name, atom.kind, atom.start_line, atom.loc, atom.wave,
                atom.cycle_id, atom.module_id]) AS atoms
ORDER BY path

// answers: The nodes of atoms.
// param atom_ids: list<string> = ["a1"] — the atoms
// returns: atom_id, id — its node id
// cost: grows with the atoms asked for
// access: read
// audience: service
UNWIND $atom_ids AS atom_id
MATCH (atom:Atom {atom_id: atom_id})
RETURN atom_id, id(atom) AS id

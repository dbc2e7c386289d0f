// answers: The cycles that some atoms are in.
// param ids: list<integer> = [11] — node ids of the atoms
// returns: id — node id of the atom, cycle_id
// cost: grows with the atoms
// access: read
// audience: service
UNWIND $ids AS id
MATCH (atom) WHERE id(atom) = id AND atom.cycle_id IS NOT NULL
RETURN id, atom.cycle_id AS cycle_id

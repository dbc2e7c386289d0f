// answers: The files whose atoms depend on some atoms.
// param ids: list<string> = ["a1"] — the atoms that are needed
// returns: path
// cost: grows with the dependencies on the atoms
// access: read
// audience: service
UNWIND $ids AS atom_id
MATCH (:Atom {atom_id: atom_id})<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(needing:Atom)
RETURN DISTINCT needing.path AS path

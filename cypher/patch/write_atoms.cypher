// answers: Gives atoms that stay another text or place.
// param rows: list = [[11, "a1", 1, "f", "m.f", "function", "function_definition", "python", "a.py", 0, 12, 1, 1, 1, 1, true, "def f(): ...", "def f()", "", "9f86d0"]] — node id of the atom, then as in staging/atoms
// returns: nothing
// cost: grows with the rows
// access: write
// audience: service
UNWIND $rows AS row
MATCH (atom) WHERE id(atom) = row[0]
SET atom.atom_id = row[1], atom.atom_number = row[2], atom.name = row[3], atom.qualified_name = row[4],
    atom.kind = row[5], atom.node_type = row[6], atom.start_byte = row[9], atom.end_byte = row[10],
    atom.start_line = row[11], atom.end_line = row[12], atom.loc = row[13], atom.complexity = row[14],
    atom.indivisible = row[15], atom.code = row[16], atom.signature = row[17], atom.docstring = row[18],
    atom.content_hash = row[19], atom.status = 'imported', atom.created_at = datetime()

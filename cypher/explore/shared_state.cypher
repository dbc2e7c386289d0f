// answers: Module-level variables that code of other files reads, the most widely read first.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: name, path, start_line, readers — atoms in other files, files
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})<-[need:DATA_DEP]-(reader)
WHERE reader.path <> atom.path
UNWIND need.symbols AS name
WITH atom, name, reader
WHERE EXISTS { (atom)-[:DEFINES]->(:Symbol {kind: 'variable', name: name})-[:MEMBER_OF]->(:Symbol {kind: 'module'}) }
WITH atom, name, count(DISTINCT reader) AS readers, count(DISTINCT reader.path) AS files
RETURN name, atom.path AS path, atom.start_line AS start_line, readers, files
ORDER BY readers DESC, path, start_line, name
LIMIT $limit

// answers: The atoms that can be worked on now: pending, and all that they need is completed or was imported. Those that most others wait for come first.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: atom_id, name, path, start_line, wave, waiting — how many atoms need it
// cost: grows with the atoms that are not completed and their dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
WHERE atom.status = 'pending'
  AND NOT EXISTS {
    MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(needed)
    WHERE NOT need.cut AND NOT needed.status IN ['completed', 'imported']
  }
WITH atom, COUNT { (atom)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-() WHERE NOT need.cut } AS waiting
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       atom.wave AS wave, waiting
ORDER BY waiting DESC, wave, path, start_line
LIMIT $limit

// answers: A picture of the atoms of the last wave and of the chain of atoms, a wave each, that they have to wait for.
// param plan_id: string = "shop" — the plan
// returns: path, wave — the wave that each atom of the path is in
// cost: grows with the dependencies of the atoms on the chains
// access: read
// audience: public
MATCH (wave:Wave {plan_id: $plan_id})
WITH max(wave.number) AS last
MATCH (atom:Atom {plan_id: $plan_id, wave: last})
WITH atom, last ORDER BY atom.atom_id LIMIT 1
MATCH path = (atom) ((waiting)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(awaited)
  WHERE NOT need.cut AND awaited.wave = waiting.wave - 1){0,8} (end)-[:IN_WAVE]->(wave:Wave)
RETURN path, wave
ORDER BY length(path) DESC
LIMIT 30

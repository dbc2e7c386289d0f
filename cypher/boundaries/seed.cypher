// answers: Begins modules: every atom that has none gets one of its own, the atoms of a cycle share one. Modules that are there keep their atoms, apart from those of a cycle that is new. Working properties: strength of an atom (the weights of all its dependencies) and of a module, size and place (of its first atom in the order of files).
// param plan_id: string = "shop" — the plan
// param adjacent: float = 0.5 — weight of being next to each other in a file
// returns: modules — how many there are
// cost: grows with the plan's atoms and dependencies
// access: write
// audience: service
MATCH (atom:Atom {plan_id: $plan_id})
CALL (atom) {
  OPTIONAL MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP|NEXT]-(other)
  WHERE other <> atom
  RETURN coalesce(sum(coalesce(need.weight * need.confidence, $adjacent)), 0.0) AS strength
}
SET atom.strength = strength
WITH atom ORDER BY atom.path, atom.atom_number
WITH collect(atom) AS atoms
UNWIND range(0, size(atoms) - 1) AS place
WITH atoms[place] AS atom, place
SET atom.place = place
WITH coalesce(atom.cycle_id, atom.atom_id) AS unit, collect(atom) AS members
CALL (members) {
  UNWIND members AS member
  OPTIONAL MATCH (member)-[held:IN_MODULE]->(module)
  WITH collect(held) AS held, collect(DISTINCT module) AS modules
  FOREACH (one IN CASE WHEN size(modules) = 1 AND size(held) = size(members) THEN [] ELSE held END | DELETE one)
  RETURN size(modules) = 1 AND size(held) = size(members) AS settled
}
WITH unit, members, settled
CALL (unit, members, settled) {
  WITH unit, members WHERE NOT settled
  CREATE (module:Module {plan_id: $plan_id, module_id: 'working-' + unit})
  FOREACH (member IN members | CREATE (member)-[:IN_MODULE]->(module))
}
WITH count(*) AS units
MATCH (module:Module {plan_id: $plan_id})
CALL (module) {
  OPTIONAL MATCH (module)<-[:IN_MODULE]-(atom)
  RETURN count(atom) AS size, coalesce(sum(atom.strength), 0.0) AS strength, min(atom.place) AS place
}
SET module.size = size, module.strength = strength, module.place = place
WITH module, size
CALL (module, size) {
  WITH module WHERE size = 0
  DETACH DELETE module
}
RETURN count(CASE WHEN size > 0 THEN 1 END) AS modules

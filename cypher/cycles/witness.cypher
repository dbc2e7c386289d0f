// answers: A shortest cycle through an atom: what makes it part of a cycle. No row where it is in none.
// param plan_id: string = "shop" — the plan
// param atom_id: string = "a1" — the atom
// returns: step — from 1, source, target, type, symbols, evidence — list of line:column, cut
// cost: grows with the dependencies of the atoms in its cycle
// access: read
// audience: public
MATCH (atom:Atom {atom_id: $atom_id})
WHERE atom.plan_id = $plan_id AND atom.cycle_id IS NOT NULL
CALL (atom) {
  MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(atom)
  RETURN [need] AS needs LIMIT 1
UNION ALL
  MATCH (atom)-[first:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(next WHERE next.cycle_id = atom.cycle_id AND next <> atom)
  MATCH back = SHORTEST 1 (next)(()-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(within WHERE within.cycle_id = atom.cycle_id))+(atom)
  RETURN [first] + relationships(back) AS needs
}
WITH needs ORDER BY size(needs), [need IN needs | need.cut], [need IN needs | endNode(need).atom_id], [need IN needs | type(need)] LIMIT 1
UNWIND range(1, size(needs)) AS step
WITH step, needs[step - 1] AS need, startNode(needs[step - 1]) AS source, endNode(needs[step - 1]) AS target
RETURN step, source.path + ':' + toString(source.start_line) AS source,
       target.path + ':' + toString(target.start_line) AS target, type(need) AS type, need.symbols AS symbols,
       need.evidence AS evidence, need.cut AS cut
ORDER BY step

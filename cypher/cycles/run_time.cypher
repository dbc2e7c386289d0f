// answers: The cycles that are left where dependencies that only types need do not count: what can go wrong at run time.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: cycle_id, atoms — of the cycle, those that a run-time cycle goes through, size — all its atoms, files
// cost: grows with the atoms in cycles times the dependencies of their cycle
// access: read
// audience: public
MATCH (cycle:Cycle {plan_id: $plan_id})<-[:IN_CYCLE]-(atom)
CALL (atom) {
  MATCH (atom)-[own:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(atom)
  WHERE NOT own.type_only
  RETURN 1 AS found LIMIT 1
UNION
  MATCH (atom)-[first:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP WHERE NOT first.type_only]->(next WHERE next.cycle_id = atom.cycle_id AND next <> atom)
  MATCH SHORTEST 1 (next)(()-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP WHERE NOT need.type_only]->(within WHERE within.cycle_id = atom.cycle_id))+(atom)
  RETURN 1 AS found LIMIT 1
}
RETURN cycle.cycle_id AS cycle_id, count(atom) AS atoms, cycle.size AS size, collect(DISTINCT atom.path) AS files
ORDER BY atoms DESC, cycle_id
LIMIT $limit

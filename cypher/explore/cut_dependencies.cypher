// answers: The dependencies that were cut so that layering ends, and why each.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: cycle_id, size, source, target, type, symbols, reason
// cost: grows with the dependencies of the atoms in cycles
// access: read
// audience: public
MATCH (cycle:Cycle {plan_id: $plan_id})<-[:IN_CYCLE]-(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
WHERE need.cut
RETURN cycle.cycle_id AS cycle_id, cycle.size AS size, atom.path + ':' + toString(atom.start_line) AS source,
       other.path + ':' + toString(other.start_line) AS target, type(need) AS type, need.symbols AS symbols,
       need.cut_reason AS reason
ORDER BY size DESC, cycle_id, source, target, type
LIMIT $limit

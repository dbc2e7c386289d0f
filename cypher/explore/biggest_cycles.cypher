// answers: The cycles with most atoms, and the files that they go through.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: cycle_id, size, types, cut_edges, files — list of [path, atoms]
// cost: grows with the atoms in cycles
// access: read
// audience: public
MATCH (cycle:Cycle {plan_id: $plan_id})
WITH cycle ORDER BY cycle.size DESC, cycle.cycle_id LIMIT $limit
CALL (cycle) {
  MATCH (cycle)<-[:IN_CYCLE]-(atom)
  WITH atom.path AS path, count(*) AS atoms ORDER BY atoms DESC, path
  RETURN collect([path, atoms]) AS files
}
RETURN cycle.cycle_id AS cycle_id, cycle.size AS size, cycle.types AS types, cycle.cut_edges AS cut_edges, files
ORDER BY size DESC, cycle_id

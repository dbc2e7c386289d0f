// answers: For each of the biggest cycles its shortest way round, by the atom at which that begins. Ways of two and three atoms are looked for first; where there is none, every atom of the cycle is asked.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: cycle_id, size, length — atoms of the way, places — list of path:line, in order
// cost: grows with the dependencies of the atoms in cycles; where a cycle has no way of two or three, with its atoms times that
// access: read
// audience: public
MATCH (cycle:Cycle {plan_id: $plan_id})
WHERE cycle.size > 1
WITH cycle ORDER BY cycle.size DESC, cycle.cycle_id LIMIT $limit
CALL (cycle) {
  CALL (cycle) {
    MATCH (cycle)<-[:IN_CYCLE]-(a)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(b)
    WHERE b.cycle_id = a.cycle_id AND a.atom_id < b.atom_id AND EXISTS { (b)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(a) }
    RETURN [a, b] AS way ORDER BY a.atom_id, b.atom_id LIMIT 1
  UNION ALL
    MATCH (cycle)<-[:IN_CYCLE]-(a)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(b)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(c)
    WHERE b.cycle_id = a.cycle_id AND c.cycle_id = a.cycle_id AND a.atom_id < b.atom_id AND a.atom_id < c.atom_id
      AND b <> c AND EXISTS { (c)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(a) }
    RETURN [a, b, c] AS way ORDER BY a.atom_id, b.atom_id, c.atom_id LIMIT 1
  }
  RETURN way AS short ORDER BY size(way) LIMIT 1
UNION ALL
  WITH cycle
  WHERE NOT EXISTS {
      MATCH (cycle)<-[:IN_CYCLE]-(a)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(b)
      WHERE b.cycle_id = a.cycle_id AND a <> b AND EXISTS { (b)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(a) }
    } AND NOT EXISTS {
      MATCH (cycle)<-[:IN_CYCLE]-(a)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(b)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(c)
      WHERE b.cycle_id = a.cycle_id AND c.cycle_id = a.cycle_id AND b <> a AND c <> a AND EXISTS { (c)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(a) }
    }
  CALL (cycle) {
    MATCH (cycle)<-[:IN_CYCLE]-(a)
    CALL (a) {
      MATCH (a)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(next WHERE next.cycle_id = a.cycle_id AND next <> a)
      MATCH back = SHORTEST 1 (next)(()-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(within WHERE within.cycle_id = a.cycle_id))+(a)
      RETURN [a] + nodes(back)[0..-1] AS way ORDER BY length(back), next.atom_id LIMIT 1
    }
    RETURN way ORDER BY size(way), a.atom_id LIMIT 1
  }
  RETURN way AS short
}
RETURN cycle.cycle_id AS cycle_id, cycle.size AS size, size(short) AS length,
       [atom IN short | atom.path + ':' + toString(atom.start_line)] AS places
ORDER BY size DESC, cycle_id

// answers: Joins modules that are too small, the smallest first, with one that has room: the one to which most dependencies lead beyond what chance gives, else one of the same file, else the nearest in the order of files. Repeats.
// param plan_id: string = "shop" — the plan
// param adjacent: float = 0.5 — weight of being next to each other in a file
// param least: integer = 10 — atoms that a module should have at least
// param most: integer = 20 — atoms that a module has at most
// param passes: integer = 4 — how often every module is asked
// returns: merged — modules that are gone
// cost: grows with passes times the dependencies and files of the small modules, and with their number times that of modules
// access: write
// audience: service
MATCH (module:Module {plan_id: $plan_id})
WITH sum(module.strength) AS whole
UNWIND range(1, $passes) AS pass
CALL (whole) {
  MATCH (module:Module {plan_id: $plan_id})
  WHERE module.size < $least
  WITH whole, module ORDER BY module.size, module.place
  WITH whole, collect(module) AS modules
  UNWIND modules AS module
  CALL (whole, module) {
    WITH whole, module WHERE module.size > 0 AND module.size < $least
    CALL (whole, module) {
      MATCH (module)<-[:IN_MODULE]-(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP|NEXT]-(other)-[:IN_MODULE]->(near)
      WHERE near <> module AND near.size + module.size <= $most
      WITH whole, module, near, sum(coalesce(need.weight * need.confidence, $adjacent)) AS shared
      RETURN near, 0 AS rank, module.strength * near.strength / whole - shared AS cost ORDER BY cost, near.place LIMIT 1
    UNION ALL
      MATCH (module)<-[:IN_MODULE]-(atom)<-[:CONTAINS]-(file)-[:CONTAINS]->(other)-[:IN_MODULE]->(near)
      WHERE near <> module AND near.size + module.size <= $most
      WITH DISTINCT module, near
      RETURN near, 1 AS rank, toFloat(abs(near.place - module.place)) AS cost ORDER BY cost, near.place LIMIT 1
    UNION ALL
      MATCH (near:Module {plan_id: $plan_id})
      WHERE near <> module AND near.size > 0 AND near.size + module.size <= $most
      RETURN near, 2 AS rank, toFloat(abs(near.place - module.place)) AS cost ORDER BY cost, near.place LIMIT 1
    }
    WITH module, near ORDER BY rank, cost LIMIT 1
    MATCH (module)<-[held:IN_MODULE]-(atom)
    DELETE held
    CREATE (atom)-[:IN_MODULE]->(near)
    WITH module, near, count(atom) AS atoms
    SET near.size = near.size + module.size, near.strength = near.strength + module.strength,
        near.place = CASE WHEN near.place < module.place THEN near.place ELSE module.place END,
        module.size = 0
    RETURN count(*) AS merged
  }
  RETURN sum(merged) AS merged
}
WITH sum(merged) AS merged
CALL () {
  MATCH (module:Module {plan_id: $plan_id, size: 0})
  DETACH DELETE module
}
RETURN merged

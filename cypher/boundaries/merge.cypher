// answers: Joins modules, the smallest first, with the neighbour where that adds most to modularity and where both together are not too large. Repeats.
// param plan_id: string = "shop" — the plan
// param adjacent: float = 0.5 — weight of being next to each other in a file
// param most: integer = 20 — atoms that a module has at most
// param passes: integer = 8 — how often every module is asked
// returns: merged — modules that are gone
// cost: grows with passes times the plan's dependencies
// access: write
// audience: service
MATCH (module:Module {plan_id: $plan_id})
WITH sum(module.strength) AS whole
UNWIND range(1, $passes) AS pass
CALL (whole) {
  MATCH (module:Module {plan_id: $plan_id})
  WITH whole, module ORDER BY module.size, module.place
  WITH whole, collect(module) AS modules
  UNWIND modules AS module
  CALL (whole, module) {
    WITH whole, module WHERE module.size > 0 AND module.size < $most
    MATCH (module)<-[:IN_MODULE]-(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP|NEXT]-(other)-[:IN_MODULE]->(near)
    WHERE near <> module AND near.size + module.size <= $most
    WITH whole, module, near, sum(coalesce(need.weight * need.confidence, $adjacent)) AS shared
    WITH module, near, shared - module.strength * near.strength / whole AS gain
    WHERE gain > 0
    WITH module, near ORDER BY gain DESC, near.place LIMIT 1
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

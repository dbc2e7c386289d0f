// answers: Joins components, the smallest first, with the neighbour where that adds most to modularity and where both together are not too large; those that are too small, with whatever has room and is nearest. Repeats.
// param plan_id: string = "shop" — the plan
// param adjacent: float = 0.5 — weight of being next to each other in a file
// param least: integer = 50 — atoms that a component should have at least
// param most: integer = 100 — atoms that a component has at most
// param passes: integer = 6 — how often every component is asked
// returns: merged — components that are gone
// cost: grows with passes times the plan's dependencies, and with the number of small components times that of all
// access: write
// audience: service
MATCH (component:Component {plan_id: $plan_id})
WITH sum(component.strength) AS whole
UNWIND range(1, $passes) AS pass
CALL (whole, pass) {
  MATCH (component:Component {plan_id: $plan_id})
  WITH whole, pass, component ORDER BY component.size, component.place
  WITH whole, pass, collect(component) AS components
  UNWIND components AS component
  CALL (whole, pass, component) {
    WITH whole, pass, component WHERE component.size > 0 AND component.size < $most
    CALL (whole, component) {
      MATCH (component)<-[:IN_COMPONENT]-()<-[:IN_MODULE]-(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP|NEXT]-(other)-[:IN_MODULE]->()-[:IN_COMPONENT]->(near)
      WHERE near <> component AND near.size + component.size <= $most
      WITH whole, component, near, sum(coalesce(need.weight * need.confidence, $adjacent)) AS shared
      RETURN near, 0 AS rank, component.strength * near.strength / whole - shared AS cost ORDER BY cost, near.place LIMIT 1
    UNION ALL
      WITH component WHERE component.size < $least
      MATCH (near:Component {plan_id: $plan_id})
      WHERE near <> component AND near.size > 0 AND near.size + component.size <= $most
      RETURN near, 1 AS rank, toFloat(abs(near.place - component.place)) AS cost ORDER BY cost, near.place LIMIT 1
    }
    WITH pass, component, near, rank, cost ORDER BY rank, cost LIMIT 1
    WITH component, near
    WHERE rank = 0 AND cost < 0 OR component.size < $least AND pass > 1
    MATCH (component)<-[held:IN_COMPONENT]-(module)
    DELETE held
    CREATE (module)-[:IN_COMPONENT]->(near)
    WITH component, near, count(module) AS modules
    SET near.size = near.size + component.size, near.strength = near.strength + component.strength,
        near.place = CASE WHEN near.place < component.place THEN near.place ELSE component.place END,
        component.size = 0
    RETURN count(*) AS merged
  }
  RETURN sum(merged) AS merged
}
WITH sum(merged) AS merged
CALL () {
  MATCH (component:Component {plan_id: $plan_id, size: 0})
  DETACH DELETE component
}
RETURN merged

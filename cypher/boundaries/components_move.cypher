// answers: Moves modules to the component where they add most to modularity and that has room. Repeats.
// param plan_id: string = "shop" — the plan
// param adjacent: float = 0.5 — weight of being next to each other in a file
// param most: integer = 100 — atoms that a component has at most
// param passes: integer = 4 — how often every module is asked
// returns: moved — moves in the last pass that had any
// cost: grows with passes times the plan's dependencies
// access: write
// audience: service
MATCH (component:Component {plan_id: $plan_id})
WITH sum(component.strength) AS whole
CALL () {
  MATCH (module:Module {plan_id: $plan_id})
  WITH module ORDER BY module.place
  RETURN collect(module) AS modules
}
UNWIND range(1, $passes) AS pass
CALL (whole, modules) {
  UNWIND modules AS module
  CALL (whole, module) {
    MATCH (module)-[held:IN_COMPONENT]->(home)
    MATCH (module)<-[:IN_MODULE]-(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP|NEXT]-(other)-[:IN_MODULE]->(beside)-[:IN_COMPONENT]->(near)
    WHERE beside <> module
    WITH whole, module, held, home, near, near = home AS stays, sum(coalesce(need.weight * need.confidence, $adjacent)) AS shared
    WHERE stays OR near.size + module.size <= $most
    WITH whole, module, held, home, near, stays,
         shared - module.strength * (near.strength - CASE WHEN stays THEN module.strength ELSE 0.0 END) / whole AS gain
    ORDER BY gain DESC, stays DESC, near.place
    WITH whole, module, held, home, collect({component: near, gain: gain, stays: stays}) AS options
    WITH module, held, home, options[0] AS best,
         coalesce([option IN options WHERE option.stays | option.gain][0],
                  -module.strength * (home.strength - module.strength) / whole) AS gain_at_home
    WHERE NOT best.stays AND best.gain > gain_at_home + 0.000001
    WITH module, held, home, best.component AS component
    DELETE held
    CREATE (module)-[:IN_COMPONENT]->(component)
    SET component.size = component.size + module.size, component.strength = component.strength + module.strength,
        home.size = home.size - module.size, home.strength = home.strength - module.strength
    WITH home
    CALL (home) {
      WITH home WHERE home.size = 0
      DELETE home
    }
    RETURN count(*) AS moved
  }
  RETURN sum(moved) AS moved
}
RETURN [each IN collect(moved) WHERE each > 0][-1] AS moved

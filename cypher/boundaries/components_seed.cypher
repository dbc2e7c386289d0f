// answers: Begins components: every module that has none gets one of its own.
// param plan_id: string = "shop" — the plan
// returns: components — how many there are
// cost: grows with the plan's modules
// access: write
// audience: service
CALL () {
  MATCH (module:Module {plan_id: $plan_id})
  WHERE NOT EXISTS { (module)-[:IN_COMPONENT]->() }
  CREATE (module)-[:IN_COMPONENT]->(:Component {plan_id: $plan_id, component_id: 'working-' + module.module_id})
}
MATCH (component:Component {plan_id: $plan_id})
CALL (component) {
  OPTIONAL MATCH (component)<-[:IN_COMPONENT]-(module)
  RETURN coalesce(sum(module.size), 0) AS size, coalesce(sum(module.strength), 0.0) AS strength, min(module.place) AS place
}
SET component.size = size, component.strength = strength, component.place = place
WITH component, size
CALL (component, size) {
  WITH component WHERE size = 0
  DETACH DELETE component
}
RETURN count(CASE WHEN size > 0 THEN 1 END) AS components

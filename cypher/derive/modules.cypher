// answers: The modules of a plan with the components that they are in, where its boundaries were found.
// param plan_id: string = "shop" — the plan
// returns: module_id, name, component_id, component
// cost: grows with the plan's modules
// access: read
// audience: service
MATCH (module:Module {plan_id: $plan_id})-[:IN_COMPONENT]->(component)
RETURN module.module_id AS module_id, module.name AS name, component.component_id AS component_id, component.name AS component
ORDER BY module_id

// answers: The names of a plan's modules, for a drawing.
// param plan_id: string = "shop" — the plan
// returns: module_id, name
// cost: grows with the plan's modules
// access: read
// audience: service
MATCH (module:Module {plan_id: $plan_id})
RETURN module.module_id AS module_id, module.name AS name

// answers: The modules of a plan with their figures, those with the least cohesion first.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: module_id, name, component, atoms, loc, cohesion, coupling, instability, abstractness, distance — from the main sequence (Martin): 0 is best, 1 worst
// cost: grows with the plan's modules
// access: read
// audience: public
MATCH (module:Module {plan_id: $plan_id})-[:IN_COMPONENT]->(component)
RETURN module.module_id AS module_id, module.name AS name, component.name AS component, module.atoms AS atoms, module.loc AS loc,
       module.cohesion AS cohesion, module.coupling AS coupling, module.instability AS instability,
       module.abstractness AS abstractness, abs(module.abstractness + module.instability - 1) AS distance
ORDER BY cohesion, atoms DESC, module_id
LIMIT $limit

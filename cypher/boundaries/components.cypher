// answers: The components of a plan with their figures, the largest first.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: component_id, name, modules, atoms, loc, cohesion, coupling, instability, abstractness
// cost: grows with the plan's components
// access: read
// audience: public
MATCH (component:Component {plan_id: $plan_id})
RETURN component.component_id AS component_id, component.name AS name, COUNT { (component)<-[:IN_COMPONENT]-() } AS modules,
       component.atoms AS atoms, component.loc AS loc, component.cohesion AS cohesion, component.coupling AS coupling,
       component.instability AS instability, component.abstractness AS abstractness
ORDER BY atoms DESC, component_id
LIMIT $limit

// answers: A picture of the component of most modules, with its modules and their atoms.
// param plan_id: string = "shop" — the plan, after `mge boundaries build`
// returns: path
// cost: grows with the plan's modules
// access: read
// audience: public
MATCH (component:Component {plan_id: $plan_id})
WITH component, COUNT { (component)<-[:IN_COMPONENT]-() } AS modules
ORDER BY modules DESC, component.component_id LIMIT 1
MATCH path = (component)<-[:IN_COMPONENT]-(module)<-[:IN_MODULE]-(atom)
RETURN path
LIMIT 100

// answers: Forgets the modules and components of a plan.
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: grows with the plan's atoms
// access: write
// audience: service
CALL () {
  MATCH (component:Component {plan_id: $plan_id})
  DETACH DELETE component
}
CALL () {
  MATCH (module:Module {plan_id: $plan_id})
  DETACH DELETE module
}
CALL () {
  MATCH (atom:Atom {plan_id: $plan_id}) WHERE atom.module_id IS NOT NULL
  REMOVE atom.module_id
}

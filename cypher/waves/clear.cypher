// answers: Forgets the waves of a plan.
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: grows with the plan's atoms
// access: write
// audience: service
CALL () {
  MATCH (wave:Wave {plan_id: $plan_id}) WHERE wave.number IS NOT NULL
  DETACH DELETE wave
}
CALL () {
  MATCH (atom:Atom {plan_id: $plan_id}) WHERE atom.wave IS NOT NULL
  REMOVE atom.wave
}

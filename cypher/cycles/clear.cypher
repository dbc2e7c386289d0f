// answers: Forgets the cycles of a plan and undoes its cuts.
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: grows with the plan's cycles and the dependencies of the atoms in them
// access: write
// audience: service
CALL () {
  MATCH (cycle:Cycle {plan_id: $plan_id})<-[:IN_CYCLE]-(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->()
  WHERE need.cut
  SET need.cut = false
  REMOVE need.cut_reason
}
CALL () {
  MATCH (cycle:Cycle {plan_id: $plan_id})<-[:IN_CYCLE]-(atom)
  REMOVE atom.cycle_id
}
CALL () {
  MATCH (cycle:Cycle {plan_id: $plan_id})
  DETACH DELETE cycle
}

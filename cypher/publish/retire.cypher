// answers: Takes all that a plan holds out of the readers' sight, within the caller's transaction.
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: grows with the plan's nodes
// access: write
// audience: service
CALL () {
  MATCH (:Plan {plan_id: $plan_id})-[held:HAS_FILE|HAS_BUILD]->()
  DELETE held
}
CALL () {
  MATCH (n:Atom {plan_id: $plan_id})
  SET n:Retired REMOVE n:Atom
}
CALL () {
  MATCH (n:File {plan_id: $plan_id}) WHERE n.path IS NOT NULL
  SET n:Retired REMOVE n:File
}
CALL () {
  MATCH (n:Symbol {plan_id: $plan_id}) WHERE n.qualified_name IS NOT NULL
  SET n:Retired REMOVE n:Symbol
}
CALL () {
  MATCH (n:External {plan_id: $plan_id}) WHERE n.ecosystem IS NOT NULL AND n.name IS NOT NULL
  SET n:Retired REMOVE n:External
}
CALL () {
  MATCH (n:Wave {plan_id: $plan_id}) WHERE n.number IS NOT NULL
  SET n:Retired REMOVE n:Wave
}
CALL () {
  MATCH (n:Cycle {plan_id: $plan_id})
  SET n:Retired REMOVE n:Cycle
}
CALL () {
  MATCH (n:Module {plan_id: $plan_id})
  SET n:Retired REMOVE n:Module
}
CALL () {
  MATCH (n:Component {plan_id: $plan_id})
  SET n:Retired REMOVE n:Component
}
CALL () {
  MATCH (n:GraphBuild {plan_id: $plan_id})
  SET n:Retired REMOVE n:GraphBuild
}

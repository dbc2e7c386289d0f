// answers: Every node of a plan, whole, for a copy of it.
// param plan_id: string = "shop" — the plan
// returns: id — the node's id in this database, labels, properties
// cost: grows with the plan's nodes
// access: read
// audience: service
CALL () {
  MATCH (node:Plan {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:GraphBuild {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:File {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:Atom {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:Symbol {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:External {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:Wave {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:Cycle {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:Module {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:Component {plan_id: $plan_id}) RETURN node
}
RETURN elementId(node) AS id, labels(node) AS labels, properties(node) AS properties

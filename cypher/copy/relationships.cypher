// answers: Every relationship of a plan, whole, for a copy of it.
// param plan_id: string = "shop" — the plan
// returns: source, target — ids of nodes in this database, type, properties
// cost: grows with the plan's relationships
// access: read
// audience: service
CALL () {
  MATCH (node:Plan {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:File {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:Atom {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:Symbol {plan_id: $plan_id}) RETURN node
  UNION ALL MATCH (node:Module {plan_id: $plan_id}) RETURN node
}
MATCH (node)-[related]->(target)
RETURN elementId(node) AS source, elementId(target) AS target, type(related) AS type,
       properties(related) AS properties

// answers: Which nodes a plan has, their properties, and what types of value those hold.
// param plan_id: string = "shop" — the plan
// returns: label, nodes, property, types, holding — how many of the nodes have the property
// cost: grows with the plan's nodes
// access: read
// audience: public
CALL () {
  MATCH (node:Plan {plan_id: $plan_id}) RETURN 'Plan' AS label, node
  UNION ALL MATCH (node:GraphBuild {plan_id: $plan_id}) RETURN 'GraphBuild' AS label, node
  UNION ALL MATCH (node:File {plan_id: $plan_id}) RETURN 'File' AS label, node
  UNION ALL MATCH (node:Atom {plan_id: $plan_id}) RETURN 'Atom' AS label, node
  UNION ALL MATCH (node:Symbol {plan_id: $plan_id}) RETURN 'Symbol' AS label, node
  UNION ALL MATCH (node:External {plan_id: $plan_id}) RETURN 'External' AS label, node
  UNION ALL MATCH (node:Wave {plan_id: $plan_id}) RETURN 'Wave' AS label, node
  UNION ALL MATCH (node:Cycle {plan_id: $plan_id}) RETURN 'Cycle' AS label, node
  UNION ALL MATCH (node:Module {plan_id: $plan_id}) RETURN 'Module' AS label, node
  UNION ALL MATCH (node:Component {plan_id: $plan_id}) RETURN 'Component' AS label, node
}
WITH label, collect(node) AS nodes
UNWIND nodes AS node
UNWIND keys(node) AS property
WITH label, size(nodes) AS nodes, property, valueType(node[property]) AS type, count(*) AS holding
ORDER BY label, property, type
RETURN label, nodes, property, collect(type) AS types, sum(holding) AS holding
ORDER BY label, property

// answers: Which relationships a plan has, between which nodes, their properties, and what types of value those hold.
// param plan_id: string = "shop" — the plan
// returns: type, source, target — labels, relationships, property — null where they have none, types, holding — how many have the property
// cost: grows with the plan's relationships
// access: read
// audience: public
CALL () {
  MATCH (node:Plan {plan_id: $plan_id})-[related]->(target) RETURN 'Plan' AS source, related, target
  UNION ALL MATCH (node:File {plan_id: $plan_id})-[related]->(target) RETURN 'File' AS source, related, target
  UNION ALL MATCH (node:Atom {plan_id: $plan_id})-[related]->(target) RETURN 'Atom' AS source, related, target
  UNION ALL MATCH (node:Symbol {plan_id: $plan_id})-[related]->(target) RETURN 'Symbol' AS source, related, target
  UNION ALL MATCH (node:Module {plan_id: $plan_id})-[related]->(target) RETURN 'Module' AS source, related, target
}
WITH type(related) AS type, source, labels(target)[0] AS target, related
WITH type, source, target, count(related) AS relationships, collect(related) AS each
UNWIND each AS related
UNWIND CASE WHEN size(keys(related)) = 0 THEN [null] ELSE keys(related) END AS property
WITH type, source, target, relationships, property, valueType(related[property]) AS value, count(*) AS holding
ORDER BY type, source, target, property, value
RETURN type, source, target, relationships, property, collect(value) AS types, sum(holding) AS holding
ORDER BY type, source, target, property

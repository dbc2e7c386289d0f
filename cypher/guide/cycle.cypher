// answers: A picture of the smallest cycle of at least two atoms: who needs whom, and which dependency was cut so that there is an order.
// param plan_id: string = "shop" — the plan
// returns: path
// cost: grows with the plan's cycles
// access: read
// audience: public
MATCH (cycle:Cycle {plan_id: $plan_id})
WHERE cycle.size > 1
WITH cycle ORDER BY cycle.size, cycle.cycle_id LIMIT 1
MATCH path = (cycle)<-[:IN_CYCLE]-(atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)-[:IN_CYCLE]->(cycle)
RETURN path
LIMIT 60

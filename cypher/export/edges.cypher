// answers: The dependencies of a plan without their evidence, in columns, for a drawing. (A row for each takes the driver twenty times as long.)
// param plan_id: string = "shop" — the plan
// returns: type, sources, targets — ids of nodes, weights, confidences, cut
// cost: grows with the plan's dependencies
// access: read
// audience: service
MATCH (source:Atom {plan_id: $plan_id})-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(target)
RETURN type(need) AS type, collect(id(source)) AS sources, collect(id(target)) AS targets,
       collect(need.weight) AS weights, collect(need.confidence) AS confidences, collect(need.cut) AS cut
ORDER BY type

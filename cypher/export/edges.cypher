// answers: The dependencies of a plan without their evidence, for a drawing.
// param plan_id: string = "shop" — the plan
// returns: source, target — ids of nodes, type, weight, confidence, cut
// cost: grows with the plan's dependencies
// access: read
MATCH (source:Atom {plan_id: $plan_id})-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(target)
RETURN id(source) AS source, id(target) AS target, type(need) AS type, need.weight AS weight,
       need.confidence AS confidence, need.cut AS cut

// answers: Who calls what a name defines, and where.
// param plan_id: string = "shop" — the plan
// param name: string = "Graph" — name or qualified name of a symbol
// param limit: integer = 20 — rows at most
// returns: caller, path, evidence — list of line:column, calls — what is called, kinds, confidence
// cost: grows with the plan's symbols and the calls
// access: read
// audience: public
MATCH (symbol:Symbol {plan_id: $plan_id})
WHERE symbol.name = $name OR symbol.qualified_name = $name
MATCH (symbol)<-[:DEFINES]-(called)<-[need:CONTROL_DEP]-(caller)
WHERE symbol.name IN need.symbols AND any(kind IN need.kinds WHERE kind IN ['call', 'instantiate', 'decorate'])
RETURN DISTINCT caller.qualified_name AS caller, caller.path AS path, need.evidence AS evidence,
       symbol.qualified_name AS calls, need.kinds AS kinds, need.confidence AS confidence
ORDER BY path, caller, calls
LIMIT $limit

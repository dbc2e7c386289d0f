// answers: Dependencies that a rule could not be sure of, the least certain first.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: source, target, type, symbols, rule, confidence, evidence — list of line:column
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
WHERE need.confidence < 1
RETURN atom.path + ':' + toString(atom.start_line) AS source, other.path + ':' + toString(other.start_line) AS target,
       type(need) AS type, need.symbols AS symbols, need.rule AS rule, need.confidence AS confidence,
       need.evidence AS evidence
ORDER BY confidence, source, target, type
LIMIT $limit

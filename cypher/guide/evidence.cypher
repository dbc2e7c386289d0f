// answers: Why some atoms need others: by which rule it is known, how sure that is, and where it stands in the file.
// param plan_id: string = "shop" — the plan
// returns: who, needs, type, kinds, symbols, path, evidence — list of line:column, rule, confidence
// cost: grows with the plan's atoms
// access: read
// audience: public
MATCH (who:Atom {plan_id: $plan_id})
WITH who ORDER BY who.wave DESC, who.atom_id LIMIT 5
MATCH (who)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
RETURN who.qualified_name AS who, other.qualified_name AS needs, type(need) AS type, need.kinds AS kinds,
       need.symbols AS symbols, who.path AS path, need.evidence AS evidence, need.rule AS rule, need.confidence AS confidence
ORDER BY who, needs, type
LIMIT 25

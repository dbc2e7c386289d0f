// answers: Dependencies that cross where a rule forbids it.
// param plan_id: string = "shop" — the plan
// param rules: list = [["no shop in tests", "shop/.*", "tests/.*"]] — rules as [name, regular expression of a path, of a path that it must not need]
// param types: list<string> = ["IMPORT_DEP", "TYPE_DEP", "CONTROL_DEP", "DATA_DEP"] — types of dependency that count
// param type_only: boolean = true — whether dependencies that only types need count
// param limit: integer = 20 — rows at most
// returns: rule, source — path:line, target — path:line, type, symbols, evidence — list of line:column
// cost: grows with the rules times the plan's files, and with the dependencies of those that a rule is about
// access: read
// audience: public
UNWIND $rules AS rule
MATCH (file:File {plan_id: $plan_id})
WHERE file.path =~ rule[1]
MATCH (file)-[:CONTAINS]->(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
WHERE other.path <> file.path AND other.path =~ rule[2] AND NOT file.path =~ rule[2] AND type(need) IN $types
  AND ($type_only OR NOT need.type_only)
RETURN rule[0] AS rule, atom.path + ':' + toString(atom.start_line) AS source,
       other.path + ':' + toString(other.start_line) AS target, type(need) AS type, need.symbols AS symbols,
       need.evidence AS evidence
ORDER BY rule, source, target, type
LIMIT $limit

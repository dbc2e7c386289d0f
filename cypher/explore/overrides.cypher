// answers: Methods that override another one.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: method, path, start_line, overrides, its_path, its_start_line
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})-[need:CONTROL_DEP]->(other)
WHERE 'override' IN need.kinds
RETURN atom.qualified_name AS method, atom.path AS path, atom.start_line AS start_line,
       other.qualified_name AS overrides, other.path AS its_path, other.start_line AS its_start_line
ORDER BY path, start_line, overrides
LIMIT $limit

// answers: Files that need each other for types alone: imports that a type checker wants and a run does not.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: path, needs — a path, dependencies
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
WHERE other.path <> atom.path
WITH atom.path AS path, other.path AS needs, count(*) AS dependencies, min(need.type_only) AS type_only
WHERE type_only
RETURN path, needs, dependencies
ORDER BY dependencies DESC, path, needs
LIMIT $limit

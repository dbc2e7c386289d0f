// answers: How folders depend on each other.
// param plan_id: string = "shop" — the plan
// param depth: integer = 1 — how many folders of a path count
// param limit: integer = 20 — rows at most
// returns: folder, needs — a folder, dependencies, atoms — in the first folder that have one, run_time — dependencies that exist at run time
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
WITH atom, split(atom.path, '/')[0..-1][0..$depth] AS folder
MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
WHERE other.path <> atom.path
WITH atom, need, folder, split(other.path, '/')[0..-1][0..$depth] AS needs
WHERE needs <> folder
WITH folder, needs, count(need) AS dependencies, count(DISTINCT atom) AS atoms,
     count(CASE WHEN NOT need.type_only THEN 1 END) AS run_time
ORDER BY dependencies DESC, folder, needs LIMIT $limit
RETURN reduce(path = '', part IN folder | path + part + '/') AS folder,
       reduce(path = '', part IN needs | path + part + '/') AS needs, dependencies, atoms, run_time

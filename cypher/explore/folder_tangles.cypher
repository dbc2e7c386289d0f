// answers: Folders that depend on each other both ways, what is cheapest to turn round first: layers that are not kept.
// param plan_id: string = "shop" — the plan
// param depth: integer = 1 — how many folders of a path count
// param limit: integer = 20 — rows at most
// returns: folder, other, there — dependencies of the first on the second, back — of the second on the first, which are fewer, example — one of those, path:line -> path:line
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
WITH atom, split(atom.path, '/')[0..-1][0..$depth] AS folder
MATCH (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
WHERE other.path <> atom.path
WITH atom, other, folder, split(other.path, '/')[0..-1][0..$depth] AS needs
WHERE needs <> folder
WITH folder, needs, count(*) AS dependencies,
     min(atom.path + ':' + toString(atom.start_line) + ' -> ' + other.path + ':' + toString(other.start_line)) AS example
WITH CASE WHEN folder < needs THEN [folder, needs] ELSE [needs, folder] END AS pair,
     collect({folder: folder, needs: needs, dependencies: dependencies, example: example}) AS ways
WHERE size(ways) = 2
WITH CASE WHEN ways[0].dependencies >= ways[1].dependencies THEN ways ELSE reverse(ways) END AS ways
WITH ways[0] AS there, ways[1] AS back
ORDER BY back.dependencies, there.dependencies DESC, back.example LIMIT $limit
RETURN reduce(path = '', part IN there.folder | path + part + '/') AS folder,
       reduce(path = '', part IN there.needs | path + part + '/') AS other,
       there.dependencies AS there, back.dependencies AS back, back.example AS example

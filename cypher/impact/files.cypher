// answers: The files that a change of some files can touch, and how near.
// param plan_id: string = "shop" — the plan
// param paths: list<string> = ["shop/cart.py"] — the files that change
// param limit: integer = 20 — rows at most
// returns: distance — dependencies away at least, path, atoms — that are touched
// cost: grows with the atoms of the files times what needs them
// access: read
// audience: public
MATCH (file:File {plan_id: $plan_id})
WHERE file.path IN $paths
MATCH (file)-[:CONTAINS]->(changed)
CALL (changed) {
  MATCH way = (changed)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP*1..]-(touched)
  WITH touched, min(length(way)) AS distance
  RETURN touched, distance
}
WITH touched, min(distance) AS distance
WHERE NOT touched.path IN $paths
RETURN min(distance) AS distance, touched.path AS path, count(touched) AS atoms
ORDER BY distance, atoms DESC, path
LIMIT $limit

// answers: What a change of some atoms can touch: every atom that needs one of them, directly or through others, by how far away it is.
// param plan_id: string = "shop" — the plan
// param atom_ids: list<string> = ["a1"] — the atoms that change
// param types: list<string> = ["IMPORT_DEP", "TYPE_DEP", "CONTROL_DEP", "DATA_DEP"] — types of dependency to follow
// param limit: integer = 20 — rows at most
// returns: distance, atom_id, name, path, start_line, type — of the dependency on the way to the change, symbols — of it, through — atom_id that it leads to, changed — atom_id at the end of the way
// cost: grows with the changed atoms times what needs them
// access: read
// audience: public
MATCH (changed:Atom {plan_id: $plan_id})
WHERE changed.atom_id IN $atom_ids
CALL (changed) {
  MATCH way = (changed)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP*1..]-(touched)
  WHERE all(need IN relationships(way) WHERE type(need) IN $types)
  WITH touched, min(length(way)) AS distance
  RETURN touched, distance
}
WITH touched, min([distance, changed.atom_id]) AS nearest
WHERE NOT touched.atom_id IN $atom_ids
WITH touched, nearest[0] AS distance, nearest[1] AS changed_id
ORDER BY distance, touched.path, touched.atom_number LIMIT $limit
MATCH (changed:Atom {atom_id: changed_id})
MATCH way = shortestPath((touched)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP*1..]->(changed))
WHERE all(need IN relationships(way) WHERE type(need) IN $types)
WITH touched, distance, changed_id, relationships(way)[0] AS need
RETURN distance, touched.atom_id AS atom_id, touched.qualified_name AS name, touched.path AS path,
       touched.start_line AS start_line, type(need) AS type, need.symbols AS symbols, endNode(need).atom_id AS through,
       changed_id AS changed
ORDER BY distance, path, start_line

// answers: The classes below a class, with their distance.
// param plan_id: string = "shop" — the plan
// param name: string = "Graph" — name or qualified name of a class
// param limit: integer = 20 — rows at most
// returns: name, path, start_line, distance — 1 for a direct subclass
// cost: grows with the plan's symbols and the classes below
// access: read
// audience: public
MATCH (symbol:Symbol {plan_id: $plan_id})
WHERE symbol.name = $name OR symbol.qualified_name = $name
MATCH (symbol)<-[:DEFINES]-(class)
CALL (class) {
  MATCH way = (class)<-[:TYPE_DEP*1..]-(below)
  WHERE all(need IN relationships(way) WHERE 'base' IN need.kinds)
  WITH below, min(length(way)) AS distance
  RETURN below, distance
}
RETURN below.qualified_name AS name, below.path AS path, below.start_line AS start_line, min(distance) AS distance
ORDER BY distance, path, start_line
LIMIT $limit

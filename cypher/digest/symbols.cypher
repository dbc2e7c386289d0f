// answers: The symbols of a plan, for a digest of the plan: all that does not depend on when and how it was made.
// param plan_id: string = "shop" — the plan
// returns: line — one JSON-like list a row
// cost: grows with the plan
// access: read
// audience: service
MATCH (symbol:Symbol {plan_id: $plan_id})
WHERE symbol.qualified_name IS NOT NULL
CALL (symbol) {
  OPTIONAL MATCH (symbol)<-[:DEFINES]-(atom)
  WITH atom.atom_id AS atom_id ORDER BY atom_id
  RETURN collect(atom_id) AS atoms
}
RETURN [
  symbol.qualified_name, symbol.name, symbol.kind, symbol.exported, symbol.path, atoms,
  [(symbol)-[:MEMBER_OF]->(whole) | whole.qualified_name]
] AS line

// answers: Where a name is defined.
// param plan_id: string = "shop" — the plan
// param name: string = "Graph" — the name, or a qualified one
// param limit: integer = 20 — rows at most
// returns: qualified_name, kind, exported, path, start_line, signature, needed_by — how many atoms
// cost: grows with the plan's symbols
// access: read
// audience: public
MATCH (symbol:Symbol {plan_id: $plan_id})
WHERE symbol.name = $name OR symbol.qualified_name = $name
MATCH (symbol)<-[:DEFINES]-(atom)
RETURN symbol.qualified_name AS qualified_name, symbol.kind AS kind, symbol.exported AS exported, atom.path AS path,
       atom.start_line AS start_line, atom.signature AS signature,
       COUNT { (atom)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-() } AS needed_by
ORDER BY needed_by DESC, qualified_name, path, start_line
LIMIT $limit

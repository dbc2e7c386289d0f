// answers: A shortest way by which one name comes to need another; of several definitions of a name, the three with most dependencies are tried.
// param plan_id: string = "shop" — the plan
// param source: string = "shortest_path" — name or qualified name of a symbol
// param target: string = "Graph" — name or qualified name of a symbol
// returns: step — from 0, name, path, start_line, by — type and symbols of the dependency that leads to it
// cost: grows with what the first name needs
// access: read
// audience: public
CALL () {
  MATCH (symbol:Symbol {plan_id: $plan_id})<-[:DEFINES]-(first)
  WHERE symbol.name = $source OR symbol.qualified_name = $source
  RETURN first ORDER BY COUNT { (first)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-() } DESC, first.atom_id LIMIT 3
}
CALL (first) {
  MATCH (symbol:Symbol {plan_id: $plan_id})<-[:DEFINES]-(last)
  WHERE (symbol.name = $target OR symbol.qualified_name = $target) AND last <> first
  RETURN last ORDER BY COUNT { (last)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-() } DESC, last.atom_id LIMIT 3
}
MATCH path = SHORTEST 1 (first)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->+(last)
WITH path ORDER BY length(path), [node IN nodes(path) | node.atom_id] LIMIT 1
UNWIND range(0, length(path)) AS step
WITH step, nodes(path)[step] AS atom, relationships(path)[step - 1] AS need
RETURN step, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       CASE step WHEN 0 THEN '' ELSE type(need) + ' ' + reduce(text = '', symbol IN need.symbols | text + ' ' + symbol) END AS by
ORDER BY step

// answers: All that writing an atom needs: the atoms that it needs with their text, what needs it with the place, and its neighbours in the file.
// param plan_id: string = "shop" — the plan
// param atom_id: string = "a1" — the atom
// param limit: integer = 20 — rows at most
// returns: role — itself, needs, needed_by, before or after, atom_id, name, path, start_line, kinds — of the dependencies, symbols, signature, docstring, code
// cost: grows with the atom's dependencies
// access: read
// audience: public
MATCH (atom:Atom {atom_id: $atom_id})
WHERE atom.plan_id = $plan_id
CALL (atom) {
  RETURN 0 AS rank, 'itself' AS role, atom AS other, [] AS kinds, [] AS symbols, 1.0 AS weight
UNION ALL
  MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
  WHERE other <> atom
  UNWIND need.kinds AS kind
  WITH other, collect(DISTINCT kind) AS kinds, reduce(all = [], names IN collect(DISTINCT need.symbols) | all + names) AS symbols,
       sum(need.weight * need.confidence) AS weight
  RETURN 1 AS rank, 'needs' AS role, other, kinds, symbols, weight
UNION ALL
  MATCH (atom)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
  WHERE other <> atom
  UNWIND need.kinds AS kind
  WITH other, collect(DISTINCT kind) AS kinds, reduce(all = [], names IN collect(DISTINCT need.symbols) | all + names) AS symbols,
       sum(need.weight * need.confidence) AS weight
  RETURN 3 AS rank, 'needed_by' AS role, other, kinds, symbols, weight
UNION ALL
  MATCH (atom)<-[:NEXT]-(other)
  RETURN 2 AS rank, 'before' AS role, other, [] AS kinds, [] AS symbols, 0.0 AS weight
UNION ALL
  MATCH (atom)-[:NEXT]->(other)
  RETURN 2 AS rank, 'after' AS role, other, [] AS kinds, [] AS symbols, 0.0 AS weight
}
RETURN role, other.atom_id AS atom_id, other.qualified_name AS name, other.path AS path, other.start_line AS start_line,
       kinds, symbols, other.signature AS signature, other.docstring AS docstring, other.code AS code
ORDER BY rank, weight DESC, path, start_line
LIMIT $limit

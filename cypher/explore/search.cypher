// answers: Atoms whose name, signature, docstring or code holds some words, the best fit first.
// param plan_id: string = "shop" — the plan
// param words: string = "shortest path" — words, or a Lucene query
// param limit: integer = 20 — rows at most
// returns: atom_id, name, path, start_line, signature, score
// cost: grows with the atoms of all plans that hold the words
// access: read
// audience: public
CALL db.index.fulltext.queryNodes('atom_text', $words) YIELD node AS atom, score
WHERE atom.plan_id = $plan_id
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       atom.signature AS signature, score
ORDER BY score DESC, path, start_line
LIMIT $limit

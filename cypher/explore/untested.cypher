// answers: Functions and classes that no test reaches, directly or through others; the most complex first. A call through a receiver of unknown type reaches nothing.
// param plan_id: string = "shop" — the plan
// param tests: pattern = "(.*/)?(tests?|__tests__|specs?)/.*|(.*/)?(test_[^/]*|conftest|[^/]*[._](test|spec))[.][a-z]+" — regular expression that the paths of tests match
// param limit: integer = 20 — rows at most
// returns: atom_id, name, path, start_line, complexity, loc
// cost: grows with the plan's dependencies
// access: read
// audience: public
CALL () {
  MATCH (atom:Atom {plan_id: $plan_id})
  WHERE atom.kind IN ['function', 'class'] AND NOT atom.path =~ $tests
  RETURN atom, false AS tested
UNION ALL
  MATCH path = (:Plan {plan_id: $plan_id})-[:HAS_FILE|CONTAINS|IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP*1..]->(atom:Atom)
  WHERE all(node IN nodes(path) WHERE node.sha256 IS NULL OR node.path =~ $tests)
  RETURN DISTINCT atom, true AS tested
}
WITH atom, max(tested) AS tested
WHERE NOT tested
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       atom.complexity AS complexity, atom.loc AS loc
ORDER BY complexity DESC, loc DESC, path, start_line
LIMIT $limit

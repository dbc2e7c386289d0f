// answers: Functions and classes that nothing in the plan refers to. What is only called from outside, by name at run time or through a receiver of unknown type is among them.
// param plan_id: string = "shop" — the plan
// param tests: pattern = "(.*/)?(tests?|__tests__|specs?)/.*|(.*/)?(test_[^/]*|conftest|[^/]*[._](test|spec))[.][a-z]+" — regular expression that the paths of tests match
// param limit: integer = 20 — rows at most
// returns: atom_id, name, kind, path, start_line, exported
// cost: grows with the plan's atoms
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
WHERE atom.kind IN ['function', 'class'] AND NOT atom.path =~ $tests AND NOT atom.name STARTS WITH '__'
  AND NOT EXISTS {
    MATCH (atom)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
    WHERE other <> atom AND need.kinds <> ['body_of']
  }
MATCH (atom)-[:DEFINES]->(symbol)
WHERE symbol.name = atom.name
RETURN DISTINCT atom.atom_id AS atom_id, atom.qualified_name AS name, atom.kind AS kind, atom.path AS path,
       atom.start_line AS start_line, symbol.exported AS exported
ORDER BY exported, path, start_line
LIMIT $limit

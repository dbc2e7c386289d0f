// answers: The dependencies from the atoms of some files.
// param plan_id: string = "shop" — the plan
// param paths: list<string> = ["a.py"] — the files
// returns: edges — lists of node id of the relationship, type, node ids of the atom that needs and the one needed, kinds, symbols, evidence, rule, confidence, type_only
// cost: grows with the dependencies
// access: read
// audience: service
UNWIND $paths AS path
MATCH (:File {plan_id: $plan_id, path: path})-[:CONTAINS]->(source:Atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(target)
RETURN collect([
  id(need), type(need), id(source), id(target), need.kinds, need.symbols, need.evidence, need.rule, need.confidence,
  need.type_only
]) AS edges

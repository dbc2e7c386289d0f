// answers: The dependencies of a plan, for a digest of the plan: all that does not depend on when and how it was made.
// param plan_id: string = "shop" — the plan
// returns: line — one JSON-like list a row
// cost: grows with the plan
// access: read
// audience: service
MATCH (source:Atom {plan_id: $plan_id})-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(target)
RETURN [
  type(need), source.atom_id, target.atom_id, need.kinds, need.symbols, need.evidence, need.rule, need.confidence,
  need.weight, need.type_only, need.cut, need.cut_reason
] AS line

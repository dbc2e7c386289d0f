// answers: What a plan refers to outside itself, for a digest of the plan: all that does not depend on when and how it was made.
// param plan_id: string = "shop" — the plan
// returns: line — one JSON-like list a row
// cost: grows with the plan
// access: read
// audience: service
MATCH (external:External {plan_id: $plan_id})
WHERE external.ecosystem IS NOT NULL AND external.name IS NOT NULL
OPTIONAL MATCH (external)<-[refers:REFERS_TO]-(atom)
RETURN [external.ecosystem, external.name, atom.atom_id, refers.symbols, refers.evidence] AS line

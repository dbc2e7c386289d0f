// answers: The atoms of a plan with their place, wave and cycle, for a digest of the plan: all that does not depend on when and how it was made.
// param plan_id: string = "shop" — the plan
// returns: line — one JSON-like list a row
// cost: grows with the plan
// access: read
// audience: service
MATCH (:Plan {plan_id: $plan_id})-[:HAS_FILE]->(file:File)-[:CONTAINS]->(atom:Atom)
RETURN [
  file.path, atom.path, atom.atom_id, atom.atom_number, atom.name, atom.qualified_name, atom.kind, atom.node_type, atom.language,
  atom.start_byte, atom.end_byte, atom.start_line, atom.end_line, atom.loc, atom.complexity, atom.indivisible, atom.code,
  atom.signature, atom.docstring, atom.content_hash, atom.status, atom.wave, atom.cycle_id,
  [(atom)-[:IN_WAVE]->(wave) | wave.number], [(atom)-[:IN_CYCLE]->(cycle) | cycle.cycle_id],
  [(atom)-[:NEXT]->(next) | next.atom_id]
] AS line
